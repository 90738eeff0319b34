import Engine

/// A message of the shown path, with what stands beside it.
public struct TranscriptMessage: Sendable, Equatable {
    public var id: Int64
    public var role: Role
    public var text: String
    /// Which version of how many: alternatives with the same parent.
    public var version: Int
    public var versions: Int
    /// Ids of those alternatives, this one included, oldest first.
    public var siblings: [Int64]
    public var candidate: Int64?
    public var finishReason: FinishReason?
    public var reward: Double?
    /// The template and the model of a sampled reply.
    public var templateName: String?
    public var modelName: String?
    /// A person wrote it over a reply of the model's.
    public var isEdited: Bool

    public init(
        id: Int64, role: Role, text: String, version: Int = 1, versions: Int = 1,
        siblings: [Int64] = [], candidate: Int64? = nil, finishReason: FinishReason? = nil,
        reward: Double? = nil, templateName: String? = nil, modelName: String? = nil,
        isEdited: Bool = false
    ) {
        self.id = id
        self.role = role
        self.text = text
        self.version = version
        self.versions = versions
        self.siblings = siblings
        self.candidate = candidate
        self.finishReason = finishReason
        self.reward = reward
        self.templateName = templateName
        self.modelName = modelName
        self.isEdited = isEdited
    }
}

/// The conversation as shown.
struct TranscriptState: Sendable, Equatable {
    /// What stands at the top of the transcript's area.
    enum Scroll: Sendable, Equatable {
        /// The end is shown and stays shown while text arrives.
        case following
        /// A line of a block is at the top, whatever arrives below.
        case at(block: Int, line: Int)
    }

    var messages: [TranscriptMessage] = []
    /// Sent and not yet on disk.
    var pending: String?
    var scroll = Scroll.following
    /// Index of the message selected while walking the messages.
    var selected: Int?
    /// Label probabilities of classified messages, by the reply's message.
    var labels: [Int64: [LabelProbability]] = [:]
    /// Search words to mark, after a jump from the conversation list.
    var highlight: String?
}
