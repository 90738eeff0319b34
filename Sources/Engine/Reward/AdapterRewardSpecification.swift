import Foundation

/// The file `riposte_reward.json` beside a PEFT adapter: what the scores of a fine-tuned reward
/// model mean, and what it was made of.
public struct AdapterRewardSpecification: RewardSpecification, Equatable, Codable {
    public static let fileName = "riposte_reward.json"

    public var name: String
    /// Nil in what this program writes: equal trainings give equal files.
    public var createdAt: Date?
    public var baseModel: String
    public var baseFingerprint: String
    public var chatTemplateHash: String?
    public var maxPromptTokens: Int?
    public var maxReplyTokens: Int?
    /// Added to the head's output, so that the mean over training replies is 0.
    public var shift: Double
    public var scale: RewardScale
    public var training: RewardTraining

    public var method: String { "LoRA adapter and head" }

    public init(
        name: String, createdAt: Date? = nil, baseModel: String, baseFingerprint: String,
        chatTemplateHash: String?, maxPromptTokens: Int?, maxReplyTokens: Int?, shift: Double,
        scale: RewardScale, training: RewardTraining
    ) {
        self.name = name
        self.createdAt = createdAt
        self.baseModel = baseModel
        self.baseFingerprint = baseFingerprint
        self.chatTemplateHash = chatTemplateHash
        self.maxPromptTokens = maxPromptTokens
        self.maxReplyTokens = maxReplyTokens
        self.shift = shift
        self.scale = scale
        self.training = training
    }

    /// The specification in an adapter's folder; nil where there is none, as for adapters of
    /// other programs.
    /// - Throws: ``EngineError/invalidReward(path:reason:)``.
    public static func read(folder: String) throws -> Self? {
        let path = folder + "/" + fileName
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        do { return try decoder.decode(Self.self, from: data) } catch {
            throw EngineError.invalidReward(
                path: path, reason: "it lacks fields that this version writes")
        }
    }

    public func write(folder: String) throws {
        try AtomicFile.write(json: self, to: folder + "/" + Self.fileName)
    }
}
