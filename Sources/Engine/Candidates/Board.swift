import Foundation
import LanguageModel

/// One sampled reply to a given prompt.
public struct Candidate: Sendable, Equatable, Identifiable {
    public var id: Int64
    /// Order of sampling, from 0.
    public var index: Int
    public var text: String
    public var ids: [TokenID]
    public var finishReason: FinishReason
    /// Sum of the ids' natural-log probabilities under the model.
    public var logProbability: Double
    public var seed: UInt64
    public var sampling: SamplingOptions
    /// Nil where no reward model scored it.
    public var reward: Double?
    /// Name and fingerprint of the reward model behind ``reward``.
    public var rewardModel: String?

    public init(
        id: Int64, index: Int, text: String, ids: [TokenID], finishReason: FinishReason,
        logProbability: Double, seed: UInt64, sampling: SamplingOptions, reward: Double? = nil,
        rewardModel: String? = nil
    ) {
        self.id = id
        self.index = index
        self.text = text
        self.ids = ids
        self.finishReason = finishReason
        self.logProbability = logProbability
        self.seed = seed
        self.sampling = sampling
        self.reward = reward
        self.rewardModel = rewardModel
    }
}

/// The candidates of one turn, side by side.
public struct Board: Sendable, Equatable, Identifiable {
    public var id: Int64
    public var conversation: Int64
    /// The user's message that the candidates answer; nil for a continuation of plain text.
    public var parent: Int64?
    public var createdAt: Date
    public var templateName: String
    /// SHA-256 of the template's file text.
    public var templateHash: String
    public var modelName: String
    public var modelFingerprint: String
    public var promptIDs: [TokenID]
    public var candidates: [Candidate]

    public init(
        id: Int64, conversation: Int64, parent: Int64?, createdAt: Date, templateName: String,
        templateHash: String, modelName: String, modelFingerprint: String,
        promptIDs: [TokenID], candidates: [Candidate] = []
    ) {
        self.id = id
        self.conversation = conversation
        self.parent = parent
        self.createdAt = createdAt
        self.templateName = templateName
        self.templateHash = templateHash
        self.modelName = modelName
        self.modelFingerprint = modelFingerprint
        self.promptIDs = promptIDs
        self.candidates = candidates
    }
}

/// A person's judgement of a board. Append-only: a second ranking of a board is a new record.
public struct Ranking: Sendable, Equatable, Identifiable {
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
    /// From the board's first complete display to the submission.
    public var secondsTaken: Double

    public init(
        id: Int64, board: Int64, createdAt: Date, ranks: [Int64: Int], isAllBad: Bool,
        displayOrder: [Int64], scoresVisible: Bool, secondsTaken: Double
    ) {
        self.id = id
        self.board = board
        self.createdAt = createdAt
        self.ranks = ranks
        self.isAllBad = isAllBad
        self.displayOrder = displayOrder
        self.scoresVisible = scoresVisible
        self.secondsTaken = secondsTaken
    }
}
