import Engine
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

    init(promptIDs: [TokenID], loadSeconds: Double) {
        self.promptIDs = promptIDs
        self.loadSeconds = loadSeconds
    }

    mutating func score(_ rewards: [Double], by model: any RewardModel) {
        self.rewards = rewards
        rewardModel = model
    }

    /// The best reply first; equal ones keep their order.
    mutating func orderByReward() {
        guard let rewards else { return }
        let order = rewards.indices.sorted { (rewards[$0], $1) > (rewards[$1], $0) }
        replies = order.map { replies[$0] }
        self.rewards = order.map { rewards[$0] }
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
        members.append(("prompt_ids", JSON(ids: promptIDs)))
        members.append(
            (
                "timings",
                .object([
                    ("prefill_tokens", .int(timings.prefillTokens)),
                    ("cached_tokens", .int(timings.cachedTokens)),
                    ("prefill_s", .double(timings.prefillSeconds)),
                    ("decode_tokens", .int(timings.decodeTokens)),
                    ("decode_s", .double(timings.decodeSeconds)), ("load_s", .double(loadSeconds)),
                ])
            ))
        return .object(members)
    }
}
