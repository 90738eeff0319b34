/// How the head was made and how far to trust it; part of the card.
public struct RewardTraining: Sendable, Equatable, Codable {
    public var method: String
    /// Names of the data sources with the number of items from each.
    public var sources: [String: Int]
    public var prompts: Int
    public var pairs: Int
    /// The newest of the store's rankings that it learnt from; nil where it learnt from none.
    public var latestRanking: Int64?
    public var regularization: Double
    /// Held-out pairwise accuracy with its 95 % interval, bootstrapped by prompt.
    public var heldOutAccuracy: Double?
    public var heldOutInterval: [Double]?
    /// Share of pairs in which the longer reply was preferred.
    public var longerWins: Double?
    public var notes: [String]

    public init(
        method: String, sources: [String: Int] = [:], prompts: Int = 0, pairs: Int = 0,
        latestRanking: Int64? = nil, regularization: Double = 0, heldOutAccuracy: Double? = nil,
        heldOutInterval: [Double]? = nil, longerWins: Double? = nil, notes: [String] = []
    ) {
        self.method = method
        self.sources = sources
        self.prompts = prompts
        self.pairs = pairs
        self.latestRanking = latestRanking
        self.regularization = regularization
        self.heldOutAccuracy = heldOutAccuracy
        self.heldOutInterval = heldOutInterval
        self.longerWins = longerWins
        self.notes = notes
    }
}
