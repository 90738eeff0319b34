import ChatTemplates
import LanguageModel

/// Conversation + template → the exact prompt.
public struct PromptComposer: Sendable {
    /// Tokens without which a reply is not worth beginning.
    public static let smallestReplyRoom = 16

    let model: LoadedModel
    let tokenizer: any Tokenizer

    /// - Throws: ``EngineError/noTokenizer(model:)``.
    public init(model: LoadedModel) throws {
        guard let tokenizer = model.tokenizer else {
            throw EngineError.noTokenizer(model: model.info.name)
        }
        self.model = model
        self.tokenizer = tokenizer
    }

    /// Composes the prompt of a reply.
    ///
    /// The template's input pattern goes around the last user message; earlier ones stand as
    /// they were sent. System text is the conversation's own (`systemText`), else the
    /// template's, else that of the path. Where the context is full, the oldest turns are left
    /// out, a user's with the replies to it; system text, examples and the last turn stay.
    ///
    /// - Parameters:
    ///   - path: messages from the root to the one to answer, or with `continues` to the reply
    ///     to go on with.
    ///   - maxTokens: tokens wanted for the reply.
    /// - Throws: ``EngineError/contextTooSmall(needed:context:)``, errors of the template and
    ///   of the chat template.
    public func compose(
        path: [Message], template: Template, systemText: String? = nil,
        variables: [String: String] = [:], maxTokens: Int, continues: Bool = false
    ) throws -> ComposedPrompt {
        var path = path
        var prefix: String?
        if continues {
            guard let cut = path.popLast(), cut.role == .assistant else {
                throw EngineError.nothingToAnswer
            }
            prefix = cut.text
        }
        guard let last = path.lastIndex(where: { $0.role == .user }) else {
            throw EngineError.nothingToAnswer
        }
        let filled = try template.filled(input: path[last].text, variables: variables)
        let inPath = path.filter { $0.role == .system }.map(\.text).joined(separator: "\n\n")
        let source = PromptSource(
            system: systemText ?? filled.system ?? (inPath.isEmpty ? nil : inPath),
            examples: filled.examples,
            turns: path.indices.filter { path[$0].role != .system }.map { index in
                let message = path[index]
                let text = index == last ? filled.input : message.renderedText ?? message.text
                return PromptSource.Turn(role: message.role, text: text, messages: [message.id])
            },
            prefix: prefix)

        let layout: any PromptLayout
        switch template.mode {
        case .plain:
            layout = PlainLayout(tokenizer: tokenizer)
        case .chat:
            guard let renderer = model.chatRenderer else {
                if let problem = model.chatTemplateProblem {
                    throw EngineError.chatTemplate(model: model.info.name, reason: problem)
                }
                throw EngineError.noChatTemplate(model: model.info.name)
            }
            layout = ChatLayout(renderer: renderer, model: model.info.name)
        }
        let (kept, dropped) = try fit(source, layout, maxTokens: maxTokens)
        let laid = try layout.lay(kept)
        var notes = laid.notes
        let ids = encode(laid.prompt, layout)
        if !dropped.isEmpty {
            let count = dropped.count == 1 ? "oldest message" : "\(dropped.count) oldest messages"
            notes.append(
                "The context of \(model.contextLength) tokens is full: the \(count) "
                    + (dropped.count == 1 ? "was" : "were") + " left out.")
        }
        return ComposedPrompt(
            prompt: laid.prompt, ids: ids,
            parts: try parts(kept, layout, total: ids.count),
            contextLength: model.contextLength,
            replyRoom: min(maxTokens, model.contextLength - ids.count), dropped: dropped,
            notes: notes, stop: layout.stop,
            renderedInput: filled.input == path[last].text ? nil : filled.input, prefix: prefix)
    }

    private func encode(_ prompt: PromptText, _ layout: any PromptLayout) -> [TokenID] {
        let ids = tokenizer.encode(prompt)
        // A chat template writes its own BOS where the model wants one.
        return layout.isPlain ? tokenizer.specialTokens.afterBOS(ids) : ids
    }

    private func count(_ source: PromptSource, _ layout: any PromptLayout) throws -> Int {
        encode(try layout.lay(source).prompt, layout).count
    }

    /// Leaves out the fewest oldest turns so that prompt and reply fit.
    private func fit(
        _ source: PromptSource, _ layout: any PromptLayout, maxTokens: Int
    ) throws -> (PromptSource, dropped: [Int64]) {
        let reserve = min(maxTokens, max(Self.smallestReplyRoom, model.contextLength / 4))
        let limit = model.contextLength - reserve
        // Turns may be cut before any user's turn, the last one stays.
        var cuts = source.turns.indices.filter { source.turns[$0].role == .user }
        if cuts.first != 0 { cuts.insert(0, at: 0) }
        // A conversation of thousands of turns is not rendered to see that it is too long:
        // tokens longer than 16 bytes on average do not occur in text.
        var bytes = source.turns.reduce(0) { $0 + $1.text.utf8.count }
        var low = 0
        while low < cuts.count - 1, bytes > limit * 16 {
            for index in cuts[low]..<cuts[low + 1] { bytes -= source.turns[index].text.utf8.count }
            low += 1
        }
        var high = cuts.count - 1
        if try count(source.cut(from: cuts[low]), layout) <= limit {
            high = low
        } else {
            while low < high {
                let middle = (low + high) / 2
                if try count(source.cut(from: cuts[middle]), layout) <= limit {
                    high = middle
                } else {
                    low = middle + 1
                }
            }
        }
        let kept = source.cut(from: cuts[high])
        if high == cuts.count - 1 {
            let needed = try count(kept, layout) + Self.smallestReplyRoom
            guard needed <= model.contextLength else {
                throw EngineError.contextTooSmall(needed: needed, context: model.contextLength)
            }
        }
        return (kept, source.turns[..<cuts[high]].flatMap(\.messages))
    }

    private func parts(
        _ source: PromptSource, _ layout: any PromptLayout, total: Int
    ) throws -> ComposedPrompt.Parts {
        var parts = ComposedPrompt.Parts()
        if !source.examples.isEmpty {
            var without = source
            without.examples = []
            parts.examples = max(0, total - (try count(without, layout)))
        }
        parts.system = min(max(0, layout.systemTokens(source.system, tokenizer)), total)
        parts.examples = min(parts.examples, total - parts.system)
        parts.turns = total - parts.system - parts.examples
        return parts
    }
}
