import Foundation
import Testing

@testable import LanguageModel

/// llama.cpp's vocabulary files with the ids of Hugging Face tokenizers beside them: pairs of
/// `NAME.gguf.inp` (texts between separator lines) and `NAME.gguf.out` (a line of ids each).
@Suite struct TokenizerVocabularyTests {
    static let folder = ProcessInfo.processInfo.environment["RIPOSTE_TEST_TOKENIZERS"] ?? ""

    static let models: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".gguf.inp") }.map { String($0.dropLast(4)) }.sorted()
    }()

    @Test(.enabled(if: !models.isEmpty, "RIPOSTE_TEST_TOKENIZERS names no vocabularies"))
    func everyVocabularyGivesTheReferenceIDs() throws {
        for model in Self.models {
            let path = Self.folder + "/" + model
            let tokenizer = try TokenizerLoader.load(gguf: GGUFFile(path: path))
            let inputs = try String(contentsOfFile: path + ".inp", encoding: .utf8)
            var texts = inputs.components(separatedBy: "\n__ggml_vocab_test__\n")
            if let last = texts.last, last.hasSuffix("\n") { texts[texts.count - 1].removeLast() }
            let outputs = try String(contentsOfFile: path + ".out", encoding: .utf8)
                .components(separatedBy: "\n").prefix(texts.count)
            #expect(outputs.count == texts.count, "\(model)")
            for (text, line) in zip(texts, outputs) {
                let expected = line.split(separator: " ").compactMap { TokenID($0) }
                let ids = tokenizer.encode(text)
                #expect(ids == expected, "\(model): \(text.debugDescription)")
            }
        }
    }
}
