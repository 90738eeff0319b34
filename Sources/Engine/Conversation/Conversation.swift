import Foundation

public enum Role: String, Sendable, Codable {
    case system, user, assistant
}

/// A message of a conversation tree. Immutable: an edit makes a sibling.
public struct Message: Sendable, Equatable, Identifiable {
    public var id: Int64
    public var conversation: Int64
    /// The message it answers or follows; nil for a root.
    public var parent: Int64?
    public var role: Role
    public var text: String
    public var createdAt: Date
    /// The candidate this reply was, for an assistant's message that was sampled here.
    public var candidate: Int64?
    /// A user's text as the template in force passed it to the model, where that differs from
    /// ``text``. Filled for messages of a path whose reply was sampled here.
    public var renderedText: String?

    public init(
        id: Int64, conversation: Int64, parent: Int64?, role: Role, text: String,
        createdAt: Date, candidate: Int64? = nil, renderedText: String? = nil
    ) {
        self.id = id
        self.conversation = conversation
        self.parent = parent
        self.role = role
        self.text = text
        self.createdAt = createdAt
        self.candidate = candidate
        self.renderedText = renderedText
    }
}

/// A tree of messages; the path from the root to the selected leaf is what the model sees.
public struct Conversation: Sendable, Equatable, Identifiable {
    public var id: Int64
    public var title: String
    public var createdAt: Date
    public var updatedAt: Date
    /// System text of this conversation; nil lets the template or the model decide.
    public var systemText: String?
    public var templateName: String
    public var selectedLeaf: Int64?
    public var tags: [String]

    public init(
        id: Int64, title: String, createdAt: Date, updatedAt: Date, systemText: String? = nil,
        templateName: String = "chat", selectedLeaf: Int64? = nil, tags: [String] = []
    ) {
        self.id = id
        self.title = title
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.systemText = systemText
        self.templateName = templateName
        self.selectedLeaf = selectedLeaf
        self.tags = tags
    }
}

/// A message's place in its tree, without its text: enough to draw a map.
public struct TreeNode: Sendable, Equatable, Identifiable {
    public var id: Int64
    public var parent: Int64?
    public var role: Role
    /// The beginning of the text, one line, at most 60 characters.
    public var summary: String

    public init(id: Int64, parent: Int64?, role: Role, summary: String) {
        self.id = id
        self.parent = parent
        self.role = role
        self.summary = summary
    }
}

/// A message found by a search.
public struct SearchHit: Sendable, Equatable {
    public var conversation: Int64
    public var conversationTitle: String
    public var message: Int64
    public var role: Role
    public var createdAt: Date
    /// An excerpt around the words found.
    public var snippet: String
    /// Ranges of ``snippet`` that matched, as offsets in characters.
    public var highlights: [Range<Int>]
}
