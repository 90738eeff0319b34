import LanguageModel

/// Renders messages as the model was trained to read them.
public protocol ChatRenderer: Sendable {
    /// Text of the messages; with `addGenerationPrompt` the beginning of the assistant's turn.
    func render(_ messages: [ChatMessage], addGenerationPrompt: Bool) throws -> PromptText
}

/// What may be known of a loaded model from any thread: everything but the forward pass.
public struct LoadedModel: Sendable {
    public var info: ModelInfo
    /// Tokens of context in use.
    public var contextLength: Int
    public var tokenizer: (any Tokenizer)?
    /// Nil where the model has none.
    public var chatRenderer: (any ChatRenderer)?
    /// SHA-256 of the chat template's text.
    public var chatTemplateHash: String?
    /// The weights, for trainers; nil in tests.
    public var model: Model?

    public init(
        info: ModelInfo, contextLength: Int, tokenizer: (any Tokenizer)?,
        chatRenderer: (any ChatRenderer)?, chatTemplateHash: String?, model: Model? = nil
    ) {
        self.info = info
        self.contextLength = contextLength
        self.tokenizer = tokenizer
        self.chatRenderer = chatRenderer
        self.chatTemplateHash = chatTemplateHash
        self.model = model
    }
}
