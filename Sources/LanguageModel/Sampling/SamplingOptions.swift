/// How the next token is drawn from the model's distribution.
///
/// The defaults are those of a fresh chat; a template's or a person's settings override them
/// one by one. Temperature 0 is greedy: the most probable token after logit bias, constraint
/// and penalties, whatever the other settings. ``Sampler`` documents the order of the steps.
public struct SamplingOptions: Sendable, Equatable, Codable {
    /// Added to the logit of one token; minus infinity bans it.
    public struct LogitBias: Sendable, Equatable, Codable {
        public var token: TokenID
        public var bias: Float

        public init(token: TokenID, bias: Float) {
            self.token = token
            self.bias = bias
        }
    }

    /// "Don't repeat yourself": a penalty on the token that would extend a repeated sequence.
    ///
    /// Where the latest tokens repeat an earlier sequence of length n ≥ ``allowedLength``, the
    /// token that followed there loses `multiplier * base ** (n - allowedLength)`
    /// (text-generation-webui pull request 5677).
    public struct DRY: Sendable, Equatable, Codable {
        /// 0 turns it off.
        public var multiplier: Float = 0
        public var base: Float = 1.75
        /// Longest repetition that costs nothing.
        public var allowedLength: Int = 2
        /// Number of latest tokens searched for repetitions, prompt included; -1 all.
        public var window: Int = -1
        /// A repetition does not reach across these (newline, quotes, control tokens).
        public var breakers: Set<TokenID> = []

        public init() {}
    }

    /// "Exclude top choices": at times all but the least probable of the probable tokens go
    /// (text-generation-webui pull request 6335).
    public struct XTC: Sendable, Equatable, Codable {
        /// How often it applies; 0 turns it off.
        public var probability: Float = 0
        /// Tokens at least this probable count as top choices.
        public var threshold: Float = 0.1

        public init() {}
    }

    /// Mirostat version 2 (Basu et al. 2021, arXiv 2007.14966): keeps the surprise of the
    /// text near a target. Where it is on, the truncating samplers (top-k, typical, top-p,
    /// min-p, XTC) do not run.
    public struct Mirostat: Sendable, Equatable, Codable {
        /// Target surprise in bits a token; 0 turns it off.
        public var tau: Float = 0
        /// Learning rate of the surprise limit.
        public var eta: Float = 0.1

        public init() {}
    }

    /// Divides the logits; 0 is greedy.
    public var temperature: Float = 0.7
    /// Keeps the k most probable tokens; 0 keeps all.
    public var topK: Int = 40
    /// Keeps the smallest set of tokens whose probability reaches p; 1 keeps all.
    public var topP: Float = 0.95
    /// Drops tokens below this share of the most probable one's probability; 0 keeps all.
    ///
    /// Small models spread their doubt over many tokens: of 32 replies to "What is 2 plus 2?"
    /// the default model has 28 right at 0.1 and 12 at 0.05, and they differ as much.
    public var minP: Float = 0.1
    /// Keeps the tokens whose surprise is nearest the distribution's entropy, until their
    /// probability reaches p (Meister et al. 2022, arXiv 2202.00666); 1 keeps all.
    public var typicalP: Float = 1
    /// Divides positive and multiplies negative logits of tokens seen in the last
    /// ``repetitionWindow`` tokens (Keskar et al. 2019, arXiv 1909.05858); 1 changes nothing.
    public var repetitionPenalty: Float = 1
    /// Taken from a token's logit for each time it stands in the window.
    public var frequencyPenalty: Float = 0
    /// Taken from a token's logit once if it stands in the window.
    public var presencePenalty: Float = 0
    /// Number of latest tokens, prompt included, that the penalties look at; 0 none, -1 all.
    public var repetitionWindow: Int = 64
    public var dry = DRY()
    public var xtc = XTC()
    public var mirostat = Mirostat()
    public var logitBias: [LogitBias] = []
    /// No token ends the reply before this many are sampled.
    public var minTokens: Int = 0

    public init() {}

    /// A key that is absent keeps its default, so that records written before a setting
    /// existed still read.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func read<Value: Decodable>(_ key: CodingKeys, into field: inout Value) throws {
            if let value = try values.decodeIfPresent(Value.self, forKey: key) { field = value }
        }
        try read(.temperature, into: &temperature)
        try read(.topK, into: &topK)
        try read(.topP, into: &topP)
        try read(.minP, into: &minP)
        try read(.typicalP, into: &typicalP)
        try read(.repetitionPenalty, into: &repetitionPenalty)
        try read(.frequencyPenalty, into: &frequencyPenalty)
        try read(.presencePenalty, into: &presencePenalty)
        try read(.repetitionWindow, into: &repetitionWindow)
        try read(.dry, into: &dry)
        try read(.xtc, into: &xtc)
        try read(.mirostat, into: &mirostat)
        try read(.logitBias, into: &logitBias)
        try read(.minTokens, into: &minTokens)
    }
}
