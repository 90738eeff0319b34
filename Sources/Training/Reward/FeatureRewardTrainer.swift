import Engine
import Foundation
import LanguageModel

/// Trains a linear reward head on a frozen model: each reply is read once, the pooled hidden
/// states of some layers are kept, and layers, pooling and regularisation are chosen by
/// cross-validation over prompts (``FeatureSearch``).
public struct FeatureRewardTrainer {
    public struct Options: Sendable {
        public var name = "features"
        /// Layers to choose from; nil takes six from a third of the depth to the end. The
        /// middle layers carry most about quality; which ones is for the data to say.
        public var layers: [Int]?
        public var ties = TieTreatment.skip
        /// Tokens of the prompt that are read, counted from its end.
        public var maxPromptTokens = 192
        /// Tokens of a reply that are read, counted from its beginning.
        public var maxReplyTokens = 256
        /// The newest of a person's rankings among the examples, for the card.
        public var latestRanking: Int64?
        public var search = FeatureSearch.Options()

        public init() {}
    }

    public enum Progress: Sendable, Equatable {
        /// Examples whose replies have been read.
        case reading(done: Int, total: Int)
        /// Share of the search that is done.
        case choosing(Double)
    }

    public struct Outcome: Sendable {
        public var model: FeatureRewardModel
        /// Agreement on held-out prompts; nested, as ``FeatureSearch`` says.
        public var heldOut: RewardEvaluation
        /// What was judged for it, rows counting the replies of all examples, with the margin of
        /// the head that did not see it.
        public var heldOutComparisons: [Comparison]
        public var heldOutMargins: [Double]
        public var bySource: [SourceEvaluation]
        public var choice: FeatureSearch.Choice
        /// What was chosen in each fold, as features.
        public var foldFeatures: [[FeatureRewardModel.Feature]]
        /// Every candidate's features with its cross-validated loss and accuracy.
        public var candidates: [Candidate]

        public struct Candidate: Sendable, Equatable {
            public var features: [FeatureRewardModel.Feature]
            public var regularization: Float
            public var loss: Double
            public var accuracy: Double
        }
    }

    public var options: Options

    public init(options: Options = Options()) { self.options = options }

    public static func candidateLayers(of layerCount: Int) -> [Int] {
        let shares = [1.0 / 3, 0.467, 0.6, 0.667, 0.867, 1]
        let layers = shares.map { Int((Double(layerCount) * $0).rounded()) }
        return Set(layers.filter { $0 > 0 }).sorted()
    }

    /// - Throws: ``TrainingError`` where there is nothing to learn from, what `source` throws,
    ///   and `CancellationError` where the task is cancelled between examples.
    public func train(
        _ examples: [RewardExample], model: LoadedModel, source: any HiddenStateSource,
        progress: ((Progress) -> Void)? = nil
    ) throws -> Outcome {
        // Check the data before minutes are spent on reading it.
        let table = try RewardTable(examples)
        let compared = Set(table.comparisons.map(\.prompt)).count
        guard compared >= 2 else { throw TrainingError.tooFewPrompts(found: compared) }

        let features = candidateFeatures(layerCount: model.info.layerCount)
        let blocks = try read(
            examples, features: features, width: model.info.embeddingWidth, source: source,
            progress: progress)
        let used = table.comparisons(options.ties)
        let search = FeatureSearch(blocks: blocks, comparisons: used, options: options.search)
        let result = try search.run { progress?(.choosing($0)) }

        let chosen = result.choice.blocks
        let head = Head(blocks: chosen.map { blocks[$0] }, weights: result.weights)
        let evaluation = evaluate(
            margins: result.heldOutMargins, used: used, scores: head.scores, table: table,
            examples: examples)
        let bySource = RewardEvaluation.bySource(
            examples, comparisons: used, margins: result.heldOutMargins)
        let specification = FeatureRewardModel.Specification(
            name: options.name, baseModel: model.info.name,
            baseFingerprint: model.info.fingerprint, chatTemplateHash: model.chatTemplateHash,
            embeddingWidth: model.info.embeddingWidth, features: chosen.map { features[$0] },
            addsEndOfTurn: true, maxPromptTokens: options.maxPromptTokens,
            maxReplyTokens: options.maxReplyTokens,
            scale: RewardScale(mean: 0, spread: head.spread),
            training: summary(examples, table, result, evaluation, bySource))
        return Outcome(
            model: FeatureRewardModel(
                specification: specification, mean: head.mean, deviation: head.deviation,
                weights: result.weights, bias: Float(-head.meanScore)),
            heldOut: evaluation, heldOutComparisons: used, heldOutMargins: result.heldOutMargins,
            bySource: bySource, choice: result.choice,
            foldFeatures: result.foldChoices.map { $0.blocks.map { features[$0] } },
            candidates: result.candidates.map { candidate in
                .init(
                    features: candidate.blocks.map { features[$0] },
                    regularization: candidate.regularization, loss: candidate.loss,
                    accuracy: candidate.accuracy)
            })
    }

    private func candidateFeatures(layerCount: Int) -> [FeatureRewardModel.Feature] {
        let layers = options.layers ?? Self.candidateLayers(of: layerCount)
        return layers.flatMap { layer in
            FeatureRewardModel.Pooling.ofStates.map {
                FeatureRewardModel.Feature(layer: layer, pooling: $0)
            }
        } + [.length]
    }

    /// One block a feature, a row a reply.
    private func read(
        _ examples: [RewardExample], features: [FeatureRewardModel.Feature], width: Int,
        source: any HiddenStateSource, progress: ((Progress) -> Void)?
    ) throws -> [FeatureSearch.Block] {
        var values = [[Float]](repeating: [], count: features.count)
        let rows = examples.reduce(0) { $0 + $1.replies.count }
        let widths = features.map { $0.width(embeddingWidth: width) }
        for k in values.indices { values[k].reserveCapacity(rows * widths[k]) }
        for (done, example) in examples.enumerated() {
            try Task.checkCancellation()
            let vectors = try FeatureRewardModel.featureVectors(
                prompt: example.prompt, replies: example.replies, features,
                embeddingWidth: width, maxPromptTokens: options.maxPromptTokens,
                maxReplyTokens: options.maxReplyTokens, with: source)
            for vector in vectors {
                var offset = 0
                for k in features.indices {
                    values[k] += vector[offset..<offset + widths[k]]
                    offset += widths[k]
                }
            }
            progress?(.reading(done: done + 1, total: examples.count))
        }
        // Two numbers against hundreds: the penalty that holds those down is not for the length.
        return features.indices.map { k in
            features[k].pooling == .length
                ? .init(unit: nil, width: widths[k], values: values[k], scale: 10)
                : .init(unit: features[k].layer, width: widths[k], values: values[k])
        }
    }

    private func evaluate(
        margins: [Double], used: [Comparison], scores: [Double], table: RewardTable,
        examples: [RewardExample]
    ) -> RewardEvaluation {
        let lengths = examples.flatMap(\.lengths)
        let prompts = zip(examples, table.prompts).flatMap { example, prompt in
            example.replies.map { _ in prompt }
        }
        return RewardEvaluation(
            comparisons: used, margins: margins,
            lengthMargins: used.map { lengths[$0.first] - lengths[$0.second] },
            replies: scores.indices.map {
                .init(prompt: prompts[$0], score: scores[$0], length: lengths[$0])
            }, bootstrap: Bootstrap(seed: options.search.seed))
    }

    private func summary(
        _ examples: [RewardExample], _ table: RewardTable, _ result: FeatureSearch.Result,
        _ evaluation: RewardEvaluation, _ bySource: [SourceEvaluation]
    ) -> RewardTraining {
        var sources: [String: Int] = [:]
        for example in examples { sources[example.source, default: 0] += 1 }
        let stable = result.foldChoices.count { $0.blocks == result.choice.blocks }
        return .init(
            method: "features", sources: sources, prompts: evaluation.prompts,
            pairs: evaluation.pairs, latestRanking: options.latestRanking,
            regularization: Double(result.choice.regularization),
            heldOutAccuracy: evaluation.accuracy,
            heldOutInterval: evaluation.interval.map { [$0.lowerBound, $0.upperBound] },
            longerWins: evaluation.longerWins,
            notes: [
                "Held-out figures: \(result.foldChoices.count)-fold cross-validation split by "
                    + "prompt; features and regularisation chosen inside each fold.",
                "\(stable) of \(result.foldChoices.count) folds chose the same features as the "
                    + "final head.",
            ] + bySource.notes(of: examples))
    }
}

/// A head's standardisation and its scores of the training replies.
private struct Head {
    var mean: [Float] = []
    var deviation: [Float] = []
    /// Without bias.
    var scores: [Double]
    var meanScore: Double
    var spread: Double

    init(blocks: [FeatureSearch.Block], weights: [Float]) {
        let rows = (blocks.first.map { $0.values.count / $0.width }) ?? 0
        scores = [Double](repeating: 0, count: rows)
        var offset = 0
        for block in blocks {
            let standard = Standardization(values: block.values, width: block.width)
            mean += standard.mean
            deviation += standard.deviation
            for row in 0..<rows {
                var sum = 0.0
                for k in 0..<block.width {
                    let x = (block.values[row * block.width + k] - standard.mean[k])
                    sum += Double(weights[offset + k]) * Double(x / standard.deviation[k])
                }
                scores[row] += sum
            }
            offset += block.width
        }
        let mean = scores.reduce(0, +) / Double(max(1, rows))
        meanScore = mean
        let square = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        spread = (square / Double(max(1, rows))).squareRoot()
    }
}
