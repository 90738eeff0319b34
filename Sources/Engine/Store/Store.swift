import Foundation
import GRDB
import LanguageModel

/// Conversations, boards and rankings in one SQLite file. Safe to use from any thread and from
/// several processes at once. A write has reached the disk when its call returns.
public final class Store: Sendable {
    public let path: String

    public init(path: String) throws { fatalError("being written") }

    // MARK: Conversations

    @discardableResult
    public func createConversation(
        title: String = "", template: String = "chat", systemText: String? = nil
    ) throws -> Conversation { fatalError("being written") }
    public func conversation(_ id: Int64) throws -> Conversation { fatalError("being written") }
    /// Newest first; deleted ones are left out.
    public func conversations(tag: String? = nil, limit: Int = 1000) throws -> [Conversation] {
        fatalError("being written")
    }
    public func rename(_ conversation: Int64, to title: String) throws {
        fatalError("being written")
    }
    public func setTags(_ tags: [String], of conversation: Int64) throws {
        fatalError("being written")
    }
    public func setTemplate(_ name: String, of conversation: Int64) throws {
        fatalError("being written")
    }
    public func setSystemText(_ text: String?, of conversation: Int64) throws {
        fatalError("being written")
    }
    public func delete(conversation: Int64) throws { fatalError("being written") }
    public func undelete(conversation: Int64) throws { fatalError("being written") }

    // MARK: Messages

    /// Adds a message and selects it. `parent` nil adds a root; see
    /// ``append(_:role:to:)`` to go on from the selected leaf.
    @discardableResult
    public func add(
        _ text: String, role: Role, to conversation: Int64, parent: Int64?,
        candidate: Int64? = nil
    ) throws -> Message { fatalError("being written") }
    /// Adds a message after the selected leaf and selects it.
    @discardableResult
    public func append(_ text: String, role: Role, to conversation: Int64) throws -> Message {
        fatalError("being written")
    }
    /// Messages from the root to the selected leaf, or to `leaf`.
    public func path(of conversation: Int64, leaf: Int64? = nil) throws -> [Message] {
        fatalError("being written")
    }
    public func message(_ id: Int64) throws -> Message { fatalError("being written") }
    /// The edited text as a sibling of the message, which becomes selected. The turns after the
    /// original stay with it.
    @discardableResult
    public func edit(message: Int64, text: String) throws -> Message { fatalError("being written") }
    /// Messages with the same parent, the message itself among them, in order of creation.
    public func siblings(of message: Int64) throws -> [Message] { fatalError("being written") }
    /// Selects the path through a message: down to the leaf last seen below it, or the newest.
    @discardableResult
    public func select(_ message: Int64) throws -> Int64 { fatalError("being written") }
    /// Hides a message and everything after it; the selected leaf moves to its parent.
    public func delete(message: Int64) throws { fatalError("being written") }
    public func undelete(message: Int64) throws { fatalError("being written") }
    /// The whole tree without its texts, parents before children.
    public func tree(of conversation: Int64) throws -> [TreeNode] { fatalError("being written") }
    /// Messages that contain all words of the query; the last word may be a beginning.
    public func search(_ query: String, limit: Int = 50) throws -> [SearchHit] {
        fatalError("being written")
    }

    // MARK: Boards

    public func board(_ id: Int64) throws -> Board { fatalError("being written") }
    /// Boards of a conversation, or those that answer one message; oldest first.
    public func boards(of conversation: Int64, answering message: Int64? = nil) throws -> [Board] {
        fatalError("being written")
    }

    // MARK: Rankings

    /// Rankings of a board that were not retracted, oldest first.
    public func rankings(of board: Int64) throws -> [Ranking] { fatalError("being written") }
    /// Records fit for training, oldest first.
    public func rankingRecords(limit: Int? = nil) throws -> [RankingRecord] {
        fatalError("being written")
    }
    public func rankingStatistics() throws -> RankingStatistics { fatalError("being written") }
    /// By template over the boards that compare several.
    public func templateRecords() throws -> [TemplateRecord] { fatalError("being written") }

    // MARK: Drafts

    /// Keeps the text a person is typing; empty text removes it.
    public func saveDraft(_ text: String, conversation: Int64?) throws {
        fatalError("being written")
    }
    public func draft(conversation: Int64?) throws -> String? { fatalError("being written") }
}
