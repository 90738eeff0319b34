import LanguageModel

/// A model's weights as float32, for training passes that change adapters only.
///
/// Takes 4 bytes a weight of the blocks; rows of the embedding and of the output head are read
/// from the file as needed.
public final class FrozenBody: Sendable {
    struct Matrix: Sendable {
        /// [outputs, inputs]
        var values: [Float]
        var outputs: Int
        var inputs: Int
        var bias: [Float]?
    }

    struct Layer: Sendable {
        var headCount: Int
        var keyValueHeadCount: Int
        var hiddenWidth: Int
        var rope: Int?
        var slidingWindow: Int?
        var attentionNorm: [Float]?
        var query: Matrix
        var key: Matrix
        var value: Matrix
        var attentionOutput: Matrix
        var queryNorm: [Float]?
        var keyNorm: [Float]?
        var postAttentionNorm: [Float]?
        var feedForwardNorm: [Float]?
        var gate: Matrix
        var up: Matrix
        var down: Matrix
        var postFeedForwardNorm: [Float]?
    }

    let architecture: Architecture
    let embedding: WeightMatrix
    let layers: [Layer]
    let outputNorm: [Float]
    /// From the normed state to logits: [vocabulary, width].
    let output: WeightMatrix

    public var width: Int { architecture.width }
    public var layerCount: Int { layers.count }

    /// - Throws: ``TrainingError/unsupported(architecture:reason:)`` for what the backward pass
    ///   does not cover: layer norms, mixtures of experts, plain feed-forwards, exact GELU,
    ///   learned positions, parallel residuals.
    public init(architecture: Architecture, weights: ModelWeights) throws {
        try Self.check(architecture)
        self.architecture = architecture
        embedding = weights.tokenEmbedding
        outputNorm = weights.outputNorm.weight
        output = weights.output.matrix
        layers = try zip(architecture.layers, weights.layers).map { shape, weights in
            guard case .dense(let hidden) = shape.feedForward,
                case .dense(let dense) = weights.feedForward, let gate = dense.gate
            else {
                throw TrainingError.unsupported(
                    architecture: architecture.family, reason: "a feed-forward has no gate")
            }
            return Layer(
                headCount: shape.headCount, keyValueHeadCount: shape.keyValueHeadCount,
                hiddenWidth: hidden, rope: shape.rope, slidingWindow: shape.slidingWindow,
                attentionNorm: weights.attentionNorm?.weight, query: Self.matrix(weights.query),
                key: Self.matrix(weights.key), value: Self.matrix(weights.value),
                attentionOutput: Self.matrix(weights.attentionOutput),
                queryNorm: weights.queryNorm?.weight, keyNorm: weights.keyNorm?.weight,
                postAttentionNorm: weights.postAttentionNorm?.weight,
                feedForwardNorm: weights.feedForwardNorm?.weight, gate: Self.matrix(gate),
                up: Self.matrix(dense.up), down: Self.matrix(dense.down),
                postFeedForwardNorm: weights.postFeedForwardNorm?.weight)
        }
    }

    private static func matrix(_ linear: Linear) -> Matrix {
        Matrix(
            values: linear.matrix.floats(), outputs: linear.matrix.rows,
            inputs: linear.matrix.columns, bias: linear.bias)
    }

    private static func check(_ architecture: Architecture) throws {
        func refuse(_ reason: String) -> TrainingError {
            .unsupported(architecture: architecture.family, reason: reason)
        }
        guard architecture.norm == .rms else { throw refuse("they use layer norms") }
        guard architecture.experts == nil else { throw refuse("they are mixtures of experts") }
        guard architecture.isGated else { throw refuse("their feed-forward has no gate") }
        switch architecture.activation {
        case .silu, .geluTanh: break
        case .gelu: throw refuse("they use the exact GELU")
        case .relu: throw refuse("they use ReLU")
        }
        guard architecture.residual == .sequential else {
            throw refuse("attention and feed-forward stand side by side")
        }
        guard architecture.learnedPositionOffset == nil else {
            throw refuse("their positions are learned")
        }
        guard architecture.headSize == architecture.valueHeadSize else {
            throw refuse("keys and values differ in size")
        }
        switch architecture.queryKeyNorm {
        case .none, .perHead: break
        case .layerNormPerHead, .wholeRow:
            throw refuse("queries and keys are normed in a way that has no backward pass here")
        }
    }

    /// Angles of a rotation: cosines and sines, dimension/2 a position.
    func rotation(_ index: Int, positions: Int) -> (cosines: [Float], sines: [Float]) {
        let rope = architecture.ropes[index]
        let long = rope.long.flatMap { positions > $0.threshold ? $0.inverseFrequencies : nil }
        var cosines: [Float] = []
        var sines: [Float] = []
        for position in 0..<positions {
            for frequency in long ?? rope.inverseFrequencies {
                // transformers computes the angle in float32, and so must this.
                let angle = Double(Float(position) * frequency)
                cosines.append(Float(cosine(angle)) * rope.attentionFactor)
                sines.append(Float(sine(angle)) * rope.attentionFactor)
            }
        }
        return (cosines, sines)
    }
}
