import Foundation
import Testing

@testable import LanguageModel

/// A tiny random model that `make_tiny_models.py` wrote, and what transformers computes
/// with it.
struct TinyModel: Sendable, CustomTestStringConvertible {
    /// A Hugging Face folder or a GGUF file.
    let path: String
    let expectedPath: String

    var testDescription: String {
        path.split(separator: "/").suffix(path.hasSuffix(".gguf") ? 2 : 1).joined(separator: "/")
    }

    struct Expected: Decodable {
        let ids: [TokenID]
        let greedy: [TokenID]
        let vocabulary: Int
        let logprobs: Data

        /// Log-probability of each next token after position `i`, row after row.
        var logProbabilities: [Float] {
            logprobs.withUnsafeBytes { bytes in
                (0..<bytes.count / 4).map {
                    bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
                }
            }
        }
    }

    func expected() throws -> Expected {
        let data = try Data(contentsOf: URL(fileURLWithPath: expectedPath))
        return try JSONDecoder().decode(Expected.self, from: data)
    }

    /// The committed models, and those of the folder in RIPOSTE_TINY_MODELS.
    static let all: [TinyModel] = {
        let committed = Bundle.module.url(forResource: "Goldens/TinyModels", withExtension: nil)
        let more = ProcessInfo.processInfo.environment["RIPOSTE_TINY_MODELS"]
        return [committed?.path, more].compactMap { $0 }.flatMap(models(in:))
    }()

    private static func models(in folder: String) -> [TinyModel] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().flatMap { name -> [TinyModel] in
            let path = "\(folder)/\(name)"
            let expected = "\(path)/expected.json"
            guard FileManager.default.fileExists(atPath: expected) else { return [] }
            return [path, "\(path)/model.gguf"]
                .filter { FileManager.default.fileExists(atPath: $0) }
                .map { TinyModel(path: $0, expectedPath: expected) }
        }
    }
}

@Suite struct TinyModelFilesTests {
    /// So that the tests over all models cannot pass for want of any.
    @Test func everyFamilyIsThere() throws {
        let folders = TinyModel.all.filter { !$0.path.hasSuffix(".gguf") }
        let types = try folders.map {
            try SafetensorsFolder(path: $0.path).config["model_type"]?.string
        }
        for family in ModelFamily.all {
            #expect(
                family.modelTypes.contains { types.contains($0) }, "no model of \(family.name)")
        }
        let files = TinyModel.all.filter { $0.path.hasSuffix(".gguf") }
        let names = try files.map {
            try GGUFFile(path: $0.path).metadata["general.architecture"]?.string
        }
        for family in ModelFamily.all {
            guard let name = family.ggufName else { continue }
            #expect(names.contains(name), "no GGUF file of \(name)")
        }
    }

    @Test(arguments: TinyModel.all) func opens(_ model: TinyModel) throws {
        let files = try ModelFiles.open(path: model.path)
        #expect(files.architecture.vocabularySize == 64)
        #expect(files.weights.layers.count == files.architecture.layerCount)
        #expect(files.info.parameterCount > 5000)
    }

    /// Both formats hold one model: the same numbers must come out, in whatever order of rows.
    @Test(arguments: TinyModel.all.filter { $0.path.hasSuffix(".gguf") })
    func agreesWithItsFolder(_ model: TinyModel) throws {
        let folder = (model.path as NSString).deletingLastPathComponent
        let gguf = try ModelFiles.open(path: model.path)
        let safetensors = try ModelFiles.open(path: folder)
        var a = gguf.architecture
        let b = safetensors.architecture
        for index in a.ropes.indices { a.ropes[index].pairing = .halves }
        a.family = b.family
        // Falcon's converter writes 2048 whatever the model says.
        if a.family == "falcon" { a.contextLength = b.contextLength }
        for (mine, theirs) in zip(a.ropes, b.ropes) {
            for (x, y) in zip(mine.inverseFrequencies, theirs.inverseFrequencies) {
                #expect(abs(x - y) <= 1e-6 * abs(y))
            }
            #expect(abs(mine.attentionFactor - theirs.attentionFactor) < 1e-6)
        }
        a.ropes = b.ropes
        a.attentionScale = b.attentionScale
        #expect(a == b)
        for (mine, theirs) in zip(gguf.weights.layers, safetensors.weights.layers) {
            #expect(mine.query.matrix.floats().sorted() == theirs.query.matrix.floats().sorted())
            #expect(mine.key.matrix.floats().sorted() == theirs.key.matrix.floats().sorted())
            #expect(mine.value.matrix.floats() == theirs.value.matrix.floats())
            #expect(mine.value.bias == theirs.value.bias)
            #expect(mine.attentionOutput.matrix.floats() == theirs.attentionOutput.matrix.floats())
        }
    }
}
