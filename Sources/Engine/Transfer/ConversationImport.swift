import Foundation
import JSON
import LanguageModel

/// What an import brought.
public struct ImportReport: Sendable, Equatable {
    public var added: [Int64] = []
    public var messages = 0
    /// Conversations that an earlier import had brought.
    public var known = 0
    /// Conversations without a message of a person or a model.
    public var empty = 0
}

/// A conversation of another program, before it is stored.
struct ConversationImport: Sendable, Equatable {
    static let formatName = "riposte-conversation"

    struct Entry: Sendable, Equatable {
        var key: String
        var parent: String?
        var role: Role
        var text: String
        var createdAt: Date
    }

    var title = ""
    var createdAt = Date()
    var systemText: String?
    var templateName = "chat"
    var tags: [String] = []
    /// Parents before children.
    var entries: [Entry] = []
    var selected: String?
    /// Says that two imports are the same conversation.
    var origin: String
}

/// A file of conversations, read and found right before anything is written anywhere: our JSONL,
/// ChatGPT's `conversations.json`, or TRL `messages` a line.
public struct ConversationFile: Sendable {
    let conversations: [ConversationImport]

    /// - Throws: ``EngineError`` where the file cannot be read or anything in it is wrong.
    public init(contentsOf path: String) throws {
        guard let data = FileManager.default.contents(atPath: Paths.expand(path)) else {
            throw EngineError.file(path: path, reason: "the file cannot be read")
        }
        conversations = try ConversationReader.read(data, path: path)
    }
}

extension Store {
    /// Imports conversations: all of the file or nothing.
    @discardableResult
    public func importConversations(_ file: ConversationFile) throws -> ImportReport {
        try insert(file.conversations)
    }

    func insert(_ conversations: [ConversationImport]) throws -> ImportReport {
        try write { db in
            var report = ImportReport()
            for conversation in conversations {
                guard !conversation.entries.isEmpty else {
                    report.empty += 1
                    continue
                }
                try db.execute(
                    sql: """
                        INSERT OR IGNORE INTO conversation
                            (title, created_at, updated_at, system_text, template_name, origin)
                        VALUES (?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        conversation.title, conversation.createdAt.stamp,
                        conversation.createdAt.stamp, conversation.systemText,
                        conversation.templateName, conversation.origin,
                    ])
                guard db.changesCount == 1 else {
                    report.known += 1
                    continue
                }
                let id = db.lastInsertedRowID
                for tag in Set(conversation.tags) {
                    try db.execute(
                        sql: "INSERT INTO conversation_tag VALUES (?, ?)", arguments: [id, tag])
                }
                var ids: [String: Int64] = [:]
                for entry in conversation.entries {
                    let message = try Self.insert(
                        entry.text, role: entry.role, to: id,
                        parent: entry.parent.flatMap { ids[$0] }, candidate: nil,
                        createdAt: entry.createdAt, db)
                    ids[entry.key] = message.id
                    report.messages += 1
                }
                if let selected = conversation.selected.flatMap({ ids[$0] }) {
                    try db.execute(
                        sql: "UPDATE conversation SET selected_leaf = ? WHERE id = ?",
                        arguments: [selected, id])
                }
                report.added.append(id)
            }
            return report
        }
    }
}

/// Reads conversations of other programs.
enum ConversationReader {
    static func read(_ data: Data, path: String) throws -> [ConversationImport] {
        if let whole = try? JSONValue(parsing: data), let list = whole.array {
            return try list.enumerated().map { index, value in
                guard value["mapping"]?.object != nil else {
                    throw EngineError.invalidFile(
                        path: path, line: nil,
                        reason: "element \(index + 1) is no conversation of ChatGPT's export: it "
                            + "has no mapping")
                }
                return chatGPT(value, data)
            }
        }
        var result: [ConversationImport] = []
        for (number, line) in try JSONLines(data, path: path) {
            func fail(_ reason: String) -> EngineError {
                .invalidFile(path: path, line: number, reason: reason)
            }
            if line["format"]?.string == ConversationImport.formatName {
                result.append(try ours(line, fail))
            } else if line["mapping"] != nil {
                result.append(chatGPT(line, data))
            } else if line["messages"]?.array != nil {
                result.append(try messages(line, fail))
            } else {
                throw fail("a conversation is expected: messages, or an export of this program")
            }
        }
        if result.isEmpty {
            throw EngineError.invalidFile(path: path, line: nil, reason: "it has no conversation")
        }
        return result
    }

    private static func ours(
        _ line: JSONValue, _ fail: (String) -> EngineError
    ) throws -> ConversationImport {
        guard line["version"]?.int == 1 else { throw fail("its version is not 1") }
        var conversation = ConversationImport(origin: "riposte:" + SHA256.hexDigest(of: line.text))
        conversation.title = line["title"]?.string ?? ""
        conversation.createdAt = Date(stamp: line["created_at"]?.double ?? 0)
        conversation.systemText = line["system"]?.string
        conversation.templateName = line["template"]?.string ?? "chat"
        conversation.tags = line["tags"]?.array?.compactMap(\.string) ?? []
        conversation.selected = line["selected"]?.int.map(String.init)
        var known: Set<String> = []
        for message in line["messages"]?.array ?? [] {
            guard let id = message["id"]?.int, let text = message["content"]?.string,
                let role = message["role"]?.string.flatMap(Role.init(rawValue:))
            else { throw fail("a message has no id, role or content") }
            let parent = message["parent"]?.int.map(String.init)
            if let parent, !known.contains(parent) {
                throw fail("message \(id) follows \(parent), which is not before it")
            }
            known.insert(String(id))
            conversation.entries.append(
                .init(
                    key: String(id), parent: parent, role: role, text: text,
                    createdAt: Date(stamp: message["created_at"]?.double ?? 0)))
        }
        return conversation
    }

    private static func messages(
        _ line: JSONValue, _ fail: (String) -> EngineError
    ) throws -> ConversationImport {
        var conversation = ConversationImport(origin: "messages:" + SHA256.hexDigest(of: line.text))
        for (index, message) in (line["messages"]?.array ?? []).enumerated() {
            guard let name = message["role"]?.string, let text = message["content"]?.string else {
                throw fail("message \(index + 1) has no role or no content")
            }
            guard let role = Role(rawValue: name) else {
                throw fail("message \(index + 1) has the role \"\(name)\"")
            }
            if role == .system, index == 0 {
                conversation.systemText = text
                continue
            }
            conversation.entries.append(
                .init(
                    key: String(index), parent: conversation.entries.last?.key, role: role,
                    text: text, createdAt: conversation.createdAt))
        }
        return conversation
    }

    /// ChatGPT's tree has nodes without a visible message (roots, tools, hidden system text);
    /// what follows them is joined to the nearest message above.
    private static func chatGPT(_ value: JSONValue, _ data: Data) -> ConversationImport {
        let id = (value["conversation_id"] ?? value["id"])?.string
        var conversation = ConversationImport(
            origin: "chatgpt:" + (id ?? SHA256.hexDigest(of: value.text)))
        conversation.title = value["title"]?.string ?? ""
        conversation.createdAt = Date(stamp: value["create_time"]?.double ?? 0)
        let mapping = value["mapping"]?.object ?? [:]

        func entry(_ key: String) -> ConversationImport.Entry? {
            guard let message = mapping[key]?["message"],
                let role = message["author"]?["role"]?.string.flatMap(Role.init(rawValue:)),
                role != .system
            else { return nil }
            // Tool calls and "thoughts" are addressed to others than the reader.
            if let recipient = message["recipient"]?.string, recipient != "all" { return nil }
            if message["metadata"]?["is_visually_hidden_from_conversation"]?.bool == true {
                return nil
            }
            let content = message["content"]
            let type = content?["content_type"]?.string ?? "text"
            guard ["text", "multimodal_text"].contains(type) else { return nil }
            let parts = content?["parts"]?.array ?? []
            let text = parts.compactMap { $0.string ?? $0["text"]?.string }.joined(separator: "\n")
            guard !text.isEmpty else { return nil }
            return .init(
                key: key, parent: nil, role: role, text: text,
                createdAt: Date(
                    stamp: message["create_time"]?.double ?? conversation.createdAt.stamp))
        }
        var entries: [String: ConversationImport.Entry] = [:]
        for key in mapping.keys { entries[key] = entry(key) }
        /// The nearest message at or above a node; a cycle ends the search.
        func nearest(_ key: String?) -> String? {
            var key = key
            var steps = 0
            while let at = key, steps <= mapping.count {
                if entries[at] != nil { return at }
                key = mapping[at]?["parent"]?.string
                steps += 1
            }
            return nil
        }
        // Parents first, whatever the order of the file.
        var done: Set<String> = []
        var children: [String: [String]] = [:]
        var pending: [String] = []
        for key in mapping.keys where entries[key] != nil {
            let parent = nearest(mapping[key]?["parent"]?.string)
            entries[key]?.parent = parent
            if let parent { children[parent, default: []].append(key) } else { pending.append(key) }
        }
        while !pending.isEmpty {
            let key = pending.removeFirst()
            guard done.insert(key).inserted, let entry = entries[key] else { continue }
            conversation.entries.append(entry)
            pending += children[key] ?? []
        }
        conversation.selected = nearest(value["current_node"]?.string)
        return conversation
    }
}
