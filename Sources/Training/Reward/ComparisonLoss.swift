/// The loss of a set of comparisons between scores, and its gradient.
///
/// L = Σ w · −[t log σ(Δ) + (1 − t) log σ(−Δ)] / W, with Δ = score of first − second; with a
/// centring c also + c · Σ w (first + second)² / W, which holds scores near 0 (TRL's
/// `center_rewards_coefficient`).
struct ComparisonLoss {
    /// W: the weight of the whole step, which may be larger than that of these comparisons.
    var totalWeight: Double
    var centering = 0.0

    /// - Returns: the loss, and its derivative by each score.
    func evaluate(_ comparisons: [Comparison], scores: [Double]) -> (loss: Double, slopes: [Double])
    {
        var slopes = [Double](repeating: 0, count: scores.count)
        var loss = 0.0
        for item in comparisons {
            let weight = item.weight / totalWeight
            let margin = scores[item.first] - scores[item.second]
            loss += weight * ((1 - item.target) * margin - logSigmoid(margin))
            let slope = weight * (sigmoid(margin) - item.target)
            slopes[item.first] += slope
            slopes[item.second] -= slope
            if centering > 0 {
                let sum = scores[item.first] + scores[item.second]
                loss += weight * centering * sum * sum
                slopes[item.first] += 2 * weight * centering * sum
                slopes[item.second] += 2 * weight * centering * sum
            }
        }
        return (loss, slopes)
    }
}
