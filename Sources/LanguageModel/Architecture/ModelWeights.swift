/// A model's weights by their role, whatever the file calls them. Shapes are checked against
/// the ``Architecture`` when bound, so the forward pass need not.
public struct ModelWeights: Sendable {
    /// [vocabulary, width]
    public var tokenEmbedding: WeightMatrix
    /// [positions, width]
    public var positionEmbedding: WeightMatrix?
    public var layers: [LayerWeights]
    public var outputNorm: NormWeights
    /// [vocabulary, width]; the token embedding where the two are tied.
    public var output: Linear
}

/// y = matrix · x + bias.
public struct Linear: Sendable {
    /// [outputs, inputs]
    public var matrix: WeightMatrix
    public var bias: [Float]?
}

public struct NormWeights: Sendable {
    /// Of the normed row's width. What a family adds to its weights (Gemma's 1) is in.
    public var weight: [Float]
    public var bias: [Float]?
}

/// One block. Norms that the architecture does not have are nil.
public struct LayerWeights: Sendable {
    public var attentionNorm: NormWeights?
    /// [headCount · headSize, width]
    public var query: Linear
    /// [keyValueHeadCount · headSize, width]
    public var key: Linear
    /// [keyValueHeadCount · valueHeadSize, width]
    public var value: Linear
    /// [width, headCount · valueHeadSize]
    public var attentionOutput: Linear
    /// headSize weights, headCount · headSize where heads differ or are normed together.
    public var queryNorm: NormWeights?
    public var keyNorm: NormWeights?
    /// Applied to attention's output before it is added.
    public var postAttentionNorm: NormWeights?
    public var feedForwardNorm: NormWeights?
    public var feedForward: FeedForwardWeights
    public var postFeedForwardNorm: NormWeights?
}

public enum FeedForwardWeights: Sendable {
    case dense(DenseWeights)
    /// The router is [experts, width].
    case experts(router: Linear, experts: [DenseWeights])
}

public struct DenseWeights: Sendable {
    /// [hidden, width]; nil where the feed-forward is not gated.
    public var gate: Linear?
    /// [hidden, width]
    public var up: Linear
    /// [width, hidden]
    public var down: Linear
}
