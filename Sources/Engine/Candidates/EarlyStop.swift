import LanguageModel

/// Ends replies that nobody would choose while they are written: at lengths that double, a
/// reward model scores what is there of each reply, and those far behind the best one end.
///
/// What the beginning of a reply says of its end is uncertain. The margin is the price of a
/// mistake: with a wide one little is saved, with a narrow one the best reply may be lost.
public struct EarlyStop: Sendable {
    public var reward: any RewardModel
    /// How far behind the best a reply is hopeless, in spreads of the reward's scores.
    public var margin: Double
    /// Tokens before which nothing is judged.
    public var firstLength: Int

    public init(reward: any RewardModel, margin: Double = 1.5, firstLength: Int = 32) {
        self.reward = reward
        self.margin = margin
        self.firstLength = firstLength
    }

    /// What judging cost.
    public struct Report: Sendable, Equatable {
        /// Tokens of replies that were read again to score them.
        public var judgedTokens = 0
        public var judgingSeconds = 0.0

        public init() {}
    }

    /// Lengths at which replies of at most `limit` tokens are judged. Those after the first lie
    /// in the first third: later ones read more again than is left to be saved.
    func lengths(below limit: Int) -> [Int] {
        let first = max(1, firstLength)
        return Array(sequence(first: first) { $0 * 2 }.prefix { $0 == first || 3 * $0 <= limit })
            .filter { $0 < limit }
    }
}

/// The judgement of one generation's candidates.
final class EarlyStopJudge {
    private(set) var report = EarlyStop.Report()
    private let rule: EarlyStop
    private let prompt: [TokenID]
    private let model: LoadedModel
    private let source: any HiddenStateSource
    /// Scores of replies that are complete.
    private var complete: [Int: Double] = [:]
    private var stopped: Set<Int> = []

    init(
        _ rule: EarlyStop, prompt: [TokenID], model: LoadedModel, source: any HiddenStateSource
    ) {
        self.rule = rule
        self.prompt = prompt
        self.model = model
        self.source = source
    }

    /// Candidates to end: never the best so far, be it complete or not.
    func judge(_ partials: [GenerationCheckpoints.Partial]) throws -> Set<Int> {
        let start = ContinuousClock.now
        let open = partials.filter {
            complete[$0.candidate] == nil && !stopped.contains($0.candidate)
        }
        let scores = try rule.reward.score(
            prompt: prompt,
            replies: open.map {
                model.normalized(reply: $0.ids, endsTurn: rule.reward.addsEndOfTurn)
            }, with: source)
        report.judgedTokens += open.reduce(0) { $0 + $1.ids.count }
        for (partial, score) in zip(open, scores) where partial.isFinished {
            complete[partial.candidate] = score
        }
        defer { report.judgingSeconds += (ContinuousClock.now - start) / .seconds(1) }
        let spread = rule.reward.scale.spread
        guard let best = (scores + complete.values).max(), spread > 0 else { return [] }
        let hopeless = zip(open, scores).filter { partial, score in
            !partial.isFinished && best - score > rule.margin * spread
        }.map(\.0.candidate)
        stopped.formUnion(hopeless)
        return Set(hopeless)
    }
}
