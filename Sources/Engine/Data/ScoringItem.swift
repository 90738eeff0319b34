import ChatTemplates
import Foundation
import JSON
import LanguageModel

/// Replies that a reward model is to score: a line of JSON.
///
/// `{"messages"}` ends with the reply; `{"chosen", "rejected"}` in the forms of
/// ``PreferenceReader``; `{"prompt", "completions"}`; and `{"ids"}`, a whole conversation as
/// token ids.
public struct ScoringItem: Sendable, Equatable {
    /// What the line asked for, and so what the answer looks like.
    public enum Shape: Sendable { case single, pair, list }

    public var shape: Shape
    public var prompt: [ChatMessage]
    /// Data without roles: prompt and replies are plain text.
    public var isPlain: Bool
    /// The chosen reply first.
    public var replies: [String]
    /// The whole conversation, in place of prompt and replies.
    public var ids: [TokenID]?

    public init(
        shape: Shape, prompt: [ChatMessage], isPlain: Bool, replies: [String],
        ids: [TokenID]? = nil
    ) {
        self.shape = shape
        self.prompt = prompt
        self.isPlain = isPlain
        self.replies = replies
        self.ids = ids
    }

    /// - Throws: ``EngineError/invalidFile(path:line:reason:)`` for the first line that is
    ///   none of these.
    public static func read(contentsOf path: String) throws -> [ScoringItem] {
        guard let data = FileManager.default.contents(atPath: Paths.expand(path)) else {
            throw EngineError.file(path: path, reason: "the file cannot be read")
        }
        return try JSONLines(data, path: path).map { number, line in
            try item(
                line, PreferenceReader.LineContext(path: path, line: number, origin: ""))
        }
    }

    private static func item(
        _ line: JSONValue, _ context: PreferenceReader.LineContext
    ) throws -> ScoringItem {
        if let list = line["ids"] {
            let ids = list.array?.compactMap { $0.int.flatMap(TokenID.init(exactly:)) } ?? []
            guard let count = list.array?.count, count > 0, ids.count == count else {
                throw context.error("ids is not a list of token ids")
            }
            return ScoringItem(shape: .single, prompt: [], isPlain: false, replies: [], ids: ids)
        }
        if line["chosen"] != nil || line["rejected"] != nil {
            let pair = try PreferenceReader.pair(line, context)
            return ScoringItem(
                shape: .pair, prompt: pair.prompt, isPlain: pair.isPlain,
                replies: pair.replies.map(\.text))
        }
        if let completions = line["completions"] {
            guard let list = completions.array, !list.isEmpty else {
                throw context.error("completions is not a list of replies")
            }
            let (prompt, isPlain) = try PreferenceReader.messages(
                line["prompt"], "prompt", context)
            return ScoringItem(
                shape: .list, prompt: prompt, isPlain: isPlain,
                replies: try list.map { try PreferenceReader.text(of: $0, "completions", context) })
        }
        guard line["messages"] != nil else {
            throw context.error(
                "messages, chosen and rejected, prompt and completions, or ids are expected")
        }
        let (messages, _) = try PreferenceReader.messages(line["messages"], "messages", context)
        guard let reply = messages.last, reply.role == "assistant" else {
            throw context.error("messages has to end with an assistant's, which is scored")
        }
        return ScoringItem(
            shape: .single, prompt: messages.dropLast(), isPlain: false, replies: [reply.content])
    }

    /// Whole conversations, for reward models that read those.
    public func conversations(for model: LoadedModel) throws -> [[TokenID]] {
        if let ids { return [ids] }
        return try replies.map {
            try model.conversationIDs(prompt, reply: $0, isPlain: isPlain)
        }
    }

    /// Prompt and replies as the model reads them, replies without an end-of-turn token.
    public func tokens(for model: LoadedModel) throws -> (prompt: [TokenID], replies: [[TokenID]]) {
        if let ids { return (Array(ids.prefix(1)), [Array(ids.dropFirst())]) }
        guard let tokenizer = model.tokenizer else {
            throw EngineError.noTokenizer(model: model.info.name)
        }
        let prompt =
            isPlain
            ? tokenizer.encode(prompt.map(\.content).joined(separator: "\n\n"))
            : try model.promptIDs(of: prompt)
        return (prompt, replies.map { tokenizer.encode($0) })
    }
}
