import Engine
import LanguageModel

/// Learns a linear head from a person's rankings and judges it beside the reward model in use:
/// what the chat runs in the background.
public struct RankingRewardTrainer: RewardTrainer {
    /// Prompts with a comparison below which a held-out figure says nothing.
    public static let fewestPrompts = 8
    /// Comparisons below which the reward model in use is not compared with.
    public static let fewestComparisons = 5

    /// Threads of the search. One: the others belong to the replies that are written meanwhile.
    public var threads = 1

    public init() {}

    /// The new model is judged by cross-validation: each of its predictions is from a head that
    /// saw nothing of the prompt. The present one is judged on the same comparisons, without
    /// those of prompts that it learnt from.
    public func train(
        _ request: RewardTrainingRequest, source: any HiddenStateSource,
        progress: @escaping (Double) -> Void
    ) throws -> RewardOffer {
        let dataset = PreferenceReader.read(request.rankings)
        let items = dataset.items
        let ordered = items.filter { $0.preferences.contains { !$0.isTie } }
        let prompts = Set(ordered.map(\.promptKey))
        guard prompts.count >= Self.fewestPrompts else {
            throw TrainingError.tooFewRankings(prompts: prompts.count, needed: Self.fewestPrompts)
        }
        let known = knownPrompts(items, upTo: request.presentLearntUpTo)
        let judging = items.indices.filter { !known.contains(items[$0].promptKey) }
        let count = judging.reduce(0) { $0 + items[$1].preferences.count { !$0.isTie } }
        guard count >= Self.fewestComparisons else {
            throw TrainingError.tooFewNewComparisons(
                found: count, since: request.present?.name ?? "", needed: Self.fewestComparisons)
        }

        func examples(_ indices: some Sequence<Int>, isWhole: Bool = false) throws
            -> [RewardExample]
        {
            try indices.map {
                try RewardExample(
                    items[$0], source: items[$0].source, model: request.model, isWhole: isWhole)
            }
        }
        var options = FeatureRewardTrainer.Options()
        options.name = request.name
        options.latestRanking = dataset.latestRanking
        options.search.threads = threads
        let all = try examples(items.indices)
        let outcome = try FeatureRewardTrainer(options: options).train(
            all, model: request.model, source: source
        ) { step in
            switch step {
            case .reading(let done, let total): progress(0.6 * Double(done) / Double(total))
            case .choosing(let share): progress(0.6 + 0.3 * share)
            }
        }

        // Rows of the replies that judge, in the table of all.
        let table = try RewardTable(all)
        var presentScores = [Double](repeating: 0, count: table.rowCount)
        if let present = request.present {
            let judges = try examples(judging, isWhole: present.readsWholeConversations)
            let scores = try RewardEvaluation.scores(of: judges, with: present, source: source) {
                progress(0.9 + 0.1 * Double($0) / Double($1))
            }
            var next = 0
            for index in judging {
                for reply in all[index].replies.indices {
                    presentScores[table.firstRows[index] + reply] = scores[next]
                    next += 1
                }
            }
        }
        let numbers = Set(judging.map { table.prompts[$0] })
        let places = outcome.heldOutComparisons.indices.filter {
            numbers.contains(outcome.heldOutComparisons[$0].prompt)
        }
        let comparisons = places.map { outcome.heldOutComparisons[$0] }
        let contest = contest(
            comparisons, margins: places.map { outcome.heldOutMargins[$0] },
            presentMargins: comparisons.map {
                presentScores[$0.first] - presentScores[$0.second]
            }, present: request.present?.name)
        progress(1)
        return RewardOffer(model: outcome.model, contest: contest)
    }

    /// Prompts of the rankings that a model learnt from.
    private func knownPrompts(_ items: [PreferenceItem], upTo latest: Int64?) -> Set<String> {
        guard let latest else { return [] }
        return Set(items.filter { ($0.ranking ?? 0) <= latest }.map(\.promptKey))
    }

    /// Without a present model its margins are 0, which count half: a coin.
    private func contest(
        _ comparisons: [Comparison], margins: [Double], presentMargins: [Double], present: String?
    ) -> RewardContest {
        let paired = PairedComparison(
            comparisons: comparisons, firstMargins: margins, secondMargins: presentMargins)
        return RewardContest(
            comparisons: paired.pairs,
            prompts: Set(comparisons.filter { !$0.isTie }.map(\.prompt)).count,
            accuracy: paired.firstAccuracy, present: present,
            presentAccuracy: paired.secondAccuracy,
            mayBeChance: paired.interval.map { $0.contains(0) } ?? true)
    }
}
