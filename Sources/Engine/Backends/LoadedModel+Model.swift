import LanguageModel

extension LoadedModel {
    /// The parts of a loaded model; its chat template is compiled here.
    public init(_ model: Model) throws {
        self.init(
            info: model.info, contextLength: model.contextLength, tokenizer: model.tokenizer,
            chatRenderer: nil,
            chatTemplateHash: model.chatTemplateSource.map { SHA256.hex(of: $0) }, model: model)
    }
}
