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
        /// What stands around a text; folders before there were forms have none.
        public var form: TextForm?
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
        guard let data = FileManager.default.contents(atPath: path),
            let specification = try? JSONDecoder().decode(Specification.self, from: data)
        else {
            throw TrainingError.invalidHead(
                path: folder, reason: "it has no \(Self.specificationName) that names the labels")
        }
        guard specification.baseFingerprint == base.fingerprint else {
            throw EngineError.rewardMismatch(
                reward: specification.name, expected: specification.baseModel, found: base.name)
        }
        let adapter = try PEFTAdapter(folder: folder)
        let (layout, parameters) = try adapter.opened(
            over: body, headRows: specification.labels.count, path: folder)
        self.init(
            specification: specification, body: body, layout: layout, parameters: parameters,
            threads: threads)
    }

    public func write(folder: String) throws {
        try PEFTAdapter(
            layout: layout, body: body, parameters: parameters.array,
            task: .sequenceClassification, baseModel: specification.baseModel
        ).write(folder: folder)
        try AtomicFile.write(json: specification, to: folder + "/" + Self.specificationName)
    }

    /// A text as the model reads it.
    public func ids(_ text: String, with tokenizer: any Tokenizer) -> [TokenID] {
        specification.form.ids(text, with: tokenizer, maxTokens: specification.maxTokens)
    }

    /// Label probabilities of texts, packed into batches.
    ///
    /// - Parameter texts: of ``ids(_:with:)``.
    public func probabilities(_ texts: [[TokenID]]) -> [[Double]] {
        Self.probabilities(texts, pass: pass, parameters: parameters)
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
        public var adapters: AdapterOptions
        public var maxTokens = 256

        public init() {
            adapters = AdapterOptions()
            adapters.adapterRate = 5e-4
            adapters.epochs = 3
            adapters.itemsPerStep = 32
            adapters.testShare = 0.2
            adapters.evaluations = 3
            adapters.checkpointEvery = 50
        }
    }

    public var options: Options
    public var threads = 0
    public var checkpointPath: String?

    public init(options: Options = Options()) { self.options = options }

    /// - Parameters:
    ///   - test: judges the result; nil holds out a share of `texts`.
    ///   - choosingForm: sees the training texts alone.
    public func train(
        _ texts: [LabeledText], test: [LabeledText]? = nil, body: FrozenBody, model: LoadedModel,
        choosingForm: (_ training: [LabeledText]) throws -> TextForm = { _ in .plain },
        onStep: (TrainingStep, _ steps: Int) -> Void,
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
        var adapters = options.adapters
        if test != nil { adapters.testShare = 0 }
        let parts = adapters.split(groups: numbers.count, fewest: 100)
        func members(_ part: AdapterOptions.Part) -> [LabeledText] {
            texts.filter { parts[numbers[$0.text]!] == part }
        }
        let form = try choosingForm(members(.training))
        typealias Row = (ids: [TokenID], label: Int)
        func rows(_ texts: [LabeledText]) -> [Row] {
            texts.compactMap { item in
                let ids = form.ids(item.text, with: tokenizer, maxTokens: options.maxTokens)
                return ids.isEmpty ? nil : (ids, labels.firstIndex(of: item.label)!)
            }
        }
        let judges = rows(test ?? members(.test))
        let validation = rows(members(.validation))
        let training = rows(members(.training))

        let layout = AdapterLayout(
            body: body, rank: adapters.rank, alpha: adapters.alpha, headRows: labels.count)
        let pass = RewardPass(body: body, layout: layout, threads: threads)
        let fitting = try AdapterFitting(
            options: adapters, items: training.map { Self.item($0.ids, $0.label) },
            pass: pass, initial: initialParameters(labels, form, layout, body, tokenizer),
            checkpointPath: checkpointPath, identity: try identity(texts, form, model))
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
        } report: {
            onStep($0, fitting.stepCount)
        }
        let heldOut = evaluation(judges)
        let specification = ClassifierAdapter.Specification(
            name: options.name, baseModel: model.info.name,
            baseFingerprint: model.info.fingerprint, labels: labels, form: form,
            maxTokens: options.maxTokens, examples: training.count,
            heldOutAccuracy: heldOut.accuracy,
            heldOutInterval: heldOut.interval.map { [$0.lowerBound, $0.upperBound] })
        return (
            ClassifierAdapter(
                specification: specification, body: body, layout: layout,
                parameters: fitting.parameters.array, threads: threads), heldOut
        )
    }

    /// Adapters without effect, and a head that answers as the model itself would. Where the
    /// form asks nothing, or two labels begin with one token, the head is random.
    private func initialParameters(
        _ labels: [String], _ form: TextForm, _ layout: AdapterLayout, _ body: FrozenBody,
        _ tokenizer: any Tokenizer
    ) -> [Float] {
        let fresh = layout.initialParameters(seed: options.adapters.seed)
        let words = labels.compactMap { tokenizer.encode(" " + $0).first }
        guard !form.after.isEmpty, Set(words).count == labels.count else { return fresh }
        return fresh[..<layout.headOffset] + Self.head(writing: words, of: body)
    }

    /// The rows of the output matrix that write these tokens, less their mean, which no
    /// probability among them depends on: [words, width].
    static func head(writing words: [TokenID], of body: FrozenBody) -> [Float] {
        let width = body.width
        var head = [Float](repeating: 0, count: words.count * width)
        head.withUnsafeMutableBufferPointer { rows in
            for (label, word) in words.enumerated() {
                body.output.dequantize(row: Int(word), to: rows.baseAddress! + label * width)
            }
        }
        for k in 0..<width {
            let places = stride(from: k, to: head.count, by: width)
            let mean = places.reduce(0) { $0 + head[$1] } / Float(words.count)
            for place in places { head[place] -= mean }
        }
        return head
    }

    /// Cross-entropy of one text.
    static func item(_ ids: [TokenID], _ label: Int) -> AdapterFitting.Item {
        AdapterFitting.Item(prompt: [], replies: [ids], weight: 1) { outputs, stepWeight in
            let p = ClassifierAdapter.softmax(outputs[0])
            let slopes = p.indices.map { Float((p[$0] - ($0 == label ? 1 : 0)) / stepWeight) }
            return (-logarithm(max(p[label], 1e-30)) / stepWeight, [slopes])
        }
    }

    private func identity(_ texts: [LabeledText], _ form: TextForm, _ model: LoadedModel) throws
        -> String
    {
        try TrainingCheckpoint.identity(options, model) { text in
            text += form.string + "\n"
            for item in texts { text += "\(item.label)\t\(item.text)\n" }
        }
    }
}
