import Engine

extension RewardEvaluation {
    /// Scores the replies of examples and judges the scores. The prompt of an example is read
    /// once for all of its replies.
    ///
    /// - Throws: ``TrainingError/noComparisons(dropped:)`` where nothing is compared.
    public static func scoring(
        _ examples: [RewardExample], with reward: any RewardModel,
        source: any HiddenStateSource, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> RewardEvaluation {
        try scoring(
            examples, scores: scores(of: examples, with: reward, source: source, progress: progress)
        )
    }

    /// The same for scores that are known, reply by reply.
    public static func scoring(_ examples: [RewardExample], scores: [Double]) throws
        -> RewardEvaluation
    {
        let table = try RewardTable(examples)
        var replies: [Reply] = []
        for (number, example) in examples.enumerated() {
            for length in example.lengths {
                replies.append(
                    Reply(
                        prompt: table.prompts[number], score: scores[replies.count],
                        length: length))
            }
        }
        return RewardEvaluation(replies: replies, comparisons: table.comparisons)
    }

    /// Scores of the replies of examples, one after another.
    public static func scores(
        of examples: [RewardExample], with reward: any RewardModel,
        source: any HiddenStateSource, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> [Double] {
        var scores: [Double] = []
        for (done, example) in examples.enumerated() {
            try Task.checkCancellation()
            scores += try reward.score(
                prompt: example.prompt, replies: example.replies, with: source)
            progress(done + 1, examples.count)
        }
        return scores
    }
}

extension PairedComparison {
    /// Two models' scores of the same replies.
    public init(_ examples: [RewardExample], first: [Double], second: [Double]) throws {
        self.init(
            comparisons: try RewardTable(examples).comparisons, first: first, second: second)
    }
}
