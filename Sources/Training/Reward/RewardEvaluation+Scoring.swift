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
        let table = try RewardTable(examples)
        var replies: [Reply] = []
        for (done, example) in examples.enumerated() {
            try Task.checkCancellation()
            let scores = try reward.score(
                prompt: example.prompt, replies: example.replies, with: source)
            for (score, length) in zip(scores, example.lengths) {
                replies.append(Reply(prompt: table.prompts[done], score: score, length: length))
            }
            progress(done + 1, examples.count)
        }
        return RewardEvaluation(replies: replies, comparisons: table.comparisons)
    }
}
