import Engine
import Foundation
import LanguageModel

/// A published reward model or classifier: a Hugging Face folder of a
/// `…ForSequenceClassification` checkpoint. Its head `score.weight` [labels, width] reads the
/// state after the output norm at the last token.
///
/// Lengths are kept explicitly, so a padding token that is also the end-of-turn token (SmolLM2)
/// cannot be mistaken for padding.
public final class SequenceClassifier {
    public let loaded: LoadedModel
    /// Names of the head's rows, from `id2label`.
    public let labels: [String]
    private let generator: any HiddenStateSource
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

    /// - Throws: ``TrainingError/invalidHead(path:reason:)`` where the head is missing or does
    ///   not fit the body.
    public init(folder: String, loaded: LoadedModel, generator: any HiddenStateSource) throws {
        func fail(_ reason: String) -> TrainingError { .invalidHead(path: folder, reason: reason) }
        let files = try SafetensorsFolder(path: folder)
        guard let tensor = try files.tensor("score.weight") else {
            throw fail("it has no score.weight, so it gives no score")
        }
        width = loaded.info.embeddingWidth
        guard tensor.shape.count == 2, tensor.columns == width, tensor.rows >= 1 else {
            throw fail("score.weight is \(tensor.shape), and the body is \(width) wide")
        }
        head = tensor.floats()
        guard head.allSatisfy(\.isFinite) else {
            throw fail("score.weight has a number that is not finite")
        }
        let names = files.config["id2label"]
        labels = (0..<tensor.rows).map { names?["\($0)"]?.string ?? "LABEL_\($0)" }
        self.loaded = loaded
        self.generator = generator
    }

    /// Head outputs at the last token of each sequence; what the sequences begin with together
    /// is read once.
    public func outputs(_ sequences: [[TokenID]]) throws -> [[Float]] {
        guard let first = sequences.first else { return [] }
        guard sequences.allSatisfy({ !$0.isEmpty }) else {
            throw TrainingError.invalidHead(
                path: loaded.info.path, reason: "an empty sequence has no score")
        }
        var shared = first.count
        for sequence in sequences {
            shared = zip(sequence.prefix(shared), first).prefix { $0 == $1 }.count
        }
        // Every sequence keeps a token of its own to be read at.
        shared = min(shared, sequences.map(\.count).min()! - 1)
        let states = try generator.hiddenStates(
            prompt: Array(first.prefix(shared)), replies: sequences.map { Array($0[shared...]) },
            layers: [loaded.info.layerCount])
        return states.map { layers in
            let last = layers[0].suffix(width)
            return labels.indices.map { label in
                var sum = 0.0
                for (x, w) in zip(last, head[label * width..<(label + 1) * width]) {
                    sum += Double(x) * Double(w)
                }
                return Float(sum)
            }
        }
    }

    /// Scores of replies to messages, through the model's own chat template, as a whole
    /// conversation; the first row of the head.
    public func scores(messages: [ChatMessage], replies: [String]) throws -> [Double] {
        guard let tokenizer = loaded.tokenizer else {
            throw EngineError.noTokenizer(model: loaded.info.name)
        }
        guard let renderer = loaded.chatRenderer else {
            throw EngineError.noChatTemplate(model: loaded.info.name)
        }
        let sequences = try replies.map { reply in
            tokenizer.encode(
                try renderer.render(
                    messages + [ChatMessage(role: "assistant", content: reply)],
                    addGenerationPrompt: false))
        }
        return try outputs(sequences).map { Double($0[0]) }
    }
}
