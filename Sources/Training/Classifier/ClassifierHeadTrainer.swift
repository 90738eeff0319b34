import Engine
import Foundation
import LanguageModel

/// Trains a ``ClassifierHead``: texts are read once, then pooled layers and regularisation are
/// chosen by cross-validation on the training texts; held-out texts only judge.
public struct ClassifierHeadTrainer {
    public struct Options: Sendable {
        public var name = "head"
        public var layers: [Int]?
        public var maxTokens = 256
        public var folds = 5
        public var regularizations: [Float] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1]
        /// Share held out where no test set is given.
        public var testShare = 0.2
        public var seed: UInt64 = 0
        public var threads = 0

        public init() {}
    }

    public struct Outcome: Sendable {
        public var head: ClassifierHead
        public var heldOut: ClassifierEvaluation
        public var regularization: Float
        /// Cross-validated accuracy of every set of features tried.
        public var candidates: [(features: [ClassifierHead.Feature], accuracy: Double)]
    }

    public var options: Options

    public init(options: Options = Options()) { self.options = options }

    /// - Parameters:
    ///   - test: judges the head; nil holds out a share of `texts`.
    ///   - choosingForm: sees the training texts alone.
    public func train(
        _ texts: [LabeledText], test: [LabeledText]? = nil, model: LoadedModel,
        source: any HiddenStateSource,
        choosingForm: (_ training: [LabeledText]) throws -> TextForm = { _ in .plain },
        progress: (Double) -> Void = { _ in }
    ) throws -> Outcome {
        guard let tokenizer = model.tokenizer else {
            throw EngineError.noTokenizer(model: model.info.name)
        }
        let labels = try LabeledText.labels(texts, needed: 2)
        if let stray = test?.first(where: { !labels.contains($0.label) }) {
            throw TrainingError.tooFewExamples(label: stray.label, found: 0, needed: 2)
        }
        let (training, judges) = split(texts, test)
        _ = try LabeledText.labels(training, needed: 1)
        let features = candidateFeatures(model.info.layerCount)
        let form = try choosingForm(training)
        let all = (training + judges).map {
            form.ids($0.text, with: tokenizer, maxTokens: options.maxTokens)
        }
        let vectors = try read(all, features, model, source) { progress(0.7 * $0) }
        let problem = Problem(
            features: features, width: model.info.embeddingWidth,
            vectors: Array(vectors.prefix(training.count)), labels: labels,
            truth: training.map { labels.firstIndex(of: $0.label)! }, options: options)
        let choice = problem.search { progress(0.7 + 0.3 * $0) }
        let fitted = problem.fit(choice.blocks, choice.regularization)
        let specification = ClassifierHead.Specification(
            name: options.name, baseModel: model.info.name,
            baseFingerprint: model.info.fingerprint, labels: labels,
            embeddingWidth: model.info.embeddingWidth,
            features: choice.blocks.map { features[$0] }, form: form,
            maxTokens: options.maxTokens,
            examples: training.count)
        var head = ClassifierHead(
            specification: specification, mean: fitted.mean, deviation: fitted.deviation,
            weights: fitted.weights, bias: fitted.bias)
        let width = model.info.embeddingWidth
        let probabilities = vectors.suffix(judges.count).map { vector in
            head.probabilities(
                features: choice.blocks.flatMap { vector[$0 * width..<($0 + 1) * width] })
        }
        let heldOut = ClassifierEvaluation(
            probabilities: Array(probabilities),
            truth: judges.map { labels.firstIndex(of: $0.label)! })
        head.specification.heldOutAccuracy = heldOut.accuracy
        head.specification.heldOutInterval = heldOut.interval.map {
            [$0.lowerBound, $0.upperBound]
        }
        return Outcome(
            head: head, heldOut: heldOut, regularization: choice.regularization,
            candidates: choice.tried.map { (features: $0.0.map { features[$0] }, accuracy: $0.1) })
    }

    /// Equal texts never stand on both sides.
    private func split(_ texts: [LabeledText], _ test: [LabeledText]?) -> (
        [LabeledText], [LabeledText]
    ) {
        if let test { return (texts, test) }
        var numbers: [String: Int] = [:]
        for item in texts where numbers[item.text] == nil { numbers[item.text] = numbers.count }
        let isHeldOut = Fold.holdOut(
            groups: numbers.count, share: options.testShare, seed: options.seed)
        return (
            texts.filter { !isHeldOut[numbers[$0.text]!] },
            texts.filter { isHeldOut[numbers[$0.text]!] }
        )
    }

    private func candidateFeatures(_ layerCount: Int) -> [ClassifierHead.Feature] {
        let layers = options.layers ?? FeatureRewardTrainer.candidateLayers(of: layerCount)
        return FeatureRewardModel.Pooling.ofStates.flatMap { pooling in
            layers.map { ClassifierHead.Feature(layer: $0, pooling: pooling) }
        }
    }

    private func read(
        _ texts: [[TokenID]], _ features: [ClassifierHead.Feature], _ model: LoadedModel,
        _ source: any HiddenStateSource, progress: (Double) -> Void
    ) throws -> [[Float]] {
        var vectors: [[Float]] = []
        for start in stride(from: 0, to: texts.count, by: 64) {
            try Task.checkCancellation()
            vectors += try ClassifierHead.features(
                Array(texts[start..<min(start + 64, texts.count)]), features,
                width: model.info.embeddingWidth, with: source)
            progress(Double(vectors.count) / Double(texts.count))
        }
        return vectors
    }
}

/// The regressions of one training set.
private struct Problem {
    let features: [ClassifierHead.Feature]
    let width: Int
    let vectors: [[Float]]
    let labels: [String]
    let truth: [Int]
    let options: ClassifierHeadTrainer.Options

    struct Choice {
        var blocks: [Int]
        var regularization: Float
        var loss: Double
        var tried: [([Int], Double)] = []
    }

    struct Fitted {
        var mean: [Float]
        var deviation: [Float]
        var weights: [Float]
        var bias: [Float]
    }

    /// Each pooled layer alone, then the best two and three of either pooling together.
    func search(progress: (Double) -> Void) -> Choice {
        var tried: [(Choice, Double)] = []
        for index in features.indices {
            tried.append(judge([index]))
            progress(0.6 * Double(index + 1) / Double(features.count))
        }
        func best(_ pooling: FeatureRewardModel.Pooling, _ count: Int) -> [Int] {
            tried.filter { features[$0.0.blocks[0]].pooling == pooling && $0.0.blocks.count == 1 }
                .sorted { $0.0.loss < $1.0.loss }.prefix(count).map { $0.0.blocks[0] }
        }
        for count in 1...3 {
            let blocks = FeatureRewardModel.Pooling.ofStates.flatMap { best($0, count) }.sorted()
            if blocks.count > 1 { tried.append(judge(blocks)) }
            progress(0.6 + 0.4 * Double(count) / 3)
        }
        var choice = tried.map(\.0).min { $0.loss < $1.loss }!
        choice.tried = tried.map { ($0.0.blocks, $0.1) }
        return choice
    }

    private func judge(_ blocks: [Int]) -> (Choice, Double) {
        let fold = Fold.assign(groups: truth.count, count: options.folds, seed: options.seed)
        let folds = (fold.max() ?? 0) + 1
        let strengths = options.regularizations
        var columns: [LogisticBatch.Column] = []
        for f in 0..<folds {
            let rows = fold.map { $0 != f || folds == 1 ? Float(1) : 0 }
            let sum = rows.reduce(0, +)
            for lambda in strengths {
                columns.append(
                    .init(rowWeights: rows.map { $0 / sum }, regularization: lambda))
            }
        }
        let (table, _, _) = design(blocks)
        let solved = targets.map {
            LogisticBatch(features: table, width: designWidth(blocks), targets: $0)
                .solve(columns, threads: options.threads)
        }
        var loss = [Double](repeating: 0, count: strengths.count)
        var correct = loss
        for i in truth.indices {
            for k in strengths.indices {
                let column = fold[i] * strengths.count + k
                let p = ClassifierHead.probabilities(
                    margins: solved.map { Double($0[column].margins[i]) })
                loss[k] -= logarithm(max(p[truth[i]], 1e-12))
                if p.indices.max(by: { p[$0] < p[$1] }) == truth[i] { correct[k] += 1 }
            }
        }
        let k = loss.indices.min { loss[$0] < loss[$1] }!
        let count = Double(truth.count)
        return (
            Choice(blocks: blocks, regularization: strengths[k], loss: loss[k] / count),
            correct[k] / count
        )
    }

    func fit(_ blocks: [Int], _ regularization: Float) -> Fitted {
        let (table, mean, deviation) = design(blocks)
        let size = designWidth(blocks)
        let column = LogisticBatch.Column(
            rowWeights: [Float](repeating: 1 / Float(truth.count), count: truth.count),
            regularization: regularization)
        var fitted = Fitted(mean: mean, deviation: deviation, weights: [], bias: [])
        for target in targets {
            let solution = LogisticBatch(features: table, width: size, targets: target)
                .solve([column], threads: options.threads)[0]
            fitted.weights += solution.weights.dropLast()
            fitted.bias.append(solution.weights[size - 1] * Self.intercept)
        }
        return fitted
    }

    /// The last column: so large that the penalty on its weight does not matter.
    private static let intercept: Float = 10

    private func designWidth(_ blocks: [Int]) -> Int { blocks.count * width + 1 }

    /// A row of targets a logistic row of the head.
    private var targets: [[Float]] {
        let rows = ClassifierHead.rows(labels: labels.count)
        return (0..<rows).map { row in truth.map { $0 == (rows == 1 ? 1 : row) ? 1 : 0 } }
    }

    private func design(_ blocks: [Int]) -> (table: [Float], mean: [Float], deviation: [Float]) {
        let size = blocks.count * width
        var raw: [Float] = []
        raw.reserveCapacity(vectors.count * size)
        for vector in vectors {
            for block in blocks { raw += vector[block * width..<(block + 1) * width] }
        }
        let standard = Standardization(values: raw, width: size)
        var table: [Float] = []
        table.reserveCapacity(vectors.count * (size + 1))
        for row in vectors.indices {
            for k in 0..<size {
                table.append((raw[row * size + k] - standard.mean[k]) / standard.deviation[k])
            }
            table.append(Self.intercept)
        }
        return (table, standard.mean, standard.deviation)
    }
}
