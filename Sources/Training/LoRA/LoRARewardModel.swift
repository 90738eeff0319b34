import Engine
import Foundation
import LanguageModel
import Synchronization

/// A fine-tuned reward model: a PEFT `SEQ_CLS` adapter over a base model, with a file of ours
/// beside it that says what its scores mean. Scores are computed in float32.
public final class LoRARewardModel: RewardModel {
    public typealias Specification = AdapterRewardSpecification

    public let specification: Specification
    public let body: FrozenBody
    public let layout: AdapterLayout
    public let parameters: [Float]
    public let fingerprint: String
    /// Ends sequences without being read, as in transformers: the head reads the last token
    /// that is not padding, also where a conversation really ends with that token.
    public let padding: TokenID?
    public let outputNames: [String]
    /// An adapter of another program: nothing says how its scores are to be read.
    public let readsWholeConversations: Bool
    private let pass: Mutex<Pass>

    /// What changes while scoring.
    private struct Pass: ~Copyable {
        let pass: RewardPass
        let parameters: FloatBuffer
    }

    public var name: String { specification.name }
    public var scale: RewardScale { specification.scale }
    public var addsEndOfTurn: Bool { true }

    init(
        specification: Specification, body: FrozenBody, layout: AdapterLayout,
        parameters: [Float], padding: TokenID? = nil, outputNames: [String]? = nil,
        isForeign: Bool = false, threads: Int = 0
    ) {
        self.specification = specification
        self.body = body
        self.layout = layout
        self.parameters = parameters
        self.padding = padding
        self.outputNames =
            outputNames
            ?? (layout.headRows == 1 ? ["reward"] : (0..<layout.headRows).map { "LABEL_\($0)" })
        readsWholeConversations = isForeign
        fingerprint = parameters.withUnsafeBytes { SHA256.hex(of: Data($0)) }
        pass = Mutex(
            Pass(
                pass: RewardPass(body: body, layout: layout, threads: threads),
                parameters: FloatBuffer(parameters)))
    }

    /// Reads an adapter's folder over a base model. A `SEQ_CLS` adapter of others, without our
    /// file, scores unshifted, with a spread of 1; one that has no head of its own gets that of
    /// a sequence-classification base.
    public convenience init(folder: String, files: ModelFiles, threads: Int = 0) throws {
        var adapter = try PEFTAdapter(folder: folder)
        if adapter.head == nil, case .huggingFace(let base) = files.tokenizerSource,
            let head = try base.tensor(SequenceClassifier.headName)
        {
            adapter.head = .init(shape: head.shape, values: head.floats())
        }
        guard let head = adapter.head else {
            throw TrainingError.invalidHead(
                path: folder, reason: "it has no \(PEFTAdapter.headKey), so it gives no score")
        }
        guard head.shape.count == 2, head.shape[0] >= 1 else {
            throw TrainingError.invalidHead(
                path: folder, reason: "its head is of shape \(head.shape), not [labels, width]")
        }
        let body = try FrozenBody(architecture: files.architecture, weights: files.weights)
        let (layout, parameters) = try adapter.opened(
            over: body, headRows: head.shape[0], path: folder)
        let name = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent
        var own = try Specification.read(folder: folder)
        own?.name = name
        self.init(
            specification: own
                ?? Specification(
                    name: name, baseModel: files.info.name,
                    baseFingerprint: files.info.fingerprint,
                    chatTemplateHash: nil, maxPromptTokens: nil, maxReplyTokens: nil, shift: 0,
                    scale: RewardScale(mean: 0, spread: 1),
                    training: RewardTraining(method: "lora")),
            body: body, layout: layout, parameters: parameters,
            padding: try files.paddingToken(), isForeign: own == nil, threads: threads)
    }

    /// Opens a folder over the model in use; what a ``RewardLibrary`` is given.
    public static let opener: RewardLibrary.AdapterOpener = { folder, model in
        let files = try ModelFiles.open(path: model.info.path)
        defer { files.releasePages() }
        return try LoRARewardModel(folder: folder, files: files)
    }

    /// Writes the adapter's folder.
    public func write(folder: String) throws {
        try PEFTAdapter(
            layout: layout, body: body, parameters: parameters, task: .sequenceClassification,
            baseModel: specification.baseModel
        ).write(folder: folder)
        try specification.write(folder: folder)
    }

    public func check(_ model: LoadedModel) throws -> [String] { try specification.check(model) }

    /// The source is not asked: an adapter changes the states of every layer.
    public func score(
        prompt: [TokenID], replies: [[TokenID]], with source: any HiddenStateSource
    ) throws -> [Double] {
        try outputs(prompt: prompt, replies: replies, with: source).map { $0[0] }
    }

    public func outputs(
        prompt: [TokenID], replies: [[TokenID]], with source: any HiddenStateSource
    ) throws -> [[Double]] {
        let prompt = Array(prompt.suffix(specification.maxPromptTokens ?? prompt.count))
        let replies = replies.map {
            Self.readPart(
                of: $0, most: specification.maxReplyTokens, padding: padding,
                isAlone: prompt.isEmpty)
        }
        guard !prompt.isEmpty || replies.allSatisfy({ !$0.isEmpty }) else {
            throw TrainingError.invalidHead(
                path: name, reason: "an empty reply to an empty prompt has no score")
        }
        var batch = TreeBatch()
        batch.append(prompt: prompt, replies: replies)
        let outputs = pass.withLock { $0.pass.scores(batch, parameters: $0.parameters) }
        return outputs.map { $0.map { Double($0) + specification.shift } }
    }

    public func scores(prompt: [TokenID], replies: [[TokenID]]) throws -> [Double] {
        try outputs(prompt: prompt, replies: replies, with: NoStates()).map { $0[0] }
    }

    /// Stands in for the source that an adapter does not need.
    private struct NoStates: HiddenStateSource {
        func hiddenStates(prompt: [TokenID], replies: [[TokenID]], layers: [Int]) -> [[[Float]]] {
            preconditionFailure("an adapter computes its own states")
        }
    }
}
