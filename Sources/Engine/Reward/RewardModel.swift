import Foundation
import LanguageModel

/// Gives hidden states of replies to one prompt; a ``Generator`` or a test's double.
public protocol HiddenStateSource {
    /// As ``Generator/hiddenStates(prompt:replies:layers:)``.
    func hiddenStates(prompt: [TokenID], replies: [[TokenID]], layers: [Int]) throws -> [[[Float]]]
}

extension Generator: HiddenStateSource {}

/// Prompt + reply → one number. Higher is better; differences between replies to one prompt
/// mean something; what its zero is ``scale`` says.
public protocol RewardModel: Sendable {
    var name: String { get }
    /// SHA-256 of the file, in hex.
    var fingerprint: String { get }
    /// Mean and spread of the scores on the training replies.
    var scale: RewardScale { get }

    /// Whether a reply ends with the end-of-turn token when it is scored.
    var addsEndOfTurn: Bool { get }

    /// Whether text is read as the chat template lays out the finished conversation, as the
    /// libraries do that published reward models are trained with; such a model is given an
    /// empty prompt and whole conversations as replies (``LoadedModel/conversationIDs(_:reply:isPlain:)``).
    var readsWholeConversations: Bool { get }

    /// Names of what the head puts out; the first is the reward.
    var outputNames: [String] { get }

    /// Refuses a base model the head was not trained for. A chat template other than the one
    /// of its training is allowed and returned as a warning.
    func check(_ model: LoadedModel) throws -> [String]

    /// Scores replies to one prompt together; the prompt is read once.
    ///
    /// `replies` are as ``LoadedModel/normalized(reply:endsTurn:)`` gives them, so that cut and
    /// complete replies are read alike; ``InferenceActor/score(prompt:replies:by:)`` sees to it.
    func score(
        prompt: [TokenID], replies: [[TokenID]], with source: any HiddenStateSource
    ) throws -> [Double]

    /// All outputs of the head for each reply, in the order of ``outputNames``.
    func outputs(
        prompt: [TokenID], replies: [[TokenID]], with source: any HiddenStateSource
    ) throws -> [[Double]]
}

extension RewardModel {
    /// The part of a reply that is read: at most so many tokens, without padding at the end, as
    /// in transformers, where the head reads the last token that is not padding. Something is
    /// left of a reply that stands alone; others may be read at their prompt's end.
    public static func readPart(
        of reply: [TokenID], most: Int? = nil, padding: TokenID?, isAlone: Bool = false
    ) -> [TokenID] {
        var ids = Array(reply.prefix(most ?? reply.count))
        while ids.count > (isAlone ? 1 : 0), let padding, ids.last == padding { ids.removeLast() }
        return ids
    }

    public var readsWholeConversations: Bool { false }
    public var outputNames: [String] { ["reward"] }

    public func outputs(
        prompt: [TokenID], replies: [[TokenID]], with source: any HiddenStateSource
    ) throws -> [[Double]] {
        try score(prompt: prompt, replies: replies, with: source).map { [$0] }
    }
}

/// What is known of a trained reward model without its numbers: whose it is, how it was made,
/// how far to trust it.
public protocol RewardSpecification: Sendable, Encodable {
    var name: String { get }
    var createdAt: Date? { get }
    var baseModel: String { get }
    /// ``ModelInfo/fingerprint`` of the base model.
    var baseFingerprint: String { get }
    /// SHA-256 of the base model's chat template text; nil for plain text.
    var chatTemplateHash: String? { get }
    var scale: RewardScale { get }
    var training: RewardTraining { get }
    /// What of the model it reads, for the card.
    var method: String { get }
}

extension RewardSpecification {
    /// Refuses a base model it was not trained for; warns of another chat template.
    public func check(_ model: LoadedModel) throws -> [String] {
        guard model.info.fingerprint == baseFingerprint else {
            throw EngineError.rewardMismatch(
                reward: name, expected: "\(baseModel) (\(baseFingerprint.prefix(12)))",
                found: "\(model.info.name) (\(model.info.fingerprint.prefix(12)))")
        }
        guard let expected = chatTemplateHash, model.chatTemplateHash != expected else {
            return []
        }
        return [
            "The reward model \(name) was trained with another chat template; "
                + "its scores may not mean the same here."
        ]
    }
}

/// What a score is to be compared with.
public struct RewardScale: Sendable, Equatable, Codable {
    /// Mean score of the training replies: 0 for heads, which are shifted so.
    public var mean: Double
    /// Standard deviation of the scores of the training replies.
    public var spread: Double

    public init(mean: Double, spread: Double) {
        self.mean = mean
        self.spread = spread
    }
}
