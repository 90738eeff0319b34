import Foundation
import LanguageModel

/// Probabilities of a template's labels as the reply to a prompt.
public struct LabelScorer {
    public struct Result: Sendable {
        /// The most probable first.
        public var labels: [LabelProbability]
        /// Ids and log-probabilities of the most probable label.
        public var ids: [TokenID]
        public var logProbabilities: [Float]
        /// Nothing is sampled: the prompt and the labels after it are read, in this time.
        public var timings: GenerationTimings
    }

    let composer: PromptComposer
    let inference: InferenceActor

    public init(composer: PromptComposer, inference: InferenceActor) {
        self.composer = composer
        self.inference = inference
    }

    /// - Parameter path: the messages before the one that is labelled, for the content-free
    ///   prompts of calibration.
    public func probabilities(
        of template: Template, prompt: ComposedPrompt, path: [Message],
        variables: [String: String], systemText: String? = nil
    ) async throws -> Result {
        let started = ContinuousClock.now
        let ids = composer.labelIDs(template.labels, mode: template.mode, after: prompt)
        let scores = try await inference.logProbabilities(
            ofContinuations: ids, after: prompt.ids)
        var sums = scores.map { $0.reduce(0) { $0 + Double($1) } }
        if template.calibratesLabels {
            let bias = try await contentFree(
                template, ids: ids, path: path, variables: variables, systemText: systemText)
            for index in sums.indices { sums[index] -= bias[index] }
        }
        let probabilities = Self.normalized(sums)
        let order = probabilities.indices.sorted {
            (probabilities[$0], -$0) > (probabilities[$1], -$1)
        }
        let best = order[0]
        var timings = GenerationTimings()
        timings.prefillTokens = prompt.ids.count
        timings.prefillSeconds = (ContinuousClock.now - started) / .seconds(1)
        return Result(
            labels: order.map {
                LabelProbability(label: template.labels[$0], probability: probabilities[$0])
            }, ids: ids[best], logProbabilities: scores[best], timings: timings)
    }

    /// Log of the mean label distribution over inputs without content (Zhao et al. 2021, arXiv
    /// 2102.09690): what the prompt itself prefers.
    private func contentFree(
        _ template: Template, ids: [[TokenID]], path: [Message], variables: [String: String],
        systemText: String?
    ) async throws -> [Double] {
        var mean = [Double](repeating: 0, count: ids.count)
        let inputs = ["N/A", "[MASK]", ""]
        for input in inputs {
            let message = Workspace.draftMessage(input, conversation: 0, after: path.last?.id)
            let prompt = try composer.compose(
                path: path + [message], template: template, systemText: systemText,
                variables: variables, maxTokens: PromptComposer.smallestReplyRoom)
            let scores = try await inference.logProbabilities(
                ofContinuations: ids, after: prompt.ids)
            let share = Self.normalized(scores.map { $0.reduce(0) { $0 + Double($1) } })
            for index in mean.indices { mean[index] += share[index] / Double(inputs.count) }
        }
        return mean.map { log(max($0, 1e-12)) }
    }

    private static func normalized(_ logs: [Double]) -> [Double] {
        let top = logs.max() ?? 0
        let weights = logs.map { exp($0 - top) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }
}

extension PromptComposer {
    /// Labels' ids as a reply. Where one is the beginning of another, all get the end-of-turn
    /// token, without which the shorter one would include the longer one's probability. In plain
    /// text a label is a word after the prompt's last one: the space between them belongs to its
    /// first token.
    public func labelIDs(_ labels: [String], mode: Template.Mode, after prompt: ComposedPrompt)
        -> [[TokenID]]
    {
        let needsSpace = mode == .plain && prompt.prompt.text.last?.isWhitespace == false
        var ids = labels.map { label in
            let isSpaced = !needsSpace || label.first?.isWhitespace == true
            return tokenizer.encode(isSpaced ? label : " " + label)
        }
        let isPrefix = ids.contains { a in ids.contains { $0 != a && $0.starts(with: a) } }
        if isPrefix, let end = model.endOfTurn {
            for index in ids.indices { ids[index].append(end) }
        }
        return ids
    }
}
