import Engine
import Foundation
import LanguageModel

/// A classifier by fine-tuning: a PEFT `SEQ_CLS` adapter with a row of the head a label, read at
/// a text's last token, and a file of ours that names the labels.
public final class ClassifierAdapter {
    public struct Specification: Sendable, Equatable, Codable {
        public var name: String
        public var baseModel: String
        public var baseFingerprint: String
        public var labels: [String]
        public var maxTokens: Int
        public var examples: Int
        public var heldOutAccuracy: Double?
        public var heldOutInterval: [Double]?
    }

    public static let specificationName = "riposte_labels.json"

    public internal(set) var specification: Specification
    private let body: FrozenBody
    private let layout: AdapterLayout
    private let parameters: FloatBuffer
    private let pass: RewardPass

    init(
        specification: Specification, body: FrozenBody, layout: AdapterLayout,
        parameters: [Float], threads: Int
    ) {
        self.specification = specification
        self.body = body
        self.layout = layout
        self.parameters = FloatBuffer(parameters)
        pass = RewardPass(body: body, layout: layout, threads: threads)
    }

    /// - Throws: ``TrainingError`` for an adapter without labels or of another base model.
    public convenience init(folder: String, body: FrozenBody, base: ModelInfo, threads: Int = 0)
        throws
    {
        let path = folder + "/" + Self.specificationName
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let data = FileManager.default.contents(atPath: path),
            let specification = try? decoder.decode(Specification.self, from: data)
        else {
            throw TrainingError.invalidHead(
                path: folder, reason: "it has no \(Self.specificationName) that names the labels")
        }
        guard specification.baseFingerprint == base.fingerprint else {
            throw EngineError.rewardMismatch(
                reward: specification.name, expected: specification.baseModel, found: base.name)
        }
        let adapter = try PEFTAdapter(folder: folder)
        let layout = AdapterLayout(
            body: body, rank: adapter.rank, alpha: adapter.scale * Float(adapter.rank),
            headRows: specification.labels.count)
        self.init(
            specification: specification, body: body, layout: layout,
            parameters: try adapter.parameters(layout, body: body, path: folder),
            threads: threads)
    }

    public func write(folder: String) throws {
        try PEFTAdapter(
            layout: layout, body: body, parameters: parameters.array,
            task: .sequenceClassification, baseModel: specification.baseModel
        ).write(folder: folder)
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try AtomicFile.write(
            try encoder.encode(specification), to: folder + "/" + Self.specificationName)
    }

    /// Label probabilities of texts, packed into batches.
    public func probabilities(_ texts: [[TokenID]]) -> [[Double]] {
        Self.probabilities(
            texts.map { Array($0.suffix(specification.maxTokens)) }, pass: pass,
            parameters: parameters)
    }

    static func probabilities(_ texts: [[TokenID]], pass: RewardPass, parameters: FloatBuffer)
        -> [[Double]]
    {
        var found: [[Double]] = []
        for start in stride(from: 0, to: texts.count, by: 32) {
            var batch = TreeBatch()
            for ids in texts[start..<min(start + 32, texts.count)] {
                batch.append(prompt: [], replies: [ids])
            }
            found += pass.scores(batch, parameters: parameters).map(softmax)
        }
        return found
    }

    static func softmax(_ outputs: [Float]) -> [Double] {
        let largest = Double(outputs.max() ?? 0)
        let each = outputs.map { exponential(Double($0) - largest) }
        let sum = each.reduce(0, +)
        return each.map { $0 / sum }
    }
}

/// Fine-tunes a ``ClassifierAdapter`` by cross-entropy.
public struct ClassifierAdapterTrainer {
    public struct Options: Sendable, Equatable, Codable {
        public var name = "adapter"
        public var rank = 8
        public var alpha: Float = 16
        public var adapterRate = 5e-4
        public var headRate = 1e-3
        public var epochs = 3
        public var textsPerStep = 32
        public var maxTokens = 256
        /// Share of the training texts that decide when to stop.
        public var validationShare = 0.1
        /// Share held out where no test set is given.
        public var testShare = 0.2
        public var patience = 4
        public var checkpointEvery = 50
        public var seed: UInt64 = 0

        public init() {}
    }

    public var options: Options
    public var threads = 0
    public var checkpointPath: String?

    public init(options: Options = Options()) { self.options = options }

    public func train(
        _ texts: [LabeledText], test: [LabeledText]? = nil, body: FrozenBody, model: LoadedModel,
        onStep: (LoRARewardTrainer.Step, _ steps: Int) -> Void,
        onEvaluation: (Int, ClassifierEvaluation) -> Void
    ) throws -> (classifier: ClassifierAdapter, heldOut: ClassifierEvaluation) {
        guard let tokenizer = model.tokenizer else {
            throw EngineError.noTokenizer(model: model.info.name)
        }
        let labels = try LabeledText.labels(texts, needed: 2)
        if let stray = test?.first(where: { !labels.contains($0.label) }) {
            throw TrainingError.tooFewExamples(label: stray.label, found: 0, needed: 2)
        }
        var numbers: [String: Int] = [:]
        for item in texts where numbers[item.text] == nil { numbers[item.text] = numbers.count }
        func draw(_ share: Double, _ seed: UInt64) -> [Bool] {
            Fold.holdOut(groups: numbers.count, share: share, seed: seed)
        }
        let isTest = draw(test == nil ? options.testShare : 0, options.seed)
        let isValidation = draw(
            texts.count < 100 ? 0 : options.validationShare, options.seed &+ 1)
        typealias Row = (ids: [TokenID], label: Int)
        func rows(_ texts: [LabeledText]) -> [Row] {
            texts.compactMap { item in
                let ids = tokenizer.encode(item.text).suffix(options.maxTokens)
                return ids.isEmpty ? nil : (Array(ids), labels.firstIndex(of: item.label)!)
            }
        }
        let judges = rows(test ?? texts.filter { isTest[numbers[$0.text]!] })
        let left = texts.filter { !isTest[numbers[$0.text]!] }
        let validation = rows(left.filter { isValidation[numbers[$0.text]!] })
        let training = rows(left.filter { !isValidation[numbers[$0.text]!] })

        let layout = AdapterLayout(
            body: body, rank: options.rank, alpha: options.alpha, headRows: labels.count)
        let pass = RewardPass(body: body, layout: layout, threads: threads)
        let fitting = try AdapterFitting(
            options: fittingOptions, items: training.map { Self.item($0.ids, $0.label) },
            pass: pass, initial: layout.initialParameters(seed: options.seed),
            checkpointPath: checkpointPath, identity: try identity(texts, model))
        func evaluation(_ rows: [Row]) -> ClassifierEvaluation {
            ClassifierEvaluation(
                probabilities: ClassifierAdapter.probabilities(
                    rows.map(\.ids), pass: pass, parameters: fitting.parameters),
                truth: rows.map(\.label))
        }
        try fitting.run(evaluating: !validation.isEmpty) { step in
            let found = evaluation(validation)
            onEvaluation(step, found)
            return found.logLoss
        } report: { report in
            onStep(
                LoRARewardTrainer.Step(
                    step: report.step, loss: report.loss, gradientNorm: report.gradientNorm,
                    learningRate: report.rate, tokens: report.rows,
                    tokensPerSecond: Double(report.rows) / max(report.seconds, 1e-9)),
                fitting.stepCount)
        }
        let heldOut = evaluation(judges)
        let specification = ClassifierAdapter.Specification(
            name: options.name, baseModel: model.info.name,
            baseFingerprint: model.info.fingerprint, labels: labels, maxTokens: options.maxTokens,
            examples: training.count, heldOutAccuracy: heldOut.accuracy,
            heldOutInterval: heldOut.interval.map { [$0.lowerBound, $0.upperBound] })
        return (
            ClassifierAdapter(
                specification: specification, body: body, layout: layout,
                parameters: fitting.parameters.array, threads: threads), heldOut
        )
    }

    /// Cross-entropy of one text.
    static func item(_ ids: [TokenID], _ label: Int) -> AdapterFitting.Item {
        AdapterFitting.Item(prompt: [], replies: [ids], weight: 1) { outputs, stepWeight in
            let p = ClassifierAdapter.softmax(outputs[0])
            let slopes = p.indices.map { Float((p[$0] - ($0 == label ? 1 : 0)) / stepWeight) }
            return (-logarithm(max(p[label], 1e-30)) / stepWeight, [slopes])
        }
    }

    private var fittingOptions: AdapterFitting.Options {
        var fitting = AdapterFitting.Options()
        fitting.adapterRate = options.adapterRate
        fitting.headRate = options.headRate
        fitting.epochs = options.epochs
        fitting.itemsPerStep = options.textsPerStep
        fitting.evaluations = 3
        fitting.patience = options.patience
        fitting.checkpointEvery = options.checkpointEvery
        fitting.seed = options.seed
        return fitting
    }

    private func identity(_ texts: [LabeledText], _ model: LoadedModel) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var text = String(decoding: try encoder.encode(options), as: UTF8.self)
        text += model.info.fingerprint
        for item in texts { text += "\(item.label)\t\(item.text)\n" }
        return SHA256.hex(of: text)
    }
}
