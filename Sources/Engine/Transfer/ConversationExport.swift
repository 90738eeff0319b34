import ChatTemplates
import Foundation
import GRDB
import JSON
import LanguageModel

/// Forms a conversation can be written in.
public enum ConversationFormat: String, Sendable, CaseIterable {
    /// The selected path, for reading.
    case markdown
    /// The whole tree, a JSON object on one line; ``ConversationFile``
    /// reads it back.
    case jsonl
    /// The selected path as TRL's `{"messages": […]}`, one line.
    case messages
}

extension Store {
    /// A conversation as text; JSON forms end without a line's end.
    public func export(_ conversation: Int64, as format: ConversationFormat) throws -> String {
        let owner = try self.conversation(conversation)
        switch format {
        case .markdown: return Self.markdown(owner, try path(of: conversation))
        case .messages:
            var messages = try path(of: conversation)
                .map { ChatMessage(role: $0.role.rawValue, content: $0.text) }
            if let system = owner.systemText, messages.first?.role != "system" {
                messages.insert(ChatMessage(role: "system", content: system), at: 0)
            }
            return JSONValue.object(["messages": Self.json(messages)]).text
        case .jsonl: return Self.tree(owner, try allMessages(of: conversation))
        }
    }

    static func json(_ messages: [ChatMessage]) -> JSONValue {
        .array(
            messages.map {
                .object(["role": .string($0.role), "content": .string($0.content)])
            })
    }

    private func allMessages(of conversation: Int64) throws -> [Message] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.messageColumns) FROM message m
                    WHERE conversation = ? AND deleted_at IS NULL ORDER BY id
                    """, arguments: [conversation]
            ).map(Self.message)
        }
    }

    private static func markdown(_ owner: Conversation, _ path: [Message]) -> String {
        let title = owner.title.isEmpty ? "Conversation \(owner.id)" : owner.title
        var text = "# \(title)\n\n_\(owner.createdAt.formatted(.iso8601))_\n"
        if let system = owner.systemText { text += "\n## System\n\n\(system)\n" }
        for message in path {
            let name = ["user": "You", "assistant": "Reply", "system": "System"]
            text += "\n## \(name[message.role.rawValue] ?? "")\n\n\(message.text)\n"
        }
        return text
    }

    private static func tree(_ owner: Conversation, _ messages: [Message]) -> String {
        func optional(_ value: JSONValue?) -> JSONValue { value ?? .null }
        return JSONValue.object([
            "format": .string(ConversationImport.formatName), "version": .int(1),
            "title": .string(owner.title), "created_at": .double(owner.createdAt.stamp),
            "updated_at": .double(owner.updatedAt.stamp),
            "system": optional(owner.systemText.map(JSONValue.string)),
            "template": .string(owner.templateName),
            "tags": .array(owner.tags.map(JSONValue.string)),
            "selected": optional(owner.selectedLeaf.map { .int(Int($0)) }),
            "messages": .array(
                messages.map {
                    .object([
                        "id": .int(Int($0.id)), "parent": optional($0.parent.map { .int(Int($0)) }),
                        "role": .string($0.role.rawValue), "content": .string($0.text),
                        "created_at": .double($0.createdAt.stamp),
                    ])
                }),
        ]).text
    }
}

extension RankingRecord {
    /// The ordered pairs as TRL preference data, a JSON object each; ties give none.
    public func preferencePairs() -> [String] {
        func text(_ index: Int) -> JSONValue {
            let reply = replies[index]
            let prefix =
                variants.indices.contains(reply.variant) ? variants[reply.variant].prefix : nil
            return Store.json([
                ChatMessage(role: "assistant", content: (prefix ?? "") + reply.text)
            ])
        }
        return orderedPairs.map { better, worse in
            JSONValue.object([
                "prompt": Store.json(prompt), "chosen": text(better), "rejected": text(worse),
            ]).text
        }
    }
}
