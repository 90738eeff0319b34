import Engine
import Foundation
import JSON
import LanguageModel

/// A published reward model or classifier: a Hugging Face folder of a
/// `…ForSequenceClassification` checkpoint. Its head `score.weight` [labels, width] reads the
/// state after the output norm at the last token that is not padding, as in transformers: with
/// a padding token that is also the end of a turn, a conversation that ends with it is read at
/// the token before.
public struct SequenceClassifier: RewardModel {
    static let headName = "score.weight"

    public let name: String
    public let fingerprint: String
    /// Nothing is known of the scores of a published model.
    public let scale = RewardScale(mean: 0, spread: 1)
    /// Names of the head's rows, from `id2label`.
    public let outputNames: [String]
    public let padding: TokenID?
    public var addsEndOfTurn: Bool { false }
    public var readsWholeConversations: Bool { true }
    private let baseFingerprint: String
    private let layerCount: Int
    private let head: [Float]
    private let width: Int

    /// Whether a folder holds such a checkpoint.
    public static func isOne(folder: String) -> Bool {
        guard let data = FileManager.default.contents(atPath: folder + "/config.json"),
            let config = try? JSONValue(parsing: data)
        else { return false }
        return (config["architectures"]?.array ?? []).contains {
            $0.string?.hasSuffix("ForSequenceClassification") ?? false
        }
    }

    /// The head of a folder that is itself the body.
    ///
    /// - Throws: ``TrainingError/invalidHead(path:reason:)`` where the head is missing or does
    ///   not fit the body.
    public init(folder: String, info: ModelInfo) throws {
        let files = try SafetensorsFolder(path: folder)
        guard let tensor = try files.tensor(Self.headName) else {
            throw TrainingError.invalidHead(
                path: folder, reason: "it has no \(Self.headName), so it gives no score")
        }
        let names = files.config["id2label"]
        try self.init(
            head: .init(shape: tensor.shape, values: tensor.floats()), path: folder, info: info,
            padding: files.config["pad_token_id"]?.int.flatMap { TokenID(exactly: $0) }
        ) { names?["\($0)"]?.string }
    }

    /// A file with nothing but `score.weight`, over any body: what lies beside a GGUF file.
    public init(file: String, body: ModelFiles) throws {
        let tensors = try SafetensorsFile(contentsOf: file).tensors
        guard let head = tensors[Self.headName] else {
            throw TrainingError.invalidHead(
                path: file, reason: "it has no \(Self.headName), so it gives no score")
        }
        try self.init(
            head: head, path: file, info: body.info, padding: try body.paddingToken()
        ) { _ in nil }
    }

    /// Whether a file is such a head.
    public static func isHead(file: String) -> Bool {
        (try? SafetensorsFile(contentsOf: file).tensors[headName]) != nil
    }

    private init(
        head tensor: SafetensorsFile.Entry, path: String, info: ModelInfo, padding: TokenID?,
        label: (Int) -> String?
    ) throws {
        func fail(_ reason: String) -> TrainingError { .invalidHead(path: path, reason: reason) }
        width = info.embeddingWidth
        guard tensor.shape.count == 2, tensor.shape[1] == width, tensor.shape[0] >= 1 else {
            throw fail("\(Self.headName) is \(tensor.shape), and the body is \(width) wide")
        }
        head = tensor.values
        guard head.allSatisfy(\.isFinite) else {
            throw fail("\(Self.headName) has a number that is not finite")
        }
        name = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
        outputNames = (0..<tensor.shape[0]).map { label($0) ?? "LABEL_\($0)" }
        fingerprint = head.withUnsafeBytes {
            SHA256.hex(of: Data($0) + Data(info.fingerprint.utf8))
        }
        baseFingerprint = info.fingerprint
        layerCount = info.layerCount
        self.padding = padding
    }

    public func check(_ model: LoadedModel) throws -> [String] {
        guard model.info.fingerprint == baseFingerprint else {
            throw EngineError.rewardMismatch(
                reward: name, expected: "its own body",
                found: "\(model.info.name) (\(model.info.fingerprint.prefix(12)))")
        }
        return model.tokenizer != nil && model.chatRenderer == nil
            ? ["\(name) has no chat template; messages are read as plain text."] : []
    }

    public func score(
        prompt: [TokenID], replies: [[TokenID]], with source: any HiddenStateSource
    ) throws -> [Double] {
        try outputs(prompt: prompt, replies: replies, with: source).map { $0[0] }
    }

    /// Head outputs for each reply; what the sequences begin with together is read once.
    public func outputs(
        prompt: [TokenID], replies: [[TokenID]], with source: any HiddenStateSource
    ) throws -> [[Double]] {
        let sequences = replies.map {
            Self.readPart(of: prompt + $0, padding: padding, isAlone: true)
        }
        guard let first = sequences.first else { return [] }
        guard sequences.allSatisfy({ !$0.isEmpty }) else {
            throw TrainingError.invalidHead(
                path: name, reason: "an empty sequence has no score")
        }
        var shared = first.count
        for sequence in sequences {
            shared = zip(sequence.prefix(shared), first).prefix { $0 == $1 }.count
        }
        // Every sequence keeps a token of its own to be read at.
        shared = min(shared, sequences.map(\.count).min()! - 1)
        let states = try source.hiddenStates(
            prompt: Array(first.prefix(shared)), replies: sequences.map { Array($0[shared...]) },
            layers: [layerCount])
        return states.map { layers in
            let last = layers[0].suffix(width)
            return outputNames.indices.map { label in
                var sum = 0.0
                for (x, w) in zip(last, head[label * width..<(label + 1) * width]) {
                    sum += Double(x) * Double(w)
                }
                return sum
            }
        }
    }
}
