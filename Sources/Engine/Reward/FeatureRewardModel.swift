import Foundation
import LanguageModel

/// A trained linear head over pooled hidden states of a frozen model ("feature extraction").
///
/// r = bias + Σ_k weights[k] · (x[k] − mean[k]) / deviation[k], where x concatenates, feature
/// by feature, the pooled hidden state of a layer.
public struct FeatureRewardModel: RewardModel, Equatable {
    public enum Pooling: String, Sendable, Codable, CaseIterable {
        /// State at the reply's last token.
        case lastToken = "last"
        /// Mean of the states over the reply's tokens.
        case mean
        /// Their sum over √n: a mean that weighs more in a longer reply.
        case sum
        /// The largest value over the reply's tokens, number by number.
        case max
        /// No state, but two numbers: log(1 + n) and n/100 of the reply's n tokens.
        case length

        /// Those that pool hidden states.
        public static let ofStates: [Pooling] = [.lastToken, .mean, .sum, .max]
    }

    /// One pooled layer; `layer` counts blocks as ``Generator/hiddenStates(prompt:replies:layers:)``
    /// does.
    public struct Feature: Sendable, Equatable, Hashable, Codable {
        public var layer: Int
        public var pooling: Pooling

        public init(layer: Int, pooling: Pooling) {
            self.layer = layer
            self.pooling = pooling
        }

        /// The reply's length; it belongs to no layer.
        public static let length = Feature(layer: 0, pooling: .length)

        /// Numbers in the feature's vector.
        public func width(embeddingWidth: Int) -> Int { pooling == .length ? 2 : embeddingWidth }

        var text: String {
            pooling == .length ? "length" : "layer \(layer) \(pooling.rawValue)"
        }
    }

    /// Everything about the head but its numbers; the JSON header of the file.
    public struct Specification: RewardSpecification, Equatable, Codable {
        public var name: String
        /// Nil in what this program writes: equal trainings give equal files.
        public var createdAt: Date?
        public var baseModel: String
        /// ``ModelInfo/fingerprint`` of the base model.
        public var baseFingerprint: String
        /// SHA-256 of the base model's chat template text; nil for plain text.
        public var chatTemplateHash: String?
        public var embeddingWidth: Int
        public var features: [Feature]
        /// Whether a reply ends with the end-of-turn token when it is pooled.
        public var addsEndOfTurn: Bool
        /// Prompt tokens kept at most, counted from the end; nil keeps all.
        public var maxPromptTokens: Int?
        /// Reply tokens kept at most, counted from the beginning; nil keeps all.
        public var maxReplyTokens: Int?
        public var scale: RewardScale
        public var training: RewardTraining

        public init(
            name: String, createdAt: Date? = nil, baseModel: String, baseFingerprint: String,
            chatTemplateHash: String?, embeddingWidth: Int, features: [Feature],
            addsEndOfTurn: Bool, maxPromptTokens: Int? = nil, maxReplyTokens: Int? = nil,
            scale: RewardScale, training: RewardTraining
        ) {
            self.name = name
            self.createdAt = createdAt
            self.baseModel = baseModel
            self.baseFingerprint = baseFingerprint
            self.chatTemplateHash = chatTemplateHash
            self.embeddingWidth = embeddingWidth
            self.features = features
            self.addsEndOfTurn = addsEndOfTurn
            self.maxPromptTokens = maxPromptTokens
            self.maxReplyTokens = maxReplyTokens
            self.scale = scale
            self.training = training
        }

        /// Length of a feature vector.
        public var width: Int {
            features.reduce(0) { $0 + $1.width(embeddingWidth: embeddingWidth) }
        }

        public var method: String {
            "linear head on "
                + features.map(\.text).joined(separator: ", ")
        }
    }

    public var specification: Specification
    /// Standardisation and weights: `features.count * embeddingWidth` numbers each.
    public var mean: [Float]
    public var deviation: [Float]
    public var weights: [Float]
    public var bias: Float
    /// SHA-256 of the file; empty before ``write(to:)``.
    public private(set) var fingerprint: String

    public var name: String { specification.name }
    public var scale: RewardScale { specification.scale }
    public var addsEndOfTurn: Bool { specification.addsEndOfTurn }
    /// Length of a feature vector.
    public var width: Int { specification.width }

    public init(
        specification: Specification, mean: [Float], deviation: [Float], weights: [Float],
        bias: Float, fingerprint: String = ""
    ) {
        let width = specification.width
        precondition(
            mean.count == width && deviation.count == width && weights.count == width,
            "a head needs one mean, deviation and weight a feature")
        self.specification = specification
        self.mean = mean
        self.deviation = deviation
        self.weights = weights
        self.bias = bias
        self.fingerprint = fingerprint
    }

    /// Writes the head as one file, atomically, and remembers its hash.
    public mutating func write(to path: String) throws {
        let data = try encoded()
        try AtomicFile.write(data, to: path)
        fingerprint = SHA256.hex(of: data)
    }

    public func check(_ model: LoadedModel) throws -> [String] {
        let warnings = try specification.check(model)
        guard model.info.embeddingWidth == specification.embeddingWidth,
            specification.features.allSatisfy({ (0...model.info.layerCount).contains($0.layer) })
        else {
            throw EngineError.invalidReward(
                path: name, reason: "it reads layers that \(model.info.name) does not have")
        }
        return warnings
    }

    public func score(
        prompt: [TokenID], replies: [[TokenID]], with source: any HiddenStateSource
    ) throws -> [Double] {
        try featureVectors(prompt: prompt, replies: replies, with: source).map(score(features:))
    }

    /// The head alone, on a vector of ``width`` numbers.
    public func score(features x: [Float]) -> Double {
        precondition(x.count == width, "a feature vector has \(width) numbers")
        var sum = Double(bias)
        for k in 0..<width {
            sum += Double(weights[k]) * Double(x[k] - mean[k]) / Double(deviation[k])
        }
        return sum
    }
}
