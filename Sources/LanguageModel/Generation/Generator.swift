/// Runs a model: samples replies, and gives log-probabilities and hidden states.
///
/// Synchronous and owned by one thread; it holds the key-value cache, in which the longest
/// common prefix with anything read before is found again.
public final class Generator {
    public let model: Model

    public init(model: Model) throws {
        self.model = model
    }

    /// Samples the candidates of a request. Every event comes on the calling thread; the last
    /// is always ``GenerationEvent/finished(_:)``, also when cancelled.
    @discardableResult
    public func generate(
        _ request: GenerationRequest, control: GenerationControl = GenerationControl(),
        onEvent: (GenerationEvent) -> Void
    ) throws -> [GeneratedReply] {
        fatalError("skeleton: being written")
    }

    /// The log-probability of each id given those before it.
    ///
    /// - Returns: an element a position: `logProbability` of `ids[i]` given `ids[..<i]` (nil
    ///   at 0), and the `top` most probable next tokens.
    public func logProbabilities(of ids: [TokenID], top: Int = 0) throws -> [PositionLogProbability] {
        fatalError("skeleton: being written")
    }

    /// Natural-log probability of each continuation after the prompt, summed over its ids.
    /// The prompt is read once.
    public func logProbabilities(ofContinuations continuations: [[TokenID]], after prompt: [TokenID])
        throws -> [[Float]]
    {
        fatalError("skeleton: being written")
    }

    /// Hidden states of replies to one prompt, which is read once for all of them.
    ///
    /// `layers` counts blocks: n is the residual stream after n blocks; `layerCount` is the
    /// state after the final norm.
    /// - Returns: for each reply, for each layer asked for, the states of its tokens, row by
    ///   row: `replies[r].count * embeddingWidth` floats.
    public func hiddenStates(
        prompt: [TokenID], replies: [[TokenID]], layers: [Int]
    ) throws -> [[[Float]]] {
        fatalError("skeleton: being written")
    }
}

public struct PositionLogProbability: Sendable {
    public var id: TokenID
    public var logProbability: Float?
    public var top: [(id: TokenID, logProbability: Float)]
}
