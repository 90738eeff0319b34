import ChatTemplates
import LanguageModel

/// Renders messages as the model was trained to read them.
public protocol ChatRenderer: Sendable {
    /// Text of the messages; with `addGenerationPrompt` the beginning of the assistant's turn.
    func render(_ messages: [ChatMessage], addGenerationPrompt: Bool) throws -> PromptText
    /// The same, with what had to be done to the messages.
    func renderChat(_ messages: [ChatMessage], addGenerationPrompt: Bool) throws -> RenderedChat
    /// Texts that end a reply besides the model's own end tokens.
    var stopStrings: [String] { get }
    /// Said to the person once, where the model has no template of its own.
    var note: String? { get }
}

extension ChatRenderer {
    public func renderChat(
        _ messages: [ChatMessage], addGenerationPrompt: Bool
    ) throws -> RenderedChat {
        RenderedChat(prompt: try render(messages, addGenerationPrompt: addGenerationPrompt))
    }

    public var stopStrings: [String] { [] }
    public var note: String? { nil }
}

extension ChatFormat: ChatRenderer {
    public func render(_ messages: [ChatMessage], addGenerationPrompt: Bool) throws -> PromptText {
        try renderChat(messages, addGenerationPrompt: addGenerationPrompt).prompt
    }

    public func renderChat(
        _ messages: [ChatMessage], addGenerationPrompt: Bool
    ) throws -> RenderedChat {
        try render(messages: messages, addGenerationPrompt: addGenerationPrompt)
    }
}

/// What may be known of a loaded model from any thread: everything but the forward pass.
public struct LoadedModel: Sendable {
    public var info: ModelInfo
    /// Tokens of context in use.
    public var contextLength: Int
    public var tokenizer: (any Tokenizer)?
    /// Nil where the model has no tokenizer, or a chat template that cannot be read.
    public var chatRenderer: (any ChatRenderer)?
    /// Why the model's chat template cannot be read.
    public var chatTemplateProblem: String?
    /// SHA-256 of the chat template's text.
    public var chatTemplateHash: String?
    /// The weights, for trainers; nil in tests.
    public var model: Model?
    /// The token that ends an assistant's turn in the chat template, else EOS.
    public let endOfTurn: TokenID?

    public init(
        info: ModelInfo, contextLength: Int, tokenizer: (any Tokenizer)?,
        chatRenderer: (any ChatRenderer)?, chatTemplateHash: String?,
        chatTemplateProblem: String? = nil, model: Model? = nil
    ) {
        self.info = info
        self.contextLength = contextLength
        self.tokenizer = tokenizer
        self.chatRenderer = chatRenderer
        self.chatTemplateHash = chatTemplateHash
        self.chatTemplateProblem = chatTemplateProblem
        self.model = model
        endOfTurn = Self.endOfTurn(tokenizer, chatRenderer)
    }

    private static func endOfTurn(
        _ tokenizer: (any Tokenizer)?, _ renderer: (any ChatRenderer)?
    ) -> TokenID? {
        guard let tokenizer else { return nil }
        let special = tokenizer.specialTokens
        let turn = [
            ChatMessage(role: "user", content: "x"), ChatMessage(role: "assistant", content: "x"),
        ]
        let prompt = try? renderer?.render(turn, addGenerationPrompt: false)
        let ids = prompt.map { tokenizer.encode($0) } ?? []
        return ids.last { special.endOfGeneration.contains($0) || $0 == special.eos } ?? special.eos
    }

    /// A reply's ids as reward heads read them: without the end-of-generation tokens that a
    /// complete reply has and a cut one lacks, or with exactly one.
    public func normalized(reply: [TokenID], endsTurn: Bool) -> [TokenID] {
        guard let special = tokenizer?.specialTokens else { return reply }
        var ids = reply
        while let last = ids.last, special.endOfGeneration.contains(last) || last == special.eos {
            ids.removeLast()
        }
        if endsTurn, let endOfTurn { ids.append(endOfTurn) }
        return ids
    }

    /// Ids of a finished conversation as transformers' reward models read it: the chat
    /// template's rendering of messages and reply together, or the plain texts where there are
    /// no roles or no chat template.
    public func conversationIDs(_ messages: [ChatMessage], reply: String, isPlain: Bool) throws
        -> [TokenID]
    {
        guard let tokenizer else { throw EngineError.noTokenizer(model: info.name) }
        if !isPlain, let chatRenderer {
            return tokenizer.encode(
                try chatRenderer.render(
                    messages + [ChatMessage(role: "assistant", content: reply)],
                    addGenerationPrompt: false))
        }
        let text =
            isPlain
            ? messages.map(\.content).joined(separator: "\n\n") + reply
            : (messages.map(\.content) + [reply]).joined(separator: "\n\n")
        // Plain data may have been laid out by a chat template already.
        return tokenizer.specialTokens.afterBOS(tokenizer.encode(text, parseSpecial: isPlain))
    }

    /// Ids of a prompt of messages with the reply's opening, as rewards are trained on; without
    /// a chat template the plain texts. No template of ours, nothing left out.
    public func promptIDs(of messages: [ChatMessage]) throws -> [TokenID] {
        guard let tokenizer else { throw EngineError.noTokenizer(model: info.name) }
        guard let chatRenderer else {
            return tokenizer.specialTokens.afterBOS(
                tokenizer.encode(messages.map(\.content).joined(separator: "\n\n")))
        }
        let layout = ChatLayout(renderer: chatRenderer, model: info.name)
        var source = PromptSource(system: nil, examples: [], turns: [])
        for message in messages {
            if message.role == "system" {
                source.system = (source.system.map { $0 + "\n\n" } ?? "") + message.content
            } else {
                source.turns.append(
                    .init(
                        role: message.role == "assistant" ? .assistant : .user,
                        text: message.content, messages: []))
            }
        }
        return tokenizer.encode(try layout.lay(source).prompt)
    }
}
