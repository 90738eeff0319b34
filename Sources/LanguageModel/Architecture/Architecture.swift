/// What one forward pass must know about a model, whatever its family.
///
/// A family is a function from a file's settings to this description (``ModelFamily``). The
/// forward pass reads the description and ``ModelWeights`` alone: it never asks for a family's
/// name. A block computes
///
///     x += residualScale * attention(norm(x))       and       x += residualScale * ffn(norm(x))
///
/// with the variations that the fields below state.
public struct Architecture: Sendable, Equatable {
    /// The family's name as llama.cpp or transformers has it; for display only.
    public var family: String
    /// Width of the residual stream.
    public var width: Int
    public var vocabularySize: Int
    /// Tokens the model was trained for.
    public var contextLength: Int
    /// Numbers in a query or key head.
    public var headSize: Int
    /// Numbers in a value head.
    public var valueHeadSize: Int
    public var layers: [Layer]

    public var norm = Norm.rms
    /// Added to the variance before the root.
    public var normEpsilon: Float = 1e-5
    public var normPlacement = NormPlacement.pre
    public var queryKeyNorm = QueryKeyNorm.none
    public var residual = Residual.sequential

    public var activation = Activation.silu
    /// `down(act(gate x) * up x)` rather than `down(act(up x))`.
    public var isGated = true
    public var experts: Experts?

    /// The rotations that layers refer to; empty where positions are learned.
    public var ropes: [Rope] = []
    /// Token i takes row i + offset of the position embedding; nil where there is none.
    public var learnedPositionOffset: Int?

    /// Embedding rows are multiplied by this.
    public var embeddingScale: Float = 1
    /// What attention and feed-forward add to the stream is multiplied by this.
    public var residualScale: Float = 1
    /// q·k is multiplied by this: 1/√headSize unless the family says otherwise.
    public var attentionScale: Float
    /// Logits are multiplied by this.
    public var logitScale: Float = 1
    /// Scores s become cap·tanh(s/cap) before the mask; nil leaves them.
    public var attentionSoftCap: Float?
    /// The same for logits, after ``logitScale``.
    public var logitSoftCap: Float?
    /// The output head is the token embedding.
    public var isOutputTied = false

    public var layerCount: Int { layers.count }
}

extension Architecture {
    /// What may differ from layer to layer.
    public struct Layer: Sendable, Equatable {
        public var headCount: Int
        /// Query heads i·headCount/keyValueHeadCount … share key-value head i.
        public var keyValueHeadCount: Int
        public var feedForward: FeedForward
        /// Index into ``Architecture/ropes``; nil where the layer does not rotate.
        public var rope: Int?
        /// Token i sees tokens j with i - j < window; nil is all before it.
        public var slidingWindow: Int?
    }

    public enum FeedForward: Sendable, Equatable {
        case dense(width: Int)
        /// As ``Architecture/experts`` says.
        case experts
    }

    public enum Norm: Sendable, Equatable {
        /// x / √(mean(x²) + ε) · w. Families that train w - 1 have 1 added when bound.
        case rms
        /// (x - mean) / √(variance + ε) · w + b, where b may be missing.
        case layer
    }

    /// Where the norms of attention and feed-forward stand.
    public enum NormPlacement: Sendable, Equatable {
        /// Before each.
        case pre
        /// After each, before it is added to the stream (OLMo 2).
        case post
        /// Before and after (Gemma 2 and 3).
        case both
    }

    /// Norm of queries and keys, before the rotation.
    public enum QueryKeyNorm: Sendable, Equatable {
        case none
        /// Each head by itself, all heads with the same weights of `headSize`.
        case perHead
        /// Each head by itself, each with weights of its own: [headCount, headSize] (StableLM).
        /// The norm is a layer norm without bias.
        case layerNormPerHead
        /// All heads together as one row of headCount · headSize (OLMo 2).
        case wholeRow
    }

    public enum Residual: Sendable, Equatable {
        /// The feed-forward reads the stream after attention was added.
        case sequential
        /// Attention and feed-forward both read the stream at the block's start. With
        /// `sharedNorm` also the same normed row: there is no feed-forward norm.
        case parallel(sharedNorm: Bool)
    }

    public enum Activation: Sendable, Equatable {
        case silu
        /// 0.5x(1 + tanh(√(2/π)(x + 0.044715x³))).
        case geluTanh
        /// 0.5x(1 + erf(x/√2)).
        case gelu
        /// max(x, 0).
        case relu
    }

    /// A mixture of experts: the router's probabilities pick `usedCount` of `count`.
    public struct Experts: Sendable, Equatable {
        public var count: Int
        public var usedCount: Int
        /// Width of each expert's hidden row.
        public var width: Int
        /// Softmax over all experts first, then the largest; otherwise over the chosen alone.
        public var softmaxBeforeSelection: Bool
        /// The chosen experts' probabilities are divided by their sum. (Without effect where
        /// the softmax is over the chosen alone.)
        public var normalizesWeights: Bool
    }

    /// Rotary positions (Su et al. 2021, arXiv 2104.09864): pair i of a head at position p is
    /// turned by p · inverseFrequencies[i], and both cos and sin are multiplied by
    /// `attentionFactor`.
    public struct Rope: Sendable, Equatable {
        public enum Pairing: Sendable, Equatable {
            /// Numbers 2i and 2i + 1: llama GGUF files, whose rows are permuted for it.
            case interleaved
            /// Numbers i and i + dimension/2 (NeoX, and all safetensors).
            case halves
        }

        /// Rotated numbers at the start of each head; the rest pass as they are.
        public var dimension: Int
        public var pairing: Pairing
        /// dimension/2 angles a position, scaling applied.
        public var inverseFrequencies: [Float]
        public var attentionFactor: Float = 1
        /// For sequences longer than `LongRope/threshold`.
        public var long: LongRope?
    }

    /// LongRoPE's second set of frequencies: a sequence of more than `threshold` tokens is
    /// rotated with these from its first token on, so keys cached before it grew so long must
    /// be computed anew.
    public struct LongRope: Sendable, Equatable {
        public var threshold: Int
        public var inverseFrequencies: [Float]
    }
}
