import ChatTemplates
import LanguageModel

/// What a prompt is made from, before it is text.
struct PromptSource: Equatable {
    struct Turn: Equatable {
        var role: Role
        var text: String
        var messages: [Int64]
    }

    var system: String?
    var examples: [Template.Example]
    var turns: [Turn]
    /// Beginning of the reply.
    var prefix: String?

    func cut(from index: Int) -> PromptSource {
        var copy = self
        copy.turns.removeFirst(index)
        return copy
    }
}

/// How a source becomes text.
protocol PromptLayout {
    var isPlain: Bool { get }
    /// Texts that end a reply.
    var stop: [String] { get }
    func lay(_ source: PromptSource) throws -> (prompt: PromptText, notes: [String])
    /// Tokens of the system part alone.
    func systemTokens(_ system: String?, _ tokenizer: any Tokenizer) -> Int
}

/// The text itself, for base models and for going on with a text.
struct PlainLayout: PromptLayout {
    let tokenizer: any Tokenizer
    var isPlain: Bool { true }
    var stop: [String] { [] }

    func lay(_ source: PromptSource) -> (prompt: PromptText, notes: [String]) {
        var text = source.system.map { $0 + "\n\n" } ?? ""
        for example in source.examples { text += example.user + example.assistant + "\n\n" }
        for turn in source.turns {
            // A reply went on from the text before it; a person's next text begins a line.
            if turn.role == .user, let last = text.last, !last.isWhitespace,
                turn.text.first?.isWhitespace == false
            {
                text += "\n"
            }
            text += turn.text
        }
        text += source.prefix ?? ""
        return (PromptText(spans: [.init(text, isTrusted: false)]), [])
    }

    func systemTokens(_ system: String?, _ tokenizer: any Tokenizer) -> Int {
        system.map { tokenizer.encode($0 + "\n\n").count } ?? 0
    }
}

/// Messages through the model's chat template.
struct ChatLayout: PromptLayout {
    let renderer: any ChatRenderer
    let model: String
    var isPlain: Bool { false }
    var stop: [String] { renderer.stopStrings }

    func lay(_ source: PromptSource) throws -> (prompt: PromptText, notes: [String]) {
        var messages: [ChatMessage] = []
        if let system = source.system {
            messages.append(ChatMessage(role: "system", content: system))
        }
        for example in source.examples {
            messages.append(ChatMessage(role: "user", content: example.user))
            messages.append(ChatMessage(role: "assistant", content: example.assistant))
        }
        let head = messages.count
        messages += source.turns.map { ChatMessage(role: $0.role.rawValue, content: $0.text) }
        var chat: RenderedChat
        do {
            chat = try render(messages)
        } catch {
            // Some templates want a user's turn first: a conversation that begins with a reply
            // gets an empty one.
            guard source.turns.first?.role == .assistant else { throw error }
            messages.insert(ChatMessage(role: "user", content: ""), at: head)
            chat = try render(messages)
        }
        if let prefix = source.prefix { chat.prompt.append(prefix, isTrusted: false) }
        return (chat.prompt, chat.notes)
    }

    private func render(_ messages: [ChatMessage]) throws -> RenderedChat {
        do {
            return try renderer.renderChat(messages, addGenerationPrompt: true)
        } catch {
            throw EngineError.chatTemplate(model: model, reason: error.sentence)
        }
    }

    /// The system part is what stands before the first turn: the count of a one-turn prompt
    /// less the count of a turn, which is what one more turn adds to a longer prompt.
    func systemTokens(_ system: String?, _ tokenizer: any Tokenizer) -> Int {
        let user = ChatMessage(role: "user", content: "x")
        let assistant = ChatMessage(role: "assistant", content: "x")
        let head = system.map { [ChatMessage(role: "system", content: $0)] } ?? []
        func count(_ messages: [ChatMessage]) -> Int? {
            (try? renderer.render(messages, addGenerationPrompt: false)).map {
                tokenizer.encode($0).count
            }
        }
        guard let one = count(head + [user]), let two = count(head + [user, assistant]),
            let three = count(head + [user, assistant, user])
        else { return 0 }
        return one - (three - two)
    }
}
