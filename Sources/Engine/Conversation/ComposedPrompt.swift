import ChatTemplates
import LanguageModel

/// The exact prompt of a reply, and what it is made of.
public struct ComposedPrompt: Sendable, Equatable {
    /// Token counts by part. They add up to the count of ``ComposedPrompt/ids``.
    public struct Parts: Sendable, Equatable {
        /// System text, with the chat template's own words around it.
        public var system = 0
        /// Few-shot examples.
        public var examples = 0
        /// The conversation's turns and the opening of the reply.
        public var turns = 0

        public init() {}
        public var total: Int { system + examples + turns }
    }

    public var prompt: PromptText
    public var ids: [TokenID]
    public var parts: Parts
    /// Tokens of context in use.
    public var contextLength: Int
    /// Tokens the reply may have: what was asked for, or what is left.
    public var replyRoom: Int
    /// Messages left out because the context is full, the oldest first.
    public var dropped: [Int64]
    /// Sentences for the person: what was left out, what was merged.
    public var notes: [String]
    /// Texts that end a reply in the model's chat format, besides its own end tokens.
    public var stop: [String]
    /// The user's text after the template's input pattern, where it differs.
    public var renderedInput: String?
    /// The reply's beginning that was given, for a continued reply.
    public var prefix: String?
}
