import ChatTemplates
import Foundation
import LanguageModel

/// A ranking with everything training needs, whatever happens to the conversation later: our
/// K-way JSONL, one record a line.
public struct RankingRecord: Sendable, Equatable, Codable {
    public struct Reply: Sendable, Equatable, Codable {
        public var text: String
        public var ids: [TokenID]
        public var finishReason: FinishReason?
        public var seed: UInt64
        public var sampling: SamplingOptions
        public var logProbability: Double
        /// Index into the record's ``RankingRecord/variants``.
        public var variant: Int
        /// 1 the best, equal numbers tied; nil for a reply that was not ranked.
        public var rank: Int?
        /// Place on the screen, from 0; nil where it was not shown.
        public var displayIndex: Int?
        /// Score at the time of the ranking.
        public var reward: Double?
        public var rewardModel: String?
        public var editedFrom: Int?

        enum CodingKeys: String, CodingKey {
            case text, ids, seed, sampling, variant, rank, reward
            case finishReason = "finish_reason"
            case logProbability = "logprob"
            case displayIndex = "display_index"
            case rewardModel = "reward_model"
            case editedFrom = "edited_from"
        }
    }

    public struct Variant: Sendable, Equatable, Codable {
        public var template: String
        public var templateHash: String
        public var model: String
        public var modelFingerprint: String
        public var promptIDs: [TokenID]
        public var maxTokens: Int
        /// The replies' beginning that was given and not sampled; part of the prompt's ids.
        public var prefix: String?

        enum CodingKeys: String, CodingKey {
            case template, model, prefix
            case templateHash = "template_hash"
            case modelFingerprint = "model_fingerprint"
            case promptIDs = "prompt_ids"
            case maxTokens = "max_tokens"
        }
    }

    public var id: Int64
    public var board: Int64
    public var conversation: Int64
    public var createdAt: Date
    /// The messages before the replies, as the person sees them.
    public var prompt: [ChatMessage]
    public var variants: [Variant]
    public var replies: [Reply]
    public var isAllBad: Bool
    public var scoresVisible: Bool
    public var isBlind: Bool
    public var secondsTaken: Double

    enum CodingKeys: String, CodingKey {
        case id, board, conversation, prompt, variants, replies
        case createdAt = "created_at"
        case isAllBad = "all_bad"
        case scoresVisible = "scores_visible"
        case isBlind = "blind"
        case secondsTaken = "seconds"
    }

    /// Ordered pairs of reply indices, the better first; ties and unranked replies give none.
    public var orderedPairs: [(better: Int, worse: Int)] {
        var pairs: [(better: Int, worse: Int)] = []
        for (i, a) in replies.enumerated() {
            for (j, b) in replies.enumerated() {
                if let first = a.rank, let second = b.rank, first < second { pairs.append((i, j)) }
            }
        }
        return pairs
    }
}

/// Counts over the stored rankings.
public struct RankingStatistics: Sendable, Equatable, Codable {
    public var rankings = 0
    public var allBad = 0
    public var candidates = 0
    public var orderedPairs = 0
    public var tiedPairs = 0
    public var blind = 0
    public var medianSeconds: Double?
    /// Share of ordered pairs in which the longer text was preferred.
    public var longerWins: Double?
    /// Share of ordered pairs that the reward shown at the time had in the same order.
    public var rewardAgreement: Double?
    /// Of templates, models and settings that were compared.
    public var comparisons: [ComparisonRecord] = []

    enum CodingKeys: String, CodingKey {
        case rankings, candidates, blind, comparisons
        case allBad = "all_bad"
        case orderedPairs = "ordered_pairs"
        case tiedPairs = "tied_pairs"
        case medianSeconds = "median_seconds"
        case longerWins = "longer_wins"
        case rewardAgreement = "reward_agreement"
    }
}
