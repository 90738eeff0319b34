import LanguageModel

/// Chooses the form of texts for training by what the model makes of it without any: the one
/// after which it most often finds the label of a training text, its bias towards a label
/// divided out. What it can nearly say already is what a head finds most easily.
public struct TextFormSearch {
    /// Questions that suit much of what people sort.
    public static let forms = [
        ("Review: ", "Sentiment"), ("Text: ", "Topic"), ("Question: ", "Type"),
        ("Message: ", "Category"), ("Text: ", "Label"),
    ].map { TextForm(before: $0, after: "\n\($1):") }

    public struct Choice: Sendable, Equatable {
        public var form: TextForm
        /// Of the labels that the model would have written after it; nil where it is
        /// ``TextForm/plain`` because none was better than naming the most frequent label.
        public var accuracy: Double?
    }

    /// Training texts that are asked about at most, and their tokens.
    public var most = 200
    public var maxTokens = 256
    public var seed: UInt64 = 0

    public init() {}

    /// - Parameter score: log-probabilities of each label's tokens after a prompt.
    public func choose(
        _ texts: [LabeledText], tokenizer: any Tokenizer,
        score: (_ labels: [[TokenID]], _ prompt: [TokenID]) throws -> [[Float]]
    ) throws -> Choice {
        let labels = try LabeledText.labels(texts, needed: 1)
        var order = Array(texts.indices)
        var random = SplitMix64(seed: seed)
        random.shuffle(&order)
        let asked = order.prefix(most).map { texts[$0] }
        let truth = asked.map { labels.firstIndex(of: $0.label)! }
        let mostFrequent = labels.indices.map { label in truth.count { $0 == label } }.max() ?? 0
        let share = Double(mostFrequent) / Double(max(1, truth.count))
        // Two standard errors above what needs no model.
        let margin = 2 * (share * (1 - share) / Double(max(1, truth.count))).squareRoot()
        var best = Choice(form: .plain, accuracy: nil)
        let written = labels.map { tokenizer.encode(" " + $0) }
        for form in Self.forms {
            var likelihood = LabelLikelihood(labels: written)
            try likelihood.calibrate(
                LabelLikelihood.contentFree.map { form.ids($0, with: tokenizer) }, score: score)
            let probabilities = try asked.map {
                try Task.checkCancellation()
                return try likelihood.probabilities(
                    form.ids($0.text, with: tokenizer, maxTokens: maxTokens), score: score)
            }
            let found = ClassifierEvaluation(probabilities: probabilities, truth: truth).accuracy
            if found > best.accuracy ?? (share + margin) {
                best = Choice(form: form, accuracy: found)
            }
        }
        return best
    }
}
