import Engine
import Foundation
import LanguageModel

/// What `ask` found out.
struct AskReport {
    var promptIDs: [TokenID]
    var loadSeconds: Double
    var replies: [GeneratedReply] = []
    /// A number a reply, where a reward model scored them.
    private(set) var rewards: [Double]?
    /// Which one that was.
    private(set) var rewardModel: (any RewardModel)?
    /// The most probable first, for a template with labels.
    var labels: [LabelProbability]?
    var timings = GenerationTimings()
    /// What stopping hopeless replies cost; nil where none were to be stopped.
    var stopping: EarlyStop.Report?

    init(promptIDs: [TokenID], loadSeconds: Double) {
        self.promptIDs = promptIDs
        self.loadSeconds = loadSeconds
    }

    mutating func score(_ rewards: [Double], by model: any RewardModel) {
        self.rewards = rewards
        rewardModel = model
    }

    /// The best reply first; equal ones keep their order. One that was stopped is not whole, and
    /// its score says nothing beside those of whole ones.
    mutating func orderByReward() {
        guard let rewards else { return }
        func isWhole(_ index: Int) -> Int { replies[index].finishReason == .hopeless ? 0 : 1 }
        let order = rewards.indices.sorted {
            (isWhole($0), rewards[$0], $1) > (isWhole($1), rewards[$1], $0)
        }
        replies = order.map { replies[$0] }
        self.rewards = order.map { rewards[$0] }
    }

    /// The expected reward of the best of k of these replies, k = 1 … n, by the bound of the KL
    /// divergence from plain sampling: log k − (k − 1)/k. Nil where nothing was scored.
    var bestOfNChart: Chart? {
        guard let rewards, let rewardModel, !rewards.isEmpty else { return nil }
        let curve = Self.expectedBest(rewards)
        let points = curve.enumerated().map { index, reward in
            (x: bestOfNBound(index + 1), y: reward)
        }
        let low = min(rewards.min()!, 0)
        let high = max(rewards.max()!, low + 1e-6)
        return Chart(
            title: "Best of \(rewards.count) by \(rewardModel.name)",
            xLabel: "KL bound log n − (n − 1)/n, nats, for n = 1 … \(rewards.count)",
            yLabel: "reward", x: 0...max(points.last!.x, 0.1), y: low...high,
            series: [
                Chart.Series(
                    name: "expected reward of the best of n", look: .line, color: "#1f77b4",
                    points: points),
                Chart.Series(
                    name: "n = 1, 2, 3, …", look: .points, color: "#1f77b4", points: points),
                Chart.Series(
                    name: "mean over plain sampling", look: .dashes, color: "#888888",
                    points: [(0, curve[0]), (max(points.last!.x, 0.1), curve[0])]),
            ])
    }

    /// Mean of the maximum over all subsets of each size: with rewards ascending, reward i
    /// (from 0) is the largest of C(i, k − 1) of the C(n, k) subsets of size k.
    static func expectedBest(_ rewards: [Double]) -> [Double] {
        let sorted = rewards.sorted()
        let n = sorted.count
        return (1...n).map { k in
            // Share of the subsets whose largest is the last: k/n; and downwards from there.
            var share = Double(k) / Double(n)
            var sum = 0.0
            for i in stride(from: n - 1, through: k - 1, by: -1) {
                sum += share * sorted[i]
                if i > 0 { share *= Double(i - k + 1) / Double(i) }
            }
            return sum
        }
    }

    private func bestOfNBound(_ n: Int) -> Double {
        log(Double(n)) - Double(n - 1) / Double(n)
    }

    /// What stopping hopeless replies brought. What they would have become nobody knows: each is
    /// taken to have gone on to the mean length of the others.
    private var saving: (replies: Int, tokens: Int, share: Double)? {
        guard stopping != nil else { return nil }
        let stopped = replies.filter { $0.finishReason == .hopeless }.map(\.ids.count)
        let whole = replies.filter { $0.finishReason != .hopeless }.map(\.ids.count)
        let mean = Double(whole.reduce(0, +)) / Double(max(1, whole.count))
        let saved = stopped.reduce(0) { $0 + max(0, mean - Double($1)) }
        let written = Double((stopped + whole).reduce(0, +))
        return (stopped.count, Int(saved.rounded()), saved / max(1, saved + written))
    }

    var savingText: String? {
        guard let saving, let stopping else { return nil }
        let cost =
            "judging read \(stopping.judgedTokens) tokens in "
            + "\(decimals(stopping.judgingSeconds, 2)) s"
        guard saving.replies > 0 else { return "No reply was hopeless; \(cost)." }
        return "Stopped \(saving.replies) of \(replies.count) replies as hopeless: about "
            + "\(saving.tokens) tokens (\(decimals(saving.share * 100, 0)) %) were not written; "
            + "\(cost)."
    }

    /// The text of the first reply.
    var bestText: String { (replies.first?.text ?? "") + "\n" }

    /// Replies, numbered where there are several; or labels with their probabilities.
    var text: String {
        if let labels {
            var table = TextTable([], right: [1])
            for label in labels { table.add([label.label, decimals(label.probability, 4)]) }
            return table.text
        }
        guard replies.count > 1 else { return bestText }
        let by = rewardModel.map { "\($0.scaleNote)\n" } ?? ""
        return by
            + replies.enumerated().map { index, reply in
                let score = rewards.map { " (reward \(decimals($0[index], 2)))" } ?? ""
                return "\(index + 1).\(score) \(reply.text)\n"
            }.joined()
    }

    var json: JSON {
        let candidates = replies.enumerated().map { index, reply in
            JSON.object([
                ("text", .string(reply.text)), ("ids", JSON(ids: reply.ids)),
                ("finish_reason", .string(reply.finishReason.rawValue)),
                ("logprob", .double(reply.logProbability)), ("reward", JSON(rewards?[index])),
                ("seed", labels == nil ? .encoded(String(reply.seed)) : .null),
            ])
        }
        var members: [(String, JSON)] = [("candidates", .array(candidates))]
        if let labels {
            let values = labels.map {
                JSON.object([
                    ("label", .string($0.label)), ("probability", .double($0.probability)),
                ])
            }
            members.append(("labels", .array(values)))
        }
        members.append(("reward_model", JSON(rewardModel?.name)))
        if let saving, let stopping {
            members.append(
                (
                    "stopped",
                    .object([
                        ("replies", .int(saving.replies)), ("saved_tokens", .int(saving.tokens)),
                        ("judged_tokens", .int(stopping.judgedTokens)),
                        ("judging_s", .double(stopping.judgingSeconds)),
                    ])
                ))
        }
        members.append(("prompt_ids", JSON(ids: promptIDs)))
        members.append(
            (
                "timings",
                .object([
                    ("prefill_tokens", .int(timings.prefillTokens)),
                    ("cached_tokens", .int(timings.cachedTokens)),
                    ("prefill_s", .double(timings.prefillSeconds)),
                    ("decode_tokens", .int(timings.decodeTokens)),
                    ("decode_s", .double(timings.decodeSeconds)),
                    ("drafted_tokens", .int(timings.draftedTokens)),
                    ("accepted_tokens", .int(timings.acceptedTokens)),
                    ("load_s", .double(loadSeconds)),
                ])
            ))
        return .object(members)
    }
}
