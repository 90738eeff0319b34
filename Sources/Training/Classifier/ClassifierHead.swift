import Engine
import Foundation
import LanguageModel

/// A classifier on a frozen model: one logistic row a label over pooled hidden states, the
/// probabilities normalised over labels (two labels share one row).
///
/// File: safetensors with tensors `mean`, `deviation` [width], `weights` [rows, width], `bias`
/// [rows], and in its metadata `format` ("riposte-head") and `specification` (JSON).
public struct ClassifierHead: Sendable, Equatable {
    public typealias Feature = FeatureRewardModel.Feature

    public struct Specification: Sendable, Equatable, Codable {
        public var name: String
        public var baseModel: String
        public var baseFingerprint: String
        public var labels: [String]
        public var embeddingWidth: Int
        public var features: [Feature]
        /// What stands around a text; files before there were forms have none.
        public var form: TextForm?
        /// Tokens of a text and its form that are read.
        public var maxTokens: Int
        public var examples: Int
        public var heldOutAccuracy: Double?
        public var heldOutInterval: [Double]?
    }

    public static let formatName = "riposte-head"

    public var specification: Specification
    public var mean: [Float]
    public var deviation: [Float]
    public var weights: [Float]
    public var bias: [Float]

    public var labels: [String] { specification.labels }
    var width: Int { specification.features.count * specification.embeddingWidth }
    static func rows(labels: Int) -> Int { labels == 2 ? 1 : labels }

    /// A text as the head reads it.
    public func ids(_ text: String, with tokenizer: any Tokenizer) -> [TokenID] {
        specification.form.ids(text, with: tokenizer, maxTokens: specification.maxTokens)
    }

    /// Label probabilities of texts, several read together.
    ///
    /// - Parameter texts: of ``ids(_:with:)``.
    public func probabilities(_ texts: [[TokenID]], with source: any HiddenStateSource) throws
        -> [[Double]]
    {
        try Self.features(
            texts, specification.features, width: specification.embeddingWidth, with: source
        ).map { probabilities(features: $0) }
    }

    func probabilities(features x: [Float]) -> [Double] {
        let margins = bias.indices.map { row in
            var sum = Double(bias[row])
            for k in 0..<width {
                sum += Double(weights[row * width + k]) * Double((x[k] - mean[k]) / deviation[k])
            }
            return sum
        }
        return Self.probabilities(margins: margins)
    }

    /// Two labels: σ of one row. More: each label's σ against all others, normalised.
    static func probabilities(margins: [Double]) -> [Double] {
        if margins.count == 1 {
            let p = sigmoid(margins[0])
            return [1 - p, p]
        }
        let each = margins.map(sigmoid)
        let sum = each.reduce(0, +)
        return each.map { $0 / max(sum, .leastNormalMagnitude) }
    }

    /// Pooled states of texts: texts are packed as replies to an empty prompt.
    static func features(
        _ texts: [[TokenID]], _ features: [Feature], width: Int,
        with source: any HiddenStateSource
    ) throws -> [[Float]] {
        try FeatureRewardModel.featureVectors(
            prompt: [], replies: texts, features, embeddingWidth: width, with: source)
    }

    // MARK: File

    public func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(specification), as: UTF8.self)
        try SafetensorsFile(
            tensors: [
                "mean": .init(shape: [width], values: mean),
                "deviation": .init(shape: [width], values: deviation),
                "weights": .init(shape: [bias.count, width], values: weights),
                "bias": .init(shape: [bias.count], values: bias),
            ], metadata: ["format": Self.formatName, "specification": text]
        ).write(to: path)
    }

    /// - Throws: ``TrainingError/invalidHead(path:reason:)``.
    public init(contentsOf path: String) throws {
        func fail(_ reason: String) -> TrainingError { .invalidHead(path: path, reason: reason) }
        let file: SafetensorsFile
        do { file = try SafetensorsFile(contentsOf: path) } catch {
            throw fail("it cannot be read as a safetensors file")
        }
        guard file.metadata["format"] == Self.formatName,
            let text = file.metadata["specification"]
        else { throw fail("it is not a classifier's head") }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        do {
            specification = try decoder.decode(Specification.self, from: Data(text.utf8))
        } catch { throw fail("its specification cannot be read") }
        let width = specification.features.count * specification.embeddingWidth
        let rows = Self.rows(labels: specification.labels.count)
        func floats(_ name: String, _ count: Int) throws -> [Float] {
            guard let entry = file.tensors[name], entry.values.count == count,
                entry.values.allSatisfy(\.isFinite)
            else { throw fail("\(name) does not have \(count) finite numbers") }
            return entry.values
        }
        guard width > 0, specification.labels.count >= 2 else { throw fail("it is empty") }
        mean = try floats("mean", width)
        deviation = try floats("deviation", width)
        weights = try floats("weights", rows * width)
        bias = try floats("bias", rows)
        guard deviation.allSatisfy({ $0 > 0 }) else { throw fail("a deviation is not positive") }
    }

    init(
        specification: Specification, mean: [Float], deviation: [Float], weights: [Float],
        bias: [Float]
    ) {
        self.specification = specification
        self.mean = mean
        self.deviation = deviation
        self.weights = weights
        self.bias = bias
    }

    /// Refuses a base model that the head was not trained for.
    public func check(_ model: ModelInfo) throws {
        guard model.fingerprint == specification.baseFingerprint else {
            throw EngineError.rewardMismatch(
                reward: specification.name, expected: specification.baseModel, found: model.name)
        }
    }
}
