import Engine
import Foundation
import LanguageModel
import Synchronization

/// A fine-tuned reward model: a PEFT `SEQ_CLS` adapter over a base model, with a file of ours
/// beside it that says what its scores mean. Scores are computed in float32.
public final class LoRARewardModel: RewardModel {
    /// The file `riposte_reward.json`.
    public struct Specification: Sendable, Equatable, Codable {
        public var name: String
        public var createdAt: Date
        public var baseModel: String
        public var baseFingerprint: String
        public var chatTemplateHash: String?
        public var maxPromptTokens: Int?
        public var maxReplyTokens: Int?
        /// Added to the head's output, so that the mean over training replies is 0.
        public var shift: Double
        public var scale: RewardScale
        public var training: FeatureRewardModel.TrainingSummary
    }

    public static let specificationName = "riposte_reward.json"

    public let specification: Specification
    public let body: FrozenBody
    public let layout: AdapterLayout
    public let parameters: [Float]
    public let fingerprint: String
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
        parameters: [Float], threads: Int = 0
    ) {
        self.specification = specification
        self.body = body
        self.layout = layout
        self.parameters = parameters
        fingerprint = parameters.withUnsafeBytes { SHA256.hex(of: Data($0)) }
        pass = Mutex(
            Pass(
                pass: RewardPass(body: body, layout: layout, threads: threads),
                parameters: FloatBuffer(parameters)))
    }

    /// Reads an adapter's folder over a base model. A `SEQ_CLS` adapter of others, without our
    /// file, scores unshifted, with a spread of 1.
    public convenience init(folder: String, body: FrozenBody, base: ModelInfo, threads: Int = 0)
        throws
    {
        let adapter = try PEFTAdapter(folder: folder)
        guard let head = adapter.head else {
            throw TrainingError.invalidHead(
                path: folder, reason: "it has no \(PEFTAdapter.headKey), so it gives no score")
        }
        guard head.shape.count == 2, head.shape[0] == 1 else {
            throw TrainingError.invalidHead(
                path: folder, reason: "its head has \(head.shape) numbers, and a reward has one row"
            )
        }
        let layout = AdapterLayout(
            body: body, rank: adapter.rank, alpha: adapter.scale * Float(adapter.rank),
            headRows: 1)
        let parameters = try adapter.parameters(layout, body: body, path: folder)
        self.init(
            specification: try Self.specification(folder: folder, base: base), body: body,
            layout: layout, parameters: parameters, threads: threads)
    }

    private static func specification(folder: String, base: ModelInfo) throws -> Specification {
        let path = folder + "/" + specificationName
        guard let data = FileManager.default.contents(atPath: path) else {
            return Specification(
                name: URL(fileURLWithPath: folder).lastPathComponent, createdAt: Date(),
                baseModel: base.name, baseFingerprint: base.fingerprint, chatTemplateHash: nil,
                maxPromptTokens: nil, maxReplyTokens: nil, shift: 0,
                scale: RewardScale(mean: 0, spread: 1),
                training: FeatureRewardModel.TrainingSummary(method: "lora"))
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        do { return try decoder.decode(Specification.self, from: data) } catch {
            throw TrainingError.invalidHead(
                path: path, reason: "it lacks fields that this version writes")
        }
    }

    /// Writes the adapter's folder.
    public func write(folder: String) throws {
        try PEFTAdapter(
            layout: layout, body: body, parameters: parameters, task: .sequenceClassification,
            baseModel: specification.baseModel
        ).write(folder: folder)
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try AtomicFile.write(
            try encoder.encode(specification), to: folder + "/" + Self.specificationName)
    }

    public func check(_ model: LoadedModel) throws -> [String] {
        guard model.info.fingerprint == specification.baseFingerprint else {
            throw EngineError.rewardMismatch(
                reward: name,
                expected:
                    "\(specification.baseModel) (\(specification.baseFingerprint.prefix(12)))",
                found: "\(model.info.name) (\(model.info.fingerprint.prefix(12)))")
        }
        guard let expected = specification.chatTemplateHash, model.chatTemplateHash != expected
        else { return [] }
        return [
            "The reward model \(name) was trained with another chat template; "
                + "its scores may not mean the same here."
        ]
    }

    /// The source is not asked: an adapter changes the states of every layer.
    public func score(
        prompt: [TokenID], replies: [[TokenID]], with source: any HiddenStateSource
    ) throws -> [Double] {
        try scores(prompt: prompt, replies: replies)
    }

    public func scores(prompt: [TokenID], replies: [[TokenID]]) throws -> [Double] {
        let prompt = Array(prompt.suffix(specification.maxPromptTokens ?? prompt.count))
        let replies = replies.map { Array($0.prefix(specification.maxReplyTokens ?? $0.count)) }
        guard !prompt.isEmpty || replies.allSatisfy({ !$0.isEmpty }) else {
            throw TrainingError.invalidHead(
                path: name, reason: "an empty reply to an empty prompt has no score")
        }
        var batch = TreeBatch()
        batch.append(prompt: prompt, replies: replies)
        let outputs = pass.withLock { $0.pass.scores(batch, parameters: $0.parameters) }
        return outputs.map { Double($0[0]) + specification.shift }
    }
}
