import Foundation
import LanguageModel

/// Gives hidden states of replies to one prompt; a ``Generator`` or a test's double.
public protocol HiddenStateSource {
    /// As ``Generator/hiddenStates(prompt:replies:layers:)``.
    func hiddenStates(prompt: [TokenID], replies: [[TokenID]], layers: [Int]) throws -> [[[Float]]]
}

extension Generator: HiddenStateSource {}

/// Prompt + reply → one number. Higher is better; differences between replies to one prompt
/// mean something, the zero is the mean over the training replies.
public protocol RewardModel: Sendable {
    var name: String { get }
    /// SHA-256 of the file, in hex.
    var fingerprint: String { get }
    /// Mean and spread of the scores on the training replies.
    var scale: RewardScale { get }

    /// Whether a reply ends with the end-of-turn token when it is scored.
    var addsEndOfTurn: Bool { get }

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
}

/// What a score is to be compared with.
public struct RewardScale: Sendable, Equatable, Codable {
    /// Mean score of the training replies: 0 after the shift.
    public var mean: Double
    /// Standard deviation of the scores of the training replies.
    public var spread: Double

    public init(mean: Double, spread: Double) {
        self.mean = mean
        self.spread = spread
    }
}
