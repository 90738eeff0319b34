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
    var notes: [String] = []

    /// Joins turns of one role that follow each other: many chat templates refuse them.
    mutating func mergeNeighbours() {
        var merged: [Turn] = []
        for turn in turns {
            if let last = merged.last, last.role == turn.role {
                merged[merged.count - 1].text += "\n\n" + turn.text
                merged[merged.count - 1].messages += turn.messages
            } else {
                merged.append(turn)
            }
        }
        turns = merged
    }

    func cut(from index: Int) -> PromptSource {
        var copy = self
        copy.turns.removeFirst(index)
        return copy
    }
}

/// How a source becomes text.
protocol PromptLayout {
    var isPlain: Bool { get }
    func lay(_ source: PromptSource) throws -> (prompt: PromptText, notes: [String])
    /// Tokens of the system part alone.
    func systemTokens(_ system: String?, _ tokenizer: any Tokenizer) -> Int
}

/// The text itself, for base models and for going on with a text.
struct PlainLayout: PromptLayout {
    let tokenizer: any Tokenizer
    var isPlain: Bool { true }

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

    func lay(_ source: PromptSource) throws -> (prompt: PromptText, notes: [String]) {
        var messages: [ChatMessage] = []
        if let system = source.system {
            messages.append(ChatMessage(role: "system", content: system))
        }
        for example in source.examples {
            messages.append(ChatMessage(role: "user", content: example.user))
            messages.append(ChatMessage(role: "assistant", content: example.assistant))
        }
        if source.turns.first?.role == .assistant {
            // A conversation that begins with a reply: chat templates want a user's turn first.
            messages.append(ChatMessage(role: "user", content: ""))
        }
        messages += source.turns.map { ChatMessage(role: $0.role.rawValue, content: $0.text) }
        var (prompt, notes) = try render(messages)
        if let prefix = source.prefix { prompt.append(prefix, isTrusted: false) }
        return (prompt, notes)
    }

    /// Renders, and where the chat template refuses a system message puts its text before the
    /// first user's.
    private func render(_ messages: [ChatMessage]) throws -> (prompt: PromptText, notes: [String]) {
        do {
            return (try renderer.render(messages, addGenerationPrompt: true), [])
        } catch {
            let failure = EngineError.chatTemplate(model: model, reason: error.sentence)
            guard let system = messages.first, system.role == "system", messages.count > 1 else {
                throw failure
            }
            var rest = Array(messages.dropFirst())
            rest[0].content = system.content + "\n\n" + rest[0].content
            guard let prompt = try? renderer.render(rest, addGenerationPrompt: true) else {
                throw failure
            }
            return (
                prompt,
                [
                    "The chat template of \(model) has no system text: it was put before the "
                        + "first message."
                ]
            )
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
