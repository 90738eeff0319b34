import Foundation
import GRDB

extension Store {
    /// Adds a message and selects it. `parent` nil adds a root; ``append(_:role:to:)`` goes on
    /// from the selected leaf. The first user message names a conversation without a title.
    @discardableResult
    public func add(
        _ text: String, role: Role, to conversation: Int64, parent: Int64?,
        candidate: Int64? = nil, createdAt: Date = Date()
    ) throws -> Message {
        try write { db in
            try Self.insert(
                text, role: role, to: conversation, parent: parent, candidate: candidate,
                createdAt: createdAt, db)
        }
    }

    /// Adds a message after the selected leaf and selects it.
    @discardableResult
    public func append(
        _ text: String, role: Role, to conversation: Int64, candidate: Int64? = nil
    ) throws -> Message {
        try write { db in
            let parent = try Self.conversation(conversation, db).selectedLeaf
            return try Self.insert(
                text, role: role, to: conversation, parent: parent, candidate: candidate,
                createdAt: Date(), db)
        }
    }

    public func message(_ id: Int64) throws -> Message {
        try read { try Self.message(id, $0) }
    }

    /// Messages from the root to the selected leaf, or to `leaf`; empty without messages.
    public func path(of conversation: Int64, leaf: Int64? = nil) throws -> [Message] {
        try read { db in
            guard let leaf = try leaf ?? Self.conversation(conversation, db).selectedLeaf else {
                return []
            }
            return try Self.path(to: leaf, db)
        }
    }

    /// The edited text as a sibling of the message, which becomes selected. The turns after
    /// the original stay with it.
    @discardableResult
    public func edit(message: Int64, text: String) throws -> Message {
        try write { db in
            let original = try Self.message(message, db)
            return try Self.insert(
                text, role: original.role, to: original.conversation, parent: original.parent,
                candidate: nil, createdAt: Date(), db)
        }
    }

    /// Messages with the same parent, the message itself among them, in order of creation.
    public func siblings(of message: Int64) throws -> [Message] {
        try read { db in
            let own = try Self.message(message, db)
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.messageColumns) FROM message m
                    WHERE conversation = ? AND parent IS ? AND deleted_at IS NULL ORDER BY id
                    """, arguments: [own.conversation, own.parent]
            ).map(Self.message)
        }
    }

    /// Messages that follow a message, or the roots; in order of creation.
    public func children(of message: Int64?, in conversation: Int64) throws -> [Message] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.messageColumns) FROM message m
                    WHERE conversation = ? AND parent IS ? AND deleted_at IS NULL ORDER BY id
                    """, arguments: [conversation, message]
            ).map(Self.message)
        }
    }

    /// Siblings of every message that has any, by message id: what a transcript shows as
    /// "2 of 3". One query, whatever the length of the path.
    public func branches(of conversation: Int64) throws -> [Int64: [Int64]] {
        try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT id, parent FROM message
                    WHERE conversation = ? AND deleted_at IS NULL ORDER BY id
                    """, arguments: [conversation])
            var children: [Int64: [Int64]] = [:]
            while let row = try rows.next() {
                children[row[1] as Int64? ?? 0, default: []].append(row[0])
            }
            var result: [Int64: [Int64]] = [:]
            for group in children.values where group.count > 1 {
                for id in group { result[id] = group }
            }
            return result
        }
    }

    /// Selects the path through a message, down to the leaf last seen below it or else the
    /// newest; returns that leaf.
    @discardableResult
    public func select(_ message: Int64) throws -> Int64 {
        try write { db in
            let own = try Self.message(message, db)
            try db.execute(
                sql: """
                    WITH RECURSIVE up (id, parent) AS (
                        SELECT id, parent FROM message WHERE id = ?
                        UNION ALL
                        SELECT m.id, m.parent FROM up JOIN message m ON m.id = up.parent
                    )
                    INSERT OR REPLACE INTO path_choice
                    SELECT parent, id FROM up WHERE parent IS NOT NULL
                    """, arguments: [message])
            let leaf = try Self.leaf(below: message, db)
            try db.execute(
                sql: "UPDATE conversation SET selected_leaf = ? WHERE id = ?",
                arguments: [leaf, own.conversation])
            return leaf
        }
    }

    /// Makes a message the end of the path, though others follow it: the next message added
    /// begins a branch there.
    public func selectAsLeaf(_ message: Int64) throws {
        try write { db in
            let own = try Self.message(message, db)
            try db.execute(
                sql: "UPDATE conversation SET selected_leaf = ? WHERE id = ?",
                arguments: [message, own.conversation])
        }
    }

    /// Hides a message and everything after it. Where it was on the selected path, a sibling's
    /// path is selected, or its parent.
    public func delete(message: Int64) throws {
        try write { db in
            let own = try Self.message(message, db)
            let selected = try Self.conversation(own.conversation, db).selectedLeaf
            let wasOnPath =
                try selected.map { try Self.path(to: $0, db).contains { $0.id == message } }
                ?? false
            try db.execute(
                sql: """
                    WITH RECURSIVE below (id) AS (
                        SELECT ?
                        UNION ALL
                        SELECT m.id FROM below JOIN message m ON m.parent = below.id
                    )
                    UPDATE message SET deleted_at = ?
                    WHERE id IN (SELECT id FROM below) AND deleted_at IS NULL
                    """, arguments: [message, Date().stamp])
            if wasOnPath {
                let sibling = try Int64.fetchOne(
                    db,
                    sql: """
                        SELECT id FROM message WHERE conversation = ? AND parent IS ?
                        AND deleted_at IS NULL ORDER BY abs(id - ?) LIMIT 1
                        """, arguments: [own.conversation, own.parent, message])
                let leaf = try sibling.map { try Self.leaf(below: $0, db) } ?? own.parent
                try db.execute(
                    sql: "UPDATE conversation SET selected_leaf = ? WHERE id = ?",
                    arguments: [leaf, own.conversation])
            }
            try Self.touch(own.conversation, db)
        }
    }

    /// Undoes ``delete(message:)``: brings back what that step hid, and selects it.
    public func undelete(message: Int64) throws {
        try write { db in
            guard
                let row = try Row.fetchOne(
                    db, sql: "SELECT conversation, deleted_at FROM message WHERE id = ?",
                    arguments: [message])
            else { throw EngineError.notFound(kind: "message", id: message) }
            guard let stamp = row[1] as Double? else { return }
            try db.execute(
                sql:
                    "UPDATE message SET deleted_at = NULL WHERE conversation = ? AND deleted_at = ?",
                arguments: [row[0] as Int64, stamp])
            try db.execute(
                sql: "UPDATE conversation SET selected_leaf = ? WHERE id = ?",
                arguments: [try Self.leaf(below: message, db), row[0] as Int64])
            try Self.touch(row[0], db)
        }
    }

    /// The whole tree without its texts, parents before children.
    public func tree(of conversation: Int64) throws -> [TreeNode] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT id, parent, role, substr(text, 1, 200) FROM message
                    WHERE conversation = ? AND deleted_at IS NULL ORDER BY id
                    """, arguments: [conversation]
            ).map { row in
                TreeNode(
                    id: row[0], parent: row[1], role: Role(rawValue: row[2]) ?? .user,
                    summary: Self.summary(row[3]))
            }
        }
    }

    // MARK: Rows

    static let messageColumns =
        "m.id, m.conversation, m.parent, m.role, m.text, m.created_at, m.candidate"

    static func message(_ row: Row) -> Message {
        Message(
            id: row[0], conversation: row[1], parent: row[2],
            role: Role(rawValue: row[3]) ?? .user, text: row[4], createdAt: Date(stamp: row[5]),
            candidate: row[6])
    }

    static func message(_ id: Int64, _ db: Database) throws -> Message {
        guard
            let row = try Row.fetchOne(
                db,
                sql: "SELECT \(messageColumns) FROM message m WHERE id = ? AND deleted_at IS NULL",
                arguments: [id])
        else { throw EngineError.notFound(kind: "message", id: id) }
        return message(row)
    }

    static func insert(
        _ text: String, role: Role, to conversation: Int64, parent: Int64?, candidate: Int64?,
        createdAt: Date, _ db: Database
    ) throws -> Message {
        let owner = try Self.conversation(conversation, db)
        if let parent, try message(parent, db).conversation != conversation {
            throw EngineError.notFound(kind: "message", id: parent)
        }
        try db.execute(
            sql: """
                INSERT INTO message (conversation, parent, role, text, created_at, candidate)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [conversation, parent, role.rawValue, text, createdAt.stamp, candidate])
        let id = db.lastInsertedRowID
        if let parent {
            try db.execute(
                sql: "INSERT OR REPLACE INTO path_choice VALUES (?, ?)", arguments: [parent, id])
        }
        let title = owner.title.isEmpty && role == .user ? summary(text) : owner.title
        try db.execute(
            sql:
                "UPDATE conversation SET selected_leaf = ?, title = ?, updated_at = ? WHERE id = ?",
            arguments: [id, title, max(createdAt.stamp, owner.updatedAt.stamp), conversation])
        return Message(
            id: id, conversation: conversation, parent: parent, role: role, text: text,
            createdAt: createdAt, candidate: candidate)
    }

    static func path(to leaf: Int64, _ db: Database) throws -> [Message] {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                WITH RECURSIVE up (id, depth) AS (
                    SELECT ?, 0
                    UNION ALL
                    SELECT m.parent, depth + 1 FROM up JOIN message m ON m.id = up.id
                    WHERE m.parent IS NOT NULL
                )
                SELECT \(messageColumns), v.rendered_input FROM up
                JOIN message m ON m.id = up.id
                LEFT JOIN candidate c ON c.id = m.candidate
                LEFT JOIN board_variant v ON v.board = c.board AND v.position = c.variant
                ORDER BY depth DESC
                """, arguments: [leaf])
        var path: [Message] = []
        while let row = try rows.next() {
            // The template in force when a reply was sampled wrote the user's turn before it.
            if let rendered = row[7] as String?, path.last?.role == .user {
                path[path.count - 1].renderedText = rendered
            }
            path.append(message(row))
        }
        return path
    }

    static func leaf(below message: Int64, _ db: Database) throws -> Int64 {
        let ids = try Int64.fetchAll(
            db,
            sql: """
                WITH RECURSIVE down (id) AS (
                    SELECT ?
                    UNION ALL
                    SELECT COALESCE(
                        (SELECT p.child FROM path_choice p
                         JOIN message m ON m.id = p.child AND m.deleted_at IS NULL
                         WHERE p.parent = down.id),
                        (SELECT MAX(id) FROM message
                         WHERE parent = down.id AND deleted_at IS NULL))
                    FROM down WHERE down.id IS NOT NULL
                )
                SELECT id FROM down WHERE id IS NOT NULL
                """, arguments: [message])
        return ids.last ?? message
    }

    /// One line of at most 60 characters.
    static func summary(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.count <= 60 ? words : words.prefix(59) + "…"
    }
}
