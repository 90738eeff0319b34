import Foundation
import GRDB

extension Store {
    @discardableResult
    public func createConversation(
        title: String = "", template: String = "chat", systemText: String? = nil,
        createdAt: Date = Date()
    ) throws -> Conversation {
        try write { db in
            try db.execute(
                sql: """
                    INSERT INTO conversation (title, created_at, updated_at, system_text, template_name)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [title, createdAt.stamp, createdAt.stamp, systemText, template])
            return Conversation(
                id: db.lastInsertedRowID, title: title, createdAt: createdAt,
                updatedAt: createdAt, systemText: systemText, templateName: template)
        }
    }

    public func conversation(_ id: Int64) throws -> Conversation {
        try read { try Self.conversation(id, $0) }
    }

    /// The one used last comes first; deleted ones are left out. `title` filters by a part of
    /// the title, without regard to case.
    public func conversations(
        tag: String? = nil, title: String? = nil, limit: Int = 1000
    ) throws -> [Conversation] {
        try read { db in
            var condition = "deleted_at IS NULL"
            var arguments: StatementArguments = []
            if let tag {
                condition +=
                    " AND id IN (SELECT conversation FROM conversation_tag WHERE tag = ?)"
                arguments += [tag]
            }
            if let title {
                condition += " AND title LIKE ? ESCAPE '\\'"
                arguments += ["%\(Self.escapedForLike(title))%"]
            }
            arguments += [limit]
            return try Self.conversations(
                "WHERE \(condition) ORDER BY updated_at DESC, id DESC LIMIT ?", arguments, db)
        }
    }

    /// Deleted conversations that ``undelete(conversation:)`` can bring back, newest first.
    public func deletedConversations(limit: Int = 100) throws -> [Conversation] {
        try read { db in
            try Self.conversations(
                "WHERE deleted_at IS NOT NULL ORDER BY deleted_at DESC LIMIT ?", [limit], db)
        }
    }

    public func rename(_ conversation: Int64, to title: String) throws {
        try update(conversation, set: "title = ?", [title])
    }

    public func setTemplate(_ name: String, of conversation: Int64) throws {
        try update(conversation, set: "template_name = ?", [name])
    }

    /// System text of the conversation; nil lets the template or the model decide.
    public func setSystemText(_ text: String?, of conversation: Int64) throws {
        try update(conversation, set: "system_text = ?", [text])
    }

    public func setTags(_ tags: [String], of conversation: Int64) throws {
        try write { db in
            _ = try Self.conversation(conversation, db)
            try db.execute(
                sql: "DELETE FROM conversation_tag WHERE conversation = ?",
                arguments: [conversation])
            for tag in Set(tags) {
                try db.execute(
                    sql: "INSERT INTO conversation_tag VALUES (?, ?)",
                    arguments: [conversation, tag])
            }
        }
    }

    /// All tags in use, with the number of conversations each has.
    public func tags() throws -> [(tag: String, count: Int)] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT tag, COUNT(*) FROM conversation_tag
                    JOIN conversation c ON c.id = conversation AND c.deleted_at IS NULL
                    GROUP BY tag ORDER BY tag
                    """
            ).map { ($0[0], $0[1]) }
        }
    }

    /// Hides a conversation; its rankings stay.
    public func delete(conversation: Int64) throws {
        try update(conversation, set: "deleted_at = ?", [Date().stamp], touches: false)
    }

    public func undelete(conversation: Int64) throws {
        try update(conversation, set: "deleted_at = NULL", [], touches: false)
    }

    // MARK: Drafts

    /// Keeps the text a person is typing; empty text removes it. Without a conversation, the
    /// draft of the next new one.
    public func saveDraft(_ text: String, conversation: Int64?) throws {
        try write { db in
            if text.isEmpty {
                try db.execute(
                    sql: "DELETE FROM draft WHERE conversation = ?", arguments: [conversation ?? 0])
            } else {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO draft VALUES (?, ?, ?)",
                    arguments: [conversation ?? 0, text, Date().stamp])
            }
        }
    }

    public func draft(conversation: Int64?) throws -> String? {
        try read { db in
            try String.fetchOne(
                db, sql: "SELECT text FROM draft WHERE conversation = ?",
                arguments: [conversation ?? 0])
        }
    }

    // MARK: Rows

    static func conversation(_ id: Int64, _ db: Database) throws -> Conversation {
        guard let found = try conversations("WHERE id = ?", [id], db).first else {
            throw EngineError.notFound(kind: "conversation", id: id)
        }
        return found
    }

    static func touch(_ conversation: Int64, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE conversation SET updated_at = ? WHERE id = ?",
            arguments: [Date().stamp, conversation])
    }

    static func escapedForLike(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
    }

    private static func conversations(
        _ clause: String, _ arguments: StatementArguments, _ db: Database
    ) throws -> [Conversation] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT id, title, created_at, updated_at, system_text, template_name, selected_leaf,
                    (SELECT group_concat(tag, char(31)) FROM
                        (SELECT tag FROM conversation_tag WHERE conversation = conversation.id
                        ORDER BY tag))
                FROM conversation \(clause)
                """, arguments: arguments
        ).map { row in
            let tags: String? = row[7]
            return Conversation(
                id: row[0], title: row[1], createdAt: Date(stamp: row[2]),
                updatedAt: Date(stamp: row[3]), systemText: row[4], templateName: row[5],
                selectedLeaf: row[6],
                tags: tags.map { $0.split(separator: "\u{1f}").map(String.init) } ?? [])
        }
    }

    private func update(
        _ conversation: Int64, set assignment: String, _ arguments: StatementArguments,
        touches: Bool = true
    ) throws {
        try write { db in
            try db.execute(
                sql: "UPDATE conversation SET \(assignment) WHERE id = ?",
                arguments: arguments + [conversation])
            guard db.changesCount == 1 else {
                throw EngineError.notFound(kind: "conversation", id: conversation)
            }
            if touches { try Self.touch(conversation, db) }
        }
    }
}
