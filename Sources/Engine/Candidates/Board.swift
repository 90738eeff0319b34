import Foundation
import LanguageModel

/// One sampled reply to a given prompt.
public struct Candidate: Sendable, Equatable, Identifiable {
    /// Given before sampling starts, and never given again.
    public var id: Int64
    /// Order of sampling, from 0.
    public var index: Int
    /// Which of the board's ``Board/variants`` it answers.
    public var variant: Int
    public var text: String
    public var ids: [TokenID]
    /// Natural-log probability of each of ``ids`` under the model itself.
    public var logProbabilities: [Float]
    /// Nil while it is being sampled; only finished candidates are stored.
    public var finishReason: FinishReason?
    public var seed: UInt64
    public var sampling: SamplingOptions
    /// Nil where no reward model scored it.
    public var reward: Double?
    /// Name and fingerprint of the reward model behind ``reward``.
    public var rewardModel: String?
    /// The candidate that a person edited to make this one.
    public var editedFrom: Int64?

    /// Sum of ``logProbabilities``.
    public var logProbability: Double { logProbabilities.reduce(0) { $0 + Double($1) } }
    /// Nil for a candidate without tokens, such as an edited one.
    public var meanLogProbability: Double? {
        logProbabilities.isEmpty ? nil : logProbability / Double(logProbabilities.count)
    }

    public init(
        id: Int64, index: Int, variant: Int = 0, text: String = "", ids: [TokenID] = [],
        logProbabilities: [Float] = [], finishReason: FinishReason? = nil, seed: UInt64,
        sampling: SamplingOptions, reward: Double? = nil, rewardModel: String? = nil,
        editedFrom: Int64? = nil
    ) {
        self.id = id
        self.index = index
        self.variant = variant
        self.text = text
        self.ids = ids
        self.logProbabilities = logProbabilities
        self.finishReason = finishReason
        self.seed = seed
        self.sampling = sampling
        self.reward = reward
        self.rewardModel = rewardModel
        self.editedFrom = editedFrom
    }
}

/// What a group of candidates answers: the same message under one template and model. A board
/// has one, or several where templates, models or settings are compared.
public struct BoardVariant: Sendable, Equatable {
    public var templateName: String
    /// SHA-256 of the template's file text.
    public var templateHash: String
    public var modelName: String
    public var modelFingerprint: String
    public var promptIDs: [TokenID]
    public var maxTokens: Int
    public var stop: [String]
    /// The user's text as the template passed it on, where it differs from the message.
    public var renderedInput: String?
    /// The beginning of the reply that was given and not sampled, for a continued reply.
    public var prefix: String?

    public init(
        templateName: String, templateHash: String, modelName: String, modelFingerprint: String,
        promptIDs: [TokenID], maxTokens: Int, stop: [String] = [], renderedInput: String? = nil,
        prefix: String? = nil
    ) {
        self.templateName = templateName
        self.templateHash = templateHash
        self.modelName = modelName
        self.modelFingerprint = modelFingerprint
        self.promptIDs = promptIDs
        self.maxTokens = maxTokens
        self.stop = stop
        self.renderedInput = renderedInput
        self.prefix = prefix
    }
}

/// The candidates of one turn, side by side.
public struct Board: Sendable, Equatable, Identifiable {
    public var id: Int64
    public var conversation: Int64
    /// The message that the candidates answer; nil where they begin the conversation.
    public var parent: Int64?
    public var createdAt: Date
    /// At least one; several on a board that compares templates, models or settings.
    public var variants: [BoardVariant]
    public var candidates: [Candidate]

    public var templateName: String { variants.first?.templateName ?? "" }
    public var templateHash: String { variants.first?.templateHash ?? "" }
    public var modelName: String { variants.first?.modelName ?? "" }
    public var modelFingerprint: String { variants.first?.modelFingerprint ?? "" }
    public var promptIDs: [TokenID] { variants.first?.promptIDs ?? [] }
    public var isComparison: Bool { variants.count > 1 }

    public init(
        id: Int64, conversation: Int64, parent: Int64?, createdAt: Date,
        variants: [BoardVariant], candidates: [Candidate] = []
    ) {
        self.id = id
        self.conversation = conversation
        self.parent = parent
        self.createdAt = createdAt
        self.variants = variants
        self.candidates = candidates
    }

    public func variant(of candidate: Candidate) -> BoardVariant? {
        variants.indices.contains(candidate.variant) ? variants[candidate.variant] : nil
    }
}

/// A person's judgement of a board. Append-only: a second ranking of a board is a new record,
/// and an undo is a record too.
public struct Ranking: Sendable, Equatable, Identifiable {
    /// 0 until it is stored.
    public var id: Int64
    public var board: Int64
    public var createdAt: Date
    /// Rank by candidate, 1 the best, equal numbers tied; candidates without a rank are absent.
    public var ranks: [Int64: Int]
    /// No reply was good enough; ``ranks`` is empty then.
    public var isAllBad: Bool
    /// Candidate ids in the order the screen showed them.
    public var displayOrder: [Int64]
    public var scoresVisible: Bool
    /// Scores, model and template names were hidden and the order shuffled.
    public var isBlind: Bool
    /// From the board's first complete display to the submission.
    public var secondsTaken: Double

    public init(
        id: Int64 = 0, board: Int64, createdAt: Date = Date(), ranks: [Int64: Int],
        isAllBad: Bool = false, displayOrder: [Int64], scoresVisible: Bool,
        isBlind: Bool = false, secondsTaken: Double
    ) {
        self.id = id
        self.board = board
        self.createdAt = createdAt
        self.ranks = ranks
        self.isAllBad = isAllBad
        self.displayOrder = displayOrder
        self.scoresVisible = scoresVisible
        self.isBlind = isBlind
        self.secondsTaken = secondsTaken
    }
}

/// A label and its probability among the template's labels.
public struct LabelProbability: Sendable, Equatable, Codable {
    public var label: String
    public var probability: Double

    public init(label: String, probability: Double) {
        self.label = label
        self.probability = probability
    }
}
