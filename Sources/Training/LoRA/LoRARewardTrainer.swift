import Engine
import Foundation
import LanguageModel

/// Fine-tunes a reward model: adapters on all seven linear maps of every block and a linear
/// head, by the K-way loss in which all comparisons of a prompt are one element (InstructGPT).
public struct LoRARewardTrainer {
    public struct Options: Sendable, Equatable, Codable {
        public var name = "lora"
        public var adapters = AdapterOptions()
        /// Where training does not go on from parameters that are given.
        public var headStart = HeadStart.fitted
        public var centering = 0.01
        public var ties = TieTreatment.skip
        /// Tokens of the prompt that are read, counted from its end.
        public var maxPromptTokens = 192
        /// Tokens of a reply that are read, counted from its beginning.
        public var maxReplyTokens = 256
        /// The newest of a person's rankings among the examples, for the card.
        public var latestRanking: Int64?

        public init() {}
    }

    public enum Event: Sendable {
        /// Examples that have been read to fit the head that training begins with.
        case reading(done: Int, total: Int)
        /// The run begins, or goes on after `step` steps.
        case started(step: Int, steps: Int, trainingPrompts: Int, heldOutPrompts: Int)
        case step(TrainingStep)
        case evaluated(step: Int, RewardEvaluation)
    }

    public struct Outcome: Sendable {
        public var model: LoRARewardModel
        /// Agreement on prompts that neither trained nor decided when to stop; nil where there
        /// were too few prompts to hold any out.
        public var heldOut: RewardEvaluation?
        /// The same, source by source.
        public var bySource: [SourceEvaluation]
        public var chosenStep: Int
    }

    public var options: Options
    public var threads = 0
    /// The base model's padding token, which is not read at the end of a reply, so that
    /// transformers, which passes over it, gives the same scores.
    public var padding: TokenID?
    /// Where the run saves its state; it goes on from there where the file exists.
    public var checkpointPath: String?

    public init(options: Options = Options()) { self.options = options }

    /// - Parameters:
    ///   - body: the base model's weights; `files` say which model it is.
    ///   - initial: parameters to begin from instead of fresh ones; the head is then theirs.
    /// - Throws: ``TrainingError``; `CancellationError` after saving a checkpoint where the task
    ///   is cancelled.
    public func train(
        _ examples: [RewardExample], body: FrozenBody, model: LoadedModel, initial: [Float]? = nil,
        onEvent: (Event) -> Void
    ) throws -> Outcome {
        let table = try RewardTable(examples)
        let split = try Split(examples, table, options)
        let layout = AdapterLayout(
            body: body, rank: options.adapters.rank, alpha: options.adapters.alpha, headRows: 1)
        let pass = RewardPass(body: body, layout: layout, threads: threads)
        let fitting = try AdapterFitting(
            options: options.adapters, items: items(examples, table, split.training), pass: pass,
            initial: try initial
                ?? freshParameters(split.training.map { examples[$0] }, pass, onEvent),
            checkpointPath: checkpointPath, identity: try identity(examples, model, initial))
        onEvent(
            .started(
                step: fitting.startStep, steps: fitting.stepCount,
                trainingPrompts: Set(split.training.map { table.prompts[$0] }).count,
                heldOutPrompts: table.promptCount
                    - Set(split.training.map { table.prompts[$0] }).count))
        try fitting.run(
            evaluating: !split.validation.isEmpty,
            andStart: initial != nil || options.headStart == .fitted
        ) { step in
            let found = evaluation(
                examples, table, split.validation,
                scores: scores(examples, split.validation, pass, fitting.parameters))
            onEvent(.evaluated(step: step, found))
            return found.logLoss
        } report: {
            onEvent(.step($0))
        }
        let testScores = scores(examples, split.test, pass, fitting.parameters)
        let heldOut =
            split.test.isEmpty
            ? nil : evaluation(examples, table, split.test, scores: testScores)
        let bySource = Self.bySource(examples, split.test, scores: testScores)
        let result = makeModel(
            examples, table, split, body: body, layout: layout, pass: pass, fitting: fitting,
            base: model, heldOut: heldOut, bySource: bySource)
        return Outcome(
            model: result, heldOut: heldOut, bySource: bySource, chosenStep: fitting.chosenStep)
    }

    /// Agreement of any parameters on examples; what the last line of a run reports.
    public static func evaluate(
        _ model: LoRARewardModel, on examples: [RewardExample]
    ) throws -> RewardEvaluation {
        let scores = try examples.flatMap {
            try model.scores(prompt: $0.prompt, replies: $0.replies)
        }
        return try RewardEvaluation.scoring(examples, scores: scores)
    }

    private func identity(
        _ examples: [RewardExample], _ model: LoadedModel, _ initial: [Float]?
    ) throws -> String {
        try TrainingCheckpoint.identity(options, model) { text in
            text += "\(String(describing: padding))"
            text += initial?.withUnsafeBytes { SHA256.hex(of: Data($0)) } ?? ""
            for example in examples {
                text += "\(example.promptKey)\(example.replies)\(example.weight)"
                for item in example.judgements {
                    text += "\(item.first),\(item.second),\(item.target),\(item.weight);"
                }
            }
        }
    }

    /// Adapters without effect and a head.
    private func freshParameters(
        _ examples: [RewardExample], _ pass: RewardPass, _ onEvent: (Event) -> Void
    ) throws -> [Float] {
        let layout = pass.layout
        let fresh = layout.initialParameters(seed: options.adapters.seed)
        // A checkpoint brings its own.
        let goesOn = checkpointPath.map { FileManager.default.fileExists(atPath: $0) } ?? false
        guard options.headStart == .fitted, !goesOn else { return fresh }
        let head = try fittedHead(examples, pass: pass, parameters: FloatBuffer(fresh)) {
            onEvent(.reading(done: $0, total: examples.count))
        }
        return head.map { fresh[..<layout.headOffset] + $0 } ?? fresh
    }

    // MARK: Items and evaluation

    func cut(_ example: RewardExample) -> (prompt: [TokenID], replies: [[TokenID]]) {
        (
            Array(example.prompt.suffix(options.maxPromptTokens)),
            example.replies.map {
                LoRARewardModel.readPart(
                    of: $0, most: options.maxReplyTokens, padding: padding,
                    isAlone: example.prompt.isEmpty)
            }
        )
    }

    private func items(_ examples: [RewardExample], _ table: RewardTable, _ chosen: [Int])
        -> [AdapterFitting.Item]
    {
        let byExample = table.comparisonsByExample
        return chosen.compactMap { index in
            let comparisons = byExample[index].filter { options.ties == .even || !$0.isTie }
            let weight = comparisons.reduce(0) { $0 + $1.weight }
            guard weight > 0 else { return nil }
            let (prompt, replies) = cut(examples[index])
            let centering = options.centering
            return AdapterFitting.Item(prompt: prompt, replies: replies, weight: weight) {
                outputs, stepWeight in
                let (loss, slopes) = ComparisonLoss(
                    totalWeight: stepWeight, centering: centering
                ).evaluate(comparisons, scores: outputs.map { Double($0[0]) })
                return (loss, slopes.map { [Float($0)] })
            }
        }
    }

    private func scores(
        _ examples: [RewardExample], _ chosen: [Int], _ pass: RewardPass, _ parameters: FloatBuffer
    ) -> [Double] {
        var scores: [Double] = []
        for index in chosen {
            let (prompt, replies) = cut(examples[index])
            var batch = TreeBatch()
            batch.append(prompt: prompt, replies: replies)
            scores += pass.scores(batch, parameters: parameters).map { Double($0[0]) }
        }
        return scores
    }

    /// - Parameter scores: of the chosen examples' replies, one after another.
    private func evaluation(
        _ examples: [RewardExample], _ table: RewardTable, _ chosen: [Int], scores: [Double]
    ) -> RewardEvaluation {
        let byExample = table.comparisonsByExample
        var comparisons: [Comparison] = []
        var row = 0
        for index in chosen {
            comparisons += byExample[index].map { item in
                var item = item
                item.first += row
                item.second += row
                return item
            }
            row += examples[index].replies.count
        }
        return RewardEvaluation(
            replies: replies(examples, table, chosen, scores: scores),
            comparisons: comparisons, bootstrap: Bootstrap(seed: options.adapters.seed))
    }

    /// Nothing where nothing was held out, or only ties.
    private static func bySource(
        _ examples: [RewardExample], _ chosen: [Int], scores: [Double]
    ) -> [SourceEvaluation] {
        guard Set(examples.map(\.source)).count > 1, !chosen.isEmpty else { return [] }
        return (try? RewardEvaluation.bySource(chosen.map { examples[$0] }, scores: scores)) ?? []
    }

    private func replies(
        _ examples: [RewardExample], _ table: RewardTable, _ chosen: [Int], scores: [Double]
    ) -> [RewardEvaluation.Reply] {
        var replies: [RewardEvaluation.Reply] = []
        for index in chosen {
            for length in examples[index].lengths {
                replies.append(
                    .init(
                        prompt: table.prompts[index], score: scores[replies.count],
                        length: length))
            }
        }
        return replies
    }

    // MARK: The finished model

    private func makeModel(
        _ examples: [RewardExample], _ table: RewardTable, _ split: Split, body: FrozenBody,
        layout: AdapterLayout, pass: RewardPass, fitting: AdapterFitting, base: LoadedModel,
        heldOut: RewardEvaluation?, bySource: [SourceEvaluation]
    ) -> LoRARewardModel {
        // Two hundred prompts place the mean within a tenth of a spread; all would cost a third
        // of an epoch.
        let sample = Array(split.training.prefix(200))
        let scores = scores(examples, sample, pass, fitting.parameters)
        let mean = scores.reduce(0, +) / Double(max(1, scores.count))
        let square = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let spread = (square / Double(max(1, scores.count))).squareRoot()
        var sources: [String: Int] = [:]
        for index in split.training { sources[examples[index].source, default: 0] += 1 }
        let summary = RewardTraining(
            method: "lora", sources: sources,
            prompts: Set(split.training.map { table.prompts[$0] }).count,
            pairs: fitting.items.count, latestRanking: options.latestRanking,
            regularization: Double(options.adapters.decay),
            heldOutAccuracy: heldOut?.accuracy,
            heldOutInterval: heldOut?.interval.map { [$0.lowerBound, $0.upperBound] },
            longerWins: heldOut?.longerWins,
            notes: [
                "Held-out figures: \(heldOut?.prompts ?? 0) prompts that neither trained nor "
                    + "decided when to stop.",
                "Parameters after step \(fitting.chosenStep) of \(fitting.stepCount); mean and "
                    + "spread over the replies to \(sample.count) training prompts.",
            ] + bySource.notes(of: examples))
        let specification = LoRARewardModel.Specification(
            name: options.name, baseModel: base.info.name,
            baseFingerprint: base.info.fingerprint, chatTemplateHash: base.chatTemplateHash,
            maxPromptTokens: options.maxPromptTokens, maxReplyTokens: options.maxReplyTokens,
            // Not shifted to a mean of 0: other programs load the adapter and know of no shift.
            shift: 0, scale: RewardScale(mean: mean, spread: spread), training: summary)
        return LoRARewardModel(
            specification: specification, body: body, layout: layout,
            parameters: fitting.parameters.array, padding: padding, threads: threads)
    }
}

extension LoRARewardTrainer {
    /// Examples by what their prompts are for.
    private struct Split {
        var training: [Int] = []
        var validation: [Int] = []
        var test: [Int] = []

        init(_ examples: [RewardExample], _ table: RewardTable, _ options: Options) throws {
            guard table.promptCount >= 2 else {
                throw TrainingError.tooFewPrompts(found: table.promptCount)
            }
            let parts = options.adapters.split(groups: table.promptCount, fewest: 20)
            for index in examples.indices {
                switch parts[table.prompts[index]] {
                case .training: training.append(index)
                case .validation: validation.append(index)
                case .test: test.append(index)
                }
            }
        }
    }
}

extension RewardTable {
    /// Comparisons of each example, counting its replies from 0.
    var comparisonsByExample: [[Comparison]] {
        var result = [[Comparison]](repeating: [], count: firstRows.count)
        var example = 0
        for item in comparisons {
            while example + 1 < firstRows.count, item.first >= firstRows[example + 1] {
                example += 1
            }
            var item = item
            item.first -= firstRows[example]
            item.second -= firstRows[example]
            result[example].append(item)
        }
        return result
    }
}
