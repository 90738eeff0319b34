import CKernels
import Foundation
import Testing

@testable import LanguageModel

@Suite struct ModelFilesTests {
    @Test(.enabled(if: TestModel.isPresent)) func opensTheDefaultModel() throws {
        let files = try ModelFiles.open(path: TestModel.path)
        let a = files.architecture
        #expect(a.layerCount == 30)
        #expect(a.width == 576)
        #expect(a.headSize == 64)
        #expect(a.layers.allSatisfy { $0.headCount == 9 && $0.keyValueHeadCount == 3 })
        #expect(a.layers.allSatisfy { $0.feedForward == .dense(width: 1536) && $0.rope == 0 })
        #expect(a.vocabularySize == 49_152)
        #expect(a.contextLength == 8192)
        #expect(a.isOutputTied)
        #expect(a.normEpsilon == 1e-5)
        #expect(a.ropes.count == 1)
        #expect(a.ropes[0].pairing == .interleaved)
        #expect(a.ropes[0].inverseFrequencies[1] == Float(pow(100_000, -2.0 / 64)))
        #expect(files.weights.tokenEmbedding.type == .q8_0)
        #expect(files.weights.layers[7].query.matrix.type == .q4_1)
        #expect(files.info.quantization == "Q4_1")
        #expect(files.info.parameterCount == 134_515_008)
        #expect(files.info.fileBytes == 98_362_432)
        #expect(files.info.fingerprint.count == 64)
        #expect(files.chatTemplateSource?.contains("<|im_start|>") == true)
        guard case .gguf(let file) = files.tokenizerSource else {
            Issue.record("it is a GGUF file")
            return
        }
        let tokens = try #require(file.metadata["tokenizer.ggml.tokens"]?.array?.strings)
        #expect(tokens.count == 49_152)
        #expect(tokens[1] == "<|im_start|>")
    }

    @Test func hashesAsThePublishedVectors() {
        #expect(
            SHA256.hexDigest(of: "")
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            SHA256.hexDigest(of: "abc")
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        // FIPS 180-4: a million times the letter a, added in pieces that straddle blocks.
        var hash = SHA256()
        for _ in 0..<10_000 { hash.add(String(repeating: "a", count: 100)) }
        #expect(
            hash.hexDigest == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    /// A processor's own instructions against plain C.
    @Test func hashesAsTheReference() {
        let bytes = (0..<64 * 9).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }
        for count in 1...9 {
            var hash = rk_sha256()
            rk_sha256_begin(&hash)
            var expected = hash
            rk_sha256_add(&hash, bytes, count * 64)
            withUnsafeMutableBytes(of: &expected.state) {
                let state = $0.assumingMemoryBound(to: UInt32.self).baseAddress
                rk_sha256_blocks_reference(state, bytes, count)
            }
            let found = withUnsafeBytes(of: &hash.state) { Array($0) }
            #expect(found == withUnsafeBytes(of: &expected.state) { Array($0) })
        }
    }
}
