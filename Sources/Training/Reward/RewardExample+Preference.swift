import Engine
import LanguageModel

extension RewardExample {
    /// A preference item as one model reads it.
    ///
    /// The prompt's ids are the recorded ones where this model made them, else the model's
    /// chat template makes them of the messages. Every reply ends with the end-of-turn token.
    /// - Parameters:
    ///   - source: name of the data, for the card.
    ///   - isWhole: for reward models that read whole conversations: the prompt is empty, and
    ///     each reply is the conversation that it finishes.
    /// - Throws: ``EngineError`` where the model has no tokenizer or its chat template refuses.
    public init(
        _ item: PreferenceItem, source: String, model: LoadedModel, isWhole: Bool = false
    ) throws {
        let judgements = item.preferences.map {
            Judgement(first: $0.better, second: $0.worse, target: $0.isTie ? 0.5 : 1)
        }
        let lengths = item.replies.map(\.text.count)
        if isWhole {
            self.init(
                promptKey: item.promptKey, source: source, prompt: [],
                replies: try item.replies.map {
                    try model.conversationIDs(item.prompt, reply: $0.text, isPlain: item.isPlain)
                }, lengths: lengths, judgements: judgements)
            return
        }
        guard let tokenizer = model.tokenizer else {
            throw EngineError.noTokenizer(model: model.info.name)
        }
        let prompt: [TokenID]
        if let ids = item.promptIDs, item.modelFingerprint == model.info.fingerprint {
            prompt = ids
        } else if item.isPlain {
            prompt = tokenizer.encode(item.prompt.map(\.content).joined(separator: "\n\n"))
        } else {
            prompt = try model.promptIDs(of: item.prompt)
        }
        let isSameModel = item.modelFingerprint == model.info.fingerprint
        self.init(
            promptKey: item.promptKey, source: source, prompt: prompt,
            replies: item.replies.map { reply in
                let sampled = isSameModel ? reply.ids : nil
                return model.normalized(
                    reply: sampled ?? tokenizer.encode(reply.text), endsTurn: true)
            },
            lengths: lengths, judgements: judgements)
    }
}
