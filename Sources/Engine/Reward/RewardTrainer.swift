/// Learns a reward model from a person's rankings. The engine only says what it needs of one:
/// the program brings that of the module `Training`.
public protocol RewardTrainer: Sendable {
    /// Trains, and judges the result beside the reward model in use. It checks for cancellation
    /// and may take minutes; the caller gives it a thread of its own.
    ///
    /// - Parameters:
    ///   - source: hidden states of the request's model.
    ///   - progress: shares from 0 to 1, ascending.
    func train(
        _ request: RewardTrainingRequest, source: any HiddenStateSource,
        progress: @escaping (Double) -> Void
    ) throws -> RewardOffer
}

/// What a reward model is to be learnt from, and what it must do better than.
public struct RewardTrainingRequest: Sendable {
    /// Name of the new reward model.
    public var name: String
    public var rankings: [RankingRecord]
    public var model: LoadedModel
    /// The reward model in use; nil where there is none.
    public var present: (any RewardModel)?
    /// The newest ranking that ``present`` learnt from; nil where it learnt from none.
    public var presentLearntUpTo: Int64?

    public init(
        name: String, rankings: [RankingRecord], model: LoadedModel,
        present: (any RewardModel)? = nil, presentLearntUpTo: Int64? = nil
    ) {
        self.name = name
        self.rankings = rankings
        self.model = model
        self.present = present
        self.presentLearntUpTo = presentLearntUpTo
    }
}

/// A new reward model that nobody has taken yet: it is in no file.
public struct RewardOffer: Sendable, Equatable {
    public var model: FeatureRewardModel
    public var contest: RewardContest

    public init(model: FeatureRewardModel, contest: RewardContest) {
        self.model = model
        self.contest = contest
    }
}

/// How often two reward models agree with the person, on rankings that neither learnt from.
public struct RewardContest: Sendable, Equatable {
    /// Comparisons with a winner, and the prompts that they belong to.
    public var comparisons: Int
    public var prompts: Int
    /// Share of the comparisons that the new model has right.
    public var accuracy: Double
    /// Name of the model in use; nil where there is none, and a coin stands in for it.
    public var present: String?
    public var presentAccuracy: Double
    /// Whether the 95 % interval of the difference, bootstrapped by prompt, includes none.
    public var mayBeChance: Bool

    public init(
        comparisons: Int, prompts: Int, accuracy: Double, present: String?,
        presentAccuracy: Double, mayBeChance: Bool
    ) {
        self.comparisons = comparisons
        self.prompts = prompts
        self.accuracy = accuracy
        self.present = present
        self.presentAccuracy = presentAccuracy
        self.mayBeChance = mayBeChance
    }

    /// Only then is the new model worth a person's attention.
    public var isBetter: Bool { accuracy > presentAccuracy }
}
