/// A prompt and the candidates to sample for it, decoded as one batch over one shared prompt.
public struct GenerationRequest: Sendable {
    /// One reply to sample.
    public struct Candidate: Sendable, Equatable {
        public var seed: UInt64
        public var sampling: SamplingOptions

        public init(seed: UInt64, sampling: SamplingOptions) {
            self.seed = seed
            self.sampling = sampling
        }
    }

    public var prompt: [TokenID]
    public var candidates: [Candidate]
    /// Tokens a candidate may have at most.
    public var maxTokens: Int
    /// A reply ends before the first of these texts, which is not part of it.
    public var stopStrings: [String]
    /// What every reply must be; a reply ends as soon as nothing can follow.
    public var constraint: TokenConstraint?
    /// Whether text that stood before may be guessed to come again, so that a pass gives several
    /// tokens. Replies are the same either way.
    public var speculates: Bool

    public init(
        prompt: [TokenID], candidates: [Candidate], maxTokens: Int, stopStrings: [String] = [],
        constraint: TokenConstraint? = nil, speculates: Bool = true
    ) {
        self.prompt = prompt
        self.candidates = candidates
        self.maxTokens = maxTokens
        self.stopStrings = stopStrings
        self.constraint = constraint
        self.speculates = speculates
    }
}

/// Why a candidate ended.
public enum FinishReason: String, Sendable, Codable {
    /// An end-of-generation token or a stop string.
    case stop
    /// The token limit, or the context was full.
    case length
    /// The person or the program ended it.
    case cancelled
    /// A judge of ``GenerationCheckpoints`` ended it before it was complete.
    case hopeless
}

/// A finished candidate.
public struct GeneratedReply: Sendable, Equatable, Codable {
    public var text: String
    /// The sampled ids, with the end-of-generation token where there was one.
    public var ids: [TokenID]
    /// Natural-log probability of each id under the model itself (before temperature and the
    /// other samplers).
    public var logProbabilities: [Float]
    public var finishReason: FinishReason
    public var seed: UInt64

    /// Sum of ``logProbabilities``.
    public var logProbability: Double { logProbabilities.reduce(0) { $0 + Double($1) } }

    public init(
        text: String, ids: [TokenID], logProbabilities: [Float], finishReason: FinishReason,
        seed: UInt64
    ) {
        self.text = text
        self.ids = ids
        self.logProbabilities = logProbabilities
        self.finishReason = finishReason
        self.seed = seed
    }
}

/// What a generation did and how long it took; seconds of wall time.
public struct GenerationTimings: Sendable, Equatable, Codable {
    /// Prompt tokens that were read, and those found in the cache.
    public var prefillTokens = 0
    public var cachedTokens = 0
    public var prefillSeconds = 0.0
    /// Tokens sampled, over all candidates.
    public var decodeTokens = 0
    public var decodeSeconds = 0.0
    /// Tokens that were guessed and computed besides, and those of them that were drawn.
    public var draftedTokens = 0
    public var acceptedTokens = 0

    public init() {}

    public static func += (sum: inout Self, other: Self) {
        sum.prefillTokens += other.prefillTokens
        sum.cachedTokens += other.cachedTokens
        sum.prefillSeconds += other.prefillSeconds
        sum.decodeTokens += other.decodeTokens
        sum.decodeSeconds += other.decodeSeconds
        sum.draftedTokens += other.draftedTokens
        sum.acceptedTokens += other.acceptedTokens
    }
}

/// What a running generation reports. ``finished(_:)`` is always the last event, once.
public enum GenerationEvent: Sendable {
    case promptRead(done: Int, total: Int)
    /// `text` is complete characters only, and may be empty while a character or a possible
    /// stop string is held back.
    case token(candidate: Int, id: TokenID, text: String, logProbability: Float)
    /// Text that was held back and turned out to belong to the reply, at its end.
    case text(candidate: Int, String)
    case candidateFinished(candidate: Int, GeneratedReply)
    case finished(GenerationTimings)
}
