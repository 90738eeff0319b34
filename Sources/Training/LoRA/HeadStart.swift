/// What the head of an adapter begins as. The adapters begin without effect (B = 0) either way.
public enum HeadStart: String, Sendable, Codable, CaseIterable {
    /// The pairwise logistic fit on the frozen body's states: training begins at what a linear
    /// head on the body as it is can do, so that the first steps change the body for the better
    /// rather than find a head (linear probing, then fine-tuning: Kumar et al. 2022, arXiv
    /// 2202.10054).
    case fitted
    /// Normal with variance 1/(width + 1), as in InstructGPT.
    case random
}

extension LoRARewardTrainer {
    /// The linear head that orders replies best while the body is as it was, its penalty chosen
    /// by cross-validation over prompts; nil where there are too few comparisons for that.
    ///
    /// - Parameter parameters: with adapters that have no effect.
    func fittedHead(
        _ examples: [RewardExample], pass: RewardPass, parameters: FloatBuffer,
        onRead: (_ done: Int) -> Void
    ) throws -> [Float]? {
        guard let table = try? RewardTable(examples) else { return nil }
        let comparisons = table.comparisons(options.ties)
        guard Set(comparisons.map(\.prompt)).count >= 2 else { return nil }
        let width = pass.body.width
        var states: [Float] = []
        states.reserveCapacity(table.rowCount * width)
        for (done, example) in examples.enumerated() {
            try Task.checkCancellation()
            let (prompt, replies) = cut(example)
            var batch = TreeBatch()
            batch.append(prompt: prompt, replies: replies)
            states += pass.states(batch, parameters: parameters)
            onRead(done + 1)
        }
        var search = FeatureSearch.Options()
        search.seed = options.adapters.seed
        search.threads = threads
        let fit = try FeatureSearch(
            blocks: [.init(unit: 0, width: width, values: states)], comparisons: comparisons,
            options: search
        ).run()
        let standard = Standardization(values: states, width: width)
        return Self.centred(
            zip(fit.weights, standard.deviation).map { $0 / $1 }, standard: standard)
    }

    /// The head changed so that its mean score is 0, as it has no bias to hold one and the
    /// centring of rewards would pull at it: along the direction in which replies differ least
    /// for their mean, so that differences of scores change little.
    private static func centred(_ head: [Float], standard: Standardization) -> [Float] {
        let direction = zip(standard.mean, standard.deviation).map { $0 / ($1 * $1) }
        let along = zip(direction, standard.mean).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        guard along > 0 else { return head }
        let mean = zip(head, standard.mean).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        return zip(head, direction).map { $0 - Float(mean / along) * $1 }
    }
}
