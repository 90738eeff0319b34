/// Two reward models on the same judgements: is one better, or is it chance?
public struct PairedComparison: Sendable, Equatable, Codable {
    public var pairs: Int
    /// Pairs that only the first, and only the second model has right.
    public var onlyFirst: Int
    public var onlySecond: Int
    /// Shares of the pairs that each has right; equal scores count half.
    public var firstAccuracy: Double
    public var secondAccuracy: Double
    /// Accuracy of the first less that of the second.
    public var difference: Double { firstAccuracy - secondAccuracy }
    /// 95 % interval of ``difference``, bootstrapped by prompt.
    public var interval: ClosedRange<Double>?
    /// Two-sided exact McNemar test on the pairs where the models disagree: the probability of
    /// a split at least this uneven if both were equally good. Pairs of one prompt are taken as
    /// independent; with many pairs a prompt the interval is the safer guide.
    public var pValue: Double

    /// - Parameters:
    ///   - first: scores of one model, `second` those of the other, reply by reply.
    public init(
        comparisons: [Comparison], first: [Double], second: [Double],
        bootstrap: Bootstrap = Bootstrap()
    ) {
        precondition(first.count == second.count, "both models score the same replies")
        func margins(_ scores: [Double]) -> [Double] {
            comparisons.map { scores[$0.first] - scores[$0.second] }
        }
        self.init(
            comparisons: comparisons, firstMargins: margins(first),
            secondMargins: margins(second), bootstrap: bootstrap)
    }

    /// For margins (score of the first reply less that of the second, a comparison) that are not
    /// differences of one table of scores, as those of cross-validation.
    public init(
        comparisons: [Comparison], firstMargins: [Double], secondMargins: [Double],
        bootstrap: Bootstrap = Bootstrap()
    ) {
        precondition(
            firstMargins.count == comparisons.count && secondMargins.count == comparisons.count,
            "one margin a comparison")
        let places = comparisons.indices.filter { !comparisons[$0].isTie }
        let judged = places.map { comparisons[$0] }
        func correct(_ margins: [Double]) -> [Double] {
            places.map { place in
                RewardEvaluation.share(
                    margins[place] * (comparisons[place].target > 0.5 ? 1 : -1))
            }
        }
        let first = correct(firstMargins)
        let second = correct(secondMargins)
        let gains = zip(first, second).map { $0 - $1 }
        pairs = judged.count
        onlyFirst = gains.count { $0 > 0 }
        onlySecond = gains.count { $0 < 0 }
        firstAccuracy = first.reduce(0, +) / Double(max(1, pairs))
        secondAccuracy = second.reduce(0, +) / Double(max(1, pairs))
        let groups = PromptSums(judged.map(\.prompt), values: gains)
        interval = bootstrap.ratioInterval(values: groups.values, weights: groups.weights)
        pValue = Self.signTest(onlyFirst, onlySecond)
    }

    /// Two-sided exact binomial test at ½.
    static func signTest(_ a: Int, _ b: Int) -> Double {
        let count = a + b
        if count == 0 { return 1 }
        // log C(n, k) − n log 2, summed over the smaller tail.
        var logTerm = -Double(count) * logarithm(2)
        var tail = 0.0
        for k in 0...min(a, b) {
            if k > 0 { logTerm += logarithm(Double(count - k + 1) / Double(k)) }
            tail += exponential(logTerm)
        }
        return min(1, 2 * tail)
    }
}
