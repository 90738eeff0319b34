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

/// Parts of a tokenizer.json around a few words, with what `tokenizers` makes of them.
@Suite struct TokenizerPartTests {
    private func tokens(_ text: String, normalizer: String, preTokenizer: String) throws -> [String]
    {
        let words = ["<unk>", "▁a", "a", "▁", "b", "▁b", "ab"]
        let vocabulary = words.enumerated().map { #""\#($1)": \#($0)"# }.joined(separator: ", ")
        let json = """
            {"added_tokens": [], "normalizer": \(normalizer), "pre_tokenizer": \(preTokenizer),
             "model": {"type": "BPE", "vocab": {\(vocabulary)}, "unk_token": "<unk>",
             "merges": ["▁ a", "▁ b", "a b"]}}
            """
        return try TokenizerLoader.load(json: Array(json.utf8)).encode(text).map { words[Int($0)] }
    }

    @Test func whatFollowsARemovedCharacterIsNotTheStart() throws {
        let first = #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}"#
        let strip = #"{"type": "Strip", "strip_left": true, "strip_right": false}"#
        #expect(try tokens(" a", normalizer: strip, preTokenizer: first) == ["a"])
        #expect(try tokens("a b", normalizer: strip, preTokenizer: first) == ["▁a", "▁b"])
        let deletes = #"{"type": "Replace", "pattern": {"String": "x"}, "content": ""}"#
        #expect(try tokens("xa b", normalizer: deletes, preTokenizer: first) == ["a", "▁b"])
        #expect(try tokens("axb", normalizer: deletes, preTokenizer: first) == ["▁a", "b"])
    }

    @Test func controlCharactersGoAndOtherWhiteSpaceIsSpaces() throws {
        let always = #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}"#
        #expect(
            try tokens(
                "a\u{1}\tb\u{200B}a\u{8F}", normalizer: #"{"type": "Nmt"}"#, preTokenizer: always)
                == ["▁a", "▁b", "▁a"])
    }
}
