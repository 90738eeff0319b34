import Foundation
import LanguageModel

/// One template, model and settings, for a reply or for one side of a comparison.
public struct ReplyVariant: Sendable, Equatable {
    public var template: Template
    /// Name or path of the model that answers; nil is the one in use.
    public var model: String?
    public var settings: GenerationSettings
    /// Values of the template's variables.
    public var variables: [String: String]
    /// Candidates to sample.
    public var count: Int

    public init(
        template: Template, model: String? = nil, settings: GenerationSettings? = nil,
        variables: [String: String] = [:], count: Int = 1
    ) {
        self.template = template
        self.model = model
        self.settings = settings ?? GenerationSettings(template: template)
        self.variables = variables
        self.count = count
    }
}

/// What to reply to and how.
public struct ReplyRequest: Sendable {
    public var conversation: Int64
    /// The message to answer; nil is the selected leaf, or the message it answers where the
    /// leaf is a reply. With ``continues``, the cut reply to go on with.
    public var message: Int64?
    /// One, or several to compare side by side.
    public var variants: [ReplyVariant]
    /// Seed of the first candidate; the others' follow from it. Nil draws one.
    public var seed: UInt64?
    /// Goes on with a cut reply instead of making a new one.
    public var continues: Bool
    /// Makes the only candidate the conversation's reply as soon as it is finished.
    public var adoptsSingle: Bool
    /// For the models that variants name.
    public var modelOptions = ModelOptions()

    public init(
        conversation: Int64, message: Int64? = nil, variants: [ReplyVariant],
        seed: UInt64? = nil, continues: Bool = false, adoptsSingle: Bool = true
    ) {
        self.conversation = conversation
        self.message = message
        self.variants = variants
        self.seed = seed
        self.continues = continues
        self.adoptsSingle = adoptsSingle
    }
}

/// What a reply reports. ``finished(_:)`` or ``failed(_:)`` is the last event, once.
public enum ReplyEvent: Sendable {
    /// The board with its candidates in flight, and the prompt of each variant.
    case started(Board, prompts: [ComposedPrompt])
    case promptRead(done: Int, total: Int)
    /// Text of a candidate since its last event; `tokens` counts the sampled ids of all its
    /// text so far and `logProbability` is their sum.
    case text(candidate: Int64, delta: String, tokens: Int, logProbability: Double)
    /// A candidate was added to the running board.
    case candidateAdded(Candidate)
    /// The candidate is on disk.
    case candidateFinished(Candidate)
    /// Scores by candidate, stored; after the last candidate.
    case scored([Int64: Double], rewardModel: String)
    /// Probabilities of the template's labels, the most probable first.
    case labels([LabelProbability])
    /// The reply became the conversation's next message, which is on disk.
    case adopted(Message)
    /// Something a person should know; the reply goes on.
    case notice(String)
    case finished(GenerationTimings)
    case failed(EngineError)
}

/// A running reply: its events, and the way to steer it.
public struct Reply: Sendable {
    /// Ends after ``ReplyEvent/finished(_:)`` or ``ReplyEvent/failed(_:)``. Text is joined
    /// while the reader is busy, so the stream holds no more than a few events a candidate.
    /// Ending the iteration cancels the reply.
    public let events: AsyncStream<ReplyEvent>
    public let control: ReplyControl
}
