import Engine
import LanguageModel

/// How adapters and a head are fitted, be it to comparisons or to labels.
public struct AdapterOptions: Sendable, Equatable, Codable {
    public var rank = 8
    /// Adapters are scaled by alpha / rank.
    public var alpha: Float = 16
    public var adapterRate = 3e-4
    public var headRate = 1e-3
    public var epochs = 1
    /// Items a step: prompts with their replies, or texts.
    public var itemsPerStep = 8
    /// Share of the steps that warm up, and of the rate that is left at the end.
    public var warmup = 0.1
    public var floor = 0.1
    /// Largest norm of a gradient; 0 clips nothing.
    public var clip = 1.0
    public var decay: Float = 0
    /// Rows of the packed batch that go through the body at once; bounds the memory.
    public var rowsAtOnce = 1024
    /// Shares of the groups (prompts, texts) that decide when to stop, and that only judge the
    /// result.
    public var validationShare = 0.1
    public var testShare = 0.1
    /// Evaluations an epoch.
    public var evaluations = 8
    /// Stops after this many evaluations without a lower held-out loss.
    public var patience = 4
    public var checkpointEvery = 20
    public var seed: UInt64 = 0

    public init() {}

    /// What each group is for.
    enum Part { case training, validation, test }

    /// - Parameter fewest: groups left for training below which none decides when to stop: that
    ///   would rest on a handful.
    func split(groups: Int, fewest: Int) -> [Part] {
        let isTest = Fold.holdOut(groups: groups, share: testShare, seed: seed)
        let left = (0..<groups).filter { !isTest[$0] }
        let decides = Fold.holdOut(
            groups: left.count, share: left.count < fewest ? 0 : validationShare, seed: seed &+ 1)
        var parts = isTest.map { $0 ? Part.test : .training }
        for (place, group) in left.enumerated() where decides[place] { parts[group] = .validation }
        return parts
    }
}

/// A step of training as it is reported.
public struct TrainingStep: Sendable {
    public var step: Int
    public var loss: Double
    /// Before clipping.
    public var gradientNorm: Double
    /// Of the adapters.
    public var learningRate: Double
    /// Tokens that went through the body.
    public var tokens: Int
    public var tokensPerSecond: Double
}
