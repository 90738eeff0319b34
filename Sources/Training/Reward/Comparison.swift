/// One judgement between two replies to a prompt.
public struct Comparison: Sendable, Equatable {
    /// Index of the prompt; splits and intervals go by it.
    public var prompt: Int
    /// Rows of the two replies in whatever table they belong to.
    public var first: Int
    public var second: Int
    /// Probability that the first is the better: 1, 0, or ½ for a tie.
    public var target: Double
    /// Share of this comparison in the loss. The comparisons of one prompt share its weight,
    /// as in InstructGPT, where all pairs of a prompt are one element of the batch.
    public var weight: Double

    public init(prompt: Int, first: Int, second: Int, target: Double, weight: Double = 1) {
        self.prompt = prompt
        self.first = first
        self.second = second
        self.target = target
        self.weight = weight
    }

    public var isTie: Bool { target == 0.5 }

    /// Scales weights so that each prompt's comparisons sum to the prompt's own weight (1 where
    /// none is given).
    public static func balanced(_ comparisons: [Comparison], promptWeights: [Double]? = nil)
        -> [Comparison]
    {
        var sums: [Int: Double] = [:]
        for item in comparisons { sums[item.prompt, default: 0] += item.weight }
        return comparisons.map { item in
            var item = item
            let whole = promptWeights.map { $0[item.prompt] } ?? 1
            if let sum = sums[item.prompt], sum > 0 { item.weight *= whole / sum }
            return item
        }
    }
}

/// What to do with replies ranked equal.
public enum TieTreatment: String, Sendable, Codable, CaseIterable {
    /// Ties say nothing to the model.
    case skip
    /// −½[log σ(Δ) + log σ(−Δ)]: pulls tied replies together.
    case even
}
