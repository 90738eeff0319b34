import Foundation
import Testing

@testable import LanguageModel

/// A text with its ids and what they decode to, as `tokenizers` gives them.
struct TokenizerCase: Decodable {
    var text: String
    var ids: [TokenID]
    var decoded: String

    /// Differences from what a tokenizer gives, at most a few.
    static func differences(
        _ cases: [TokenizerCase], _ tokenizer: any Tokenizer, limit: Int = 8
    ) -> [String] {
        var found: [String] = []
        for item in cases {
            let ids = tokenizer.encode(item.text, parseSpecial: true)
            if ids != item.ids {
                found.append("\(item.text.debugDescription): \(ids), not \(item.ids)")
            }
            let decoded = Detokenizer.text(of: item.ids, tokenizer)
            if decoded.unicodeScalars.elementsEqual(item.decoded.unicodeScalars) == false {
                found.append(
                    "decoded \(decoded.debugDescription), not \(item.decoded.debugDescription)")
            }
            if found.count >= limit { break }
        }
        return found
    }
}

/// Ids that no text may have, with what they decode to.
struct DecodingCase: Decodable {
    var ids: [TokenID]
    var decoded: String

    /// Differences from what a tokenizer gives, at most a few.
    static func differences(
        _ cases: [DecodingCase], _ tokenizer: any Tokenizer, limit: Int = 8
    ) -> [String] {
        cases.lazy.compactMap { item in
            let decoded = Detokenizer.text(of: item.ids, tokenizer)
            return decoded.unicodeScalars.elementsEqual(item.decoded.unicodeScalars)
                ? nil
                : "\(item.ids): \(decoded.debugDescription), not \(item.decoded.debugDescription)"
        }.prefix(limit).map { $0 }
    }
}

/// Comparison with Hugging Face's `tokenizers` on what
/// `Tests/Scripts/make_tokenizer_goldens.py --out DIR` writes: many random strings, several
/// kinds of tokenizer, and the default model.
@Suite struct TokenizerCases {
    static let folder = ProcessInfo.processInfo.environment["RIPOSTE_TEST_TOKENIZER_CASES"] ?? ""

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter {
            FileManager.default.fileExists(atPath: folder + "/\($0)/cases.json")
        }.sorted()
    }()

    @Test(
        .enabled(if: !names.isEmpty, "RIPOSTE_TEST_TOKENIZER_CASES names no cases"),
        arguments: names)
    func everyCaseGivesTheReferenceIDs(name: String) throws {
        let folder = Self.folder + "/" + name
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/cases.json"))
        let cases = try JSONDecoder().decode([TokenizerCase].self, from: data)
        #expect(cases.count > 60)
        let model = folder + "/model.gguf"
        if FileManager.default.fileExists(atPath: model) {
            let tokenizer = try TokenizerLoader.load(gguf: GGUFFile(path: model))
            #expect(TokenizerCase.differences(cases, tokenizer) == [], "\(name).gguf")
        }
        let tokenizer = try TokenizerLoader.load(folder: folder)
        #expect(TokenizerCase.differences(cases, tokenizer) == [], "\(name)")
        if let data = FileManager.default.contents(atPath: folder + "/decodings.json") {
            let decodings = try JSONDecoder().decode([DecodingCase].self, from: data)
            #expect(DecodingCase.differences(decodings, tokenizer) == [], "\(name)")
        }
    }
}

/// The committed goldens of the same script.
@Suite struct TokenizerGoldenTests {
    @Test(.enabled(if: TestModel.isPresent, "the default model is not on this machine"))
    func theDefaultModelGivesTheReferenceIDs() throws {
        let cases: [TokenizerCase] = try golden("tokenizers/smollm2.json")
        #expect(cases.count >= 60)
        let tokenizer = try TokenizerLoader.load(gguf: GGUFFile(path: TestModel.path))
        #expect(TokenizerCase.differences(cases, tokenizer) == [])
        #expect(tokenizer.specialTokens.bos == 1)
        #expect(tokenizer.specialTokens.eos == 2)
        #expect(tokenizer.specialTokens.endOfGeneration.isSuperset(of: [0, 2]))
        #expect(!tokenizer.specialTokens.addsBOS)
    }

    @Test(
        arguments: [
            "llama3", "o200k", "deepseek3", "falcon", "llama2", "unigram", "wordlevel",
        ])
    func everyKindOfTokenizerJSONGivesTheReferenceIDs(name: String) throws {
        let cases: [TokenizerCase] = try golden("tokenizers/\(name)/cases.json")
        #expect(cases.count >= 60)
        let url = Bundle.module.url(
            forResource: "Goldens/tokenizers/\(name)", withExtension: nil)
        let folder = try #require(url)
        let tokenizer = try TokenizerLoader.load(folder: folder.path)
        #expect(TokenizerCase.differences(cases, tokenizer) == [])
    }
}
