import Engine

/// Agreement on the judgements of one data source.
public struct SourceEvaluation: Sendable, Equatable {
    /// ``RewardExample/source``.
    public var source: String
    public var evaluation: RewardEvaluation
}

extension RewardEvaluation {
    /// Agreement source by source, in the order of their names.
    ///
    /// - Parameters:
    ///   - comparisons: rows count the replies of all examples, one after another.
    ///   - margins: score of the first less that of the second reply, a comparison.
    public static func bySource(
        _ examples: [RewardExample], comparisons: [Comparison], margins: [Double]
    ) -> [SourceEvaluation] {
        let sources = examples.flatMap { example in example.replies.map { _ in example.source } }
        let lengths = examples.flatMap(\.lengths)
        let places = Dictionary(grouping: comparisons.indices) { sources[comparisons[$0].first] }
        return places.sorted { $0.key < $1.key }.map { source, places in
            let own = places.map { comparisons[$0] }
            return SourceEvaluation(
                source: source,
                evaluation: RewardEvaluation(
                    comparisons: own, margins: places.map { margins[$0] },
                    lengthMargins: own.map { lengths[$0.first] - lengths[$0.second] },
                    replies: []))
        }
    }

    /// The same for scores, reply by reply.
    public static func bySource(_ examples: [RewardExample], scores: [Double]) throws
        -> [SourceEvaluation]
    {
        let comparisons = try RewardTable(examples).comparisons
        return bySource(
            examples, comparisons: comparisons,
            margins: comparisons.map { scores[$0.first] - scores[$0.second] })
    }
}

extension [SourceEvaluation] {
    /// For the card of a model that learnt from several sources, with the weights that they had.
    func notes(of examples: [RewardExample]) -> [String] {
        guard count > 1 else { return [] }
        var notes = [
            "Held-out accuracy by source: "
                + map {
                    "\($0.source) \($0.evaluation.accuracy.rounded(toDecimals: 3)) "
                        + "of \($0.evaluation.pairs) pairs"
                }.joined(separator: ", ") + "."
        ]
        var weights: [String: Double] = [:]
        for example in examples { weights[example.source] = example.weight }
        if Set(weights.values) != [1] {
            notes.append(
                "Weights of the sources: "
                    + weights.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
                    .joined(separator: ", ") + ".")
        }
        return notes
    }
}

extension Double {
    fileprivate func rounded(toDecimals count: Int) -> Double {
        let scale = (0..<count).reduce(1.0) { scale, _ in scale * 10 }
        return (self * scale).rounded() / scale
    }
}
