import LanguageModel

extension LoadedModel {
    /// The parts of a loaded model; its chat template is compiled here. One that cannot be
    /// read leaves the model usable for plain text.
    public init(_ model: Model) {
        var renderer: (any ChatRenderer)?
        var problem: String?
        do {
            renderer = try model.tokenizer.map {
                try ChatFormat(source: model.chatTemplateSource, tokenizer: $0)
            }
        } catch {
            problem = error.sentence
        }
        self.init(
            info: model.info, contextLength: model.contextLength, tokenizer: model.tokenizer,
            chatRenderer: renderer,
            chatTemplateHash: model.chatTemplateSource.map { SHA256.hexDigest(of: $0) },
            chatTemplateProblem: problem, model: model)
    }
}
