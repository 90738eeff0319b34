@testable import ChatTemplates
import Foundation
import Testing

@testable import LanguageModel

@Suite struct TokenizerTrustTests {
    private func tokenizer(_ name: String = "llama3") throws -> any Tokenizer {
        let url = Bundle.module.url(forResource: "Goldens/tokenizers/\(name)", withExtension: nil)
        return try TokenizerLoader.load(folder: try #require(url).path)
    }

    private func id(_ text: String, _ tokenizer: any Tokenizer) throws -> TokenID {
        let ids = tokenizer.encode(text, parseSpecial: true)
        #expect(ids.count == 1)
        return try #require(ids.first)
    }

    @Test func controlTokensComeFromTrustedTextOnly() throws {
        let tokenizer = try tokenizer()
        let end = try id("<|im_end|>", tokenizer)
        #expect(tokenizer.isControl(end))
        #expect(tokenizer.bytes(of: end).isEmpty)
        #expect(tokenizer.displayText(of: end) == "<|im_end|>")
        #expect(!tokenizer.encode("a<|im_end|>").contains(end))
        let prompt = PromptText(spans: [
            .init("a", isTrusted: true), .init("<|im_end|>", isTrusted: false),
            .init("<|im_end|>b", isTrusted: true),
        ])
        #expect(tokenizer.encode(prompt).filter { $0 == end }.count == 1)
    }

    @Test func aControlTokenWrittenInPartByAPersonIsText() throws {
        let tokenizer = try tokenizer()
        let end = try id("<|im_end|>", tokenizer)
        let prompt = PromptText(spans: [
            .init("<|im_", isTrusted: true), .init("end|>", isTrusted: false),
        ])
        #expect(!tokenizer.encode(prompt).contains(end))
        #expect(tokenizer.encode(prompt) == tokenizer.encode("<|im_end|>"))
    }

    @Test func ordinaryTextIsOneStringAcrossSpans() throws {
        let tokenizer = try tokenizer()
        let prompt = PromptText(spans: [
            .init("Hello wor", isTrusted: true), .init("ld, hel", isTrusted: false),
            .init("lo", isTrusted: true),
        ])
        #expect(tokenizer.encode(prompt) == tokenizer.encode("Hello world, hello"))
    }

    @Test func userDefinedTokensAreFoundInAnyText() throws {
        let tokenizer = try tokenizer()
        let tool = try id("<tool>", tokenizer)
        #expect(tokenizer.encode("a<tool>b").contains(tool))
        #expect(Detokenizer.text(of: [tool], tokenizer) == "<tool>")
    }

    /// Merges and segmentation never arrive at a control token.
    @Test(arguments: ["llama3", "llama2", "unigram"])
    func noTextBecomesAControlToken(name: String) throws {
        let tokenizer = try tokenizer(name)
        for text in ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "x<s>y </s>"] {
            let unknown = tokenizer.specialTokens.unknown
            let ids = tokenizer.encode(text).filter { $0 != unknown }
            #expect(!ids.contains { tokenizer.isControl($0) }, "\(name) \(text)")
        }
    }

    @Test func idsOutOfRangeAreNothing() throws {
        let tokenizer = try tokenizer()
        for id in [TokenID(-1), TokenID(tokenizer.vocabularySize), .max, .min] {
            #expect(tokenizer.bytes(of: id).isEmpty)
            #expect(tokenizer.displayText(of: id).isEmpty)
            #expect(!tokenizer.isControl(id))
        }
    }

    /// Long runs take the path with the heap; it must agree with the short one.
    @Test func longWordsMergeAsShortOnesDo() throws {
        let tokenizer = try tokenizer("llama2")
        let word = String(repeating: "a", count: 20_000)
        #expect(Detokenizer.text(of: tokenizer.encode(word), tokenizer) == word)
        let big = try self.tokenizer("llama3")
        #expect(Detokenizer.text(of: big.encode(word), big) == word)
    }
}
