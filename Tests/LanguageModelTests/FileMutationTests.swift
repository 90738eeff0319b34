import JSON
import Foundation
import Testing

@testable import LanguageModel

/// Broken copies of good files must end in a model or an error: never in a trap, a hang or a
/// huge allocation.
@Suite(.serialized) struct FileMutationTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Runs `body` with one mutation after another of `original`.
    private func mutate(
        _ name: String, _ original: [UInt8], rounds: Int, _ body: ([UInt8]) throws -> Void
    ) throws {
        var random = Mutator(seed: UInt64(original.count) &+ FuzzLoop.seed - 1)
        try FuzzLoop.run(name, rounds: rounds, next: { random.mutate(original) }) { broken in
            do {
                try body(broken)
            } catch is LanguageModelError {
            } catch is JSONSyntaxError {
            }
        }
    }

    /// Reads what a person's actions would read of a model.
    private func use(_ path: String) throws {
        let files = try ModelFiles.open(path: path)
        var row = [Float](repeating: 0, count: files.architecture.width)
        files.weights.tokenEmbedding.dequantize(row: 0, to: &row)
        if case .gguf(let file) = files.tokenizerSource {
            for value in file.metadata.values {
                guard let array = value.array else { continue }
                _ = array.ints
                _ = array.floats
                _ = array.strings
            }
        }
    }

    private static let models = TinyModel.all.filter {
        ["llama-llama3-0", "gemma2-0", "phi3-longrope-0", "qwen3moe-0"]
            .contains(where: $0.path.contains)
    }

    @Test(arguments: models.filter { $0.path.hasSuffix(".gguf") })
    func ggufFiles(_ model: TinyModel) throws {
        let original = try Data(contentsOf: URL(fileURLWithPath: model.path))
        try mutate("gguf", [UInt8](original), rounds: 30) { bytes in
            try use(try folder.write(bytes, to: "model.gguf"))
        }
    }

    @Test(arguments: models.filter { !$0.path.hasSuffix(".gguf") })
    func safetensorsFiles(_ model: TinyModel) throws {
        let config = try Data(contentsOf: URL(fileURLWithPath: "\(model.path)/config.json"))
        try folder.write(config, to: "config.json")
        let weights = try Data(contentsOf: URL(fileURLWithPath: "\(model.path)/model.safetensors"))
        try mutate("safetensors", [UInt8](weights), rounds: 20) { bytes in
            try folder.write(bytes, to: "model.safetensors")
            try use(folder.path)
        }
    }

    @Test(arguments: models.filter { !$0.path.hasSuffix(".gguf") })
    func configFiles(_ model: TinyModel) throws {
        let weights = try Data(contentsOf: URL(fileURLWithPath: "\(model.path)/model.safetensors"))
        try folder.write(weights, to: "model.safetensors")
        let config = try Data(contentsOf: URL(fileURLWithPath: "\(model.path)/config.json"))
        try mutate("config", [UInt8](config), rounds: 30) { bytes in
            try folder.write(bytes, to: "config.json")
            try use(folder.path)
        }
    }

    @Test func jsonTexts() throws {
        let text = #"{"a": [1, -2.5e3, "x\u00e9\n\ud83d\ude00", {"b": null, "c": [true, false]}]}"#
        try mutate("json-text", Array(text.utf8), rounds: 1000) { bytes in
            _ = try bytes.withUnsafeBytes { try JSONValue(parsing: $0) }
        }
    }
}

/// Random damage of the kinds that files suffer and attackers choose.
struct Mutator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    private mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    private mutating func below(_ limit: Int) -> Int {
        limit > 0 ? Int(next() % UInt64(limit)) : 0
    }

    /// Most damage goes to the beginning, where the structure is.
    private mutating func place(_ count: Int) -> Int {
        below(below(4) == 0 ? count : min(count, 4096))
    }

    mutating func mutate(_ original: [UInt8]) -> [UInt8] {
        var bytes = original
        for _ in 0...below(4) where !bytes.isEmpty {
            let index = place(bytes.count)
            switch below(8) {
            case 0: bytes[index] ^= 1 << UInt8(below(8))
            case 1: bytes[index] = UInt8(truncatingIfNeeded: next())
            case 2: bytes.removeSubrange(index..<min(bytes.count, index + 1 + below(16)))
            case 3:
                bytes.insert(
                    contentsOf: (0...below(16)).map { _ in UInt8(truncatingIfNeeded: next()) },
                    at: index)
            case 4: bytes.removeSubrange(below(bytes.count)...)
            case 5:
                // A number where a count or an offset may be.
                let values: [UInt64] = [
                    0, 1, 0x7F, 0xFFFF_FFFF, 1 << 31, 1 << 32, 1 << 40, 1 << 62, 1 << 63, .max,
                ]
                let value = values[below(values.count)]
                for offset in 0..<min(8, bytes.count - index) {
                    bytes[index + offset] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(offset)))
                }
            case 6:
                let from = place(bytes.count)
                let piece = Array(bytes[from..<min(bytes.count, from + 1 + below(64))])
                bytes.insert(contentsOf: piece, at: index)
            default:
                // Another digit, where the text has one.
                if let digit = bytes[index...].firstIndex(where: { (48...57).contains($0) }) {
                    let texts = ["0", "-1", "99999999999", "1e300", "9223372036854775807", "[]"]
                    bytes.replaceSubrange(digit...digit, with: Array(texts[below(6)].utf8))
                }
            }
        }
        return bytes
    }
}
