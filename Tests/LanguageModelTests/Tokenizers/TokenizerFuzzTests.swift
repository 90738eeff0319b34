import Foundation
import Testing

@testable import LanguageModel

/// Damaged tokenizer files are an error or a tokenizer, never a crash.
@Suite(.serialized) struct TokenizerFuzzTests {
    static let names = [
        "llama3", "o200k", "deepseek3", "falcon", "llama2", "unigram", "wordlevel",
    ]

    static let texts = [
        "", " ", "Hello, world's 123 ", "é漢字🙂\u{301}<s></s><|im_end|>▁ \r\n\t", "aaaaaaaaaaaaaaaa",
        String(repeating: " x", count: 60),
    ]

    private func mutated(
        _ bytes: [UInt8], _ random: inout SplitMix, _ words: [[UInt8]]
    ) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<(1 + Int(random.next() % 4)) {
            guard !bytes.isEmpty else { break }
            let place = Int(random.next() % UInt64(bytes.count))
            let length = min(Int(random.next() % 24), bytes.count - place)
            switch random.next() % 6 {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes[place] ^= 1 << UInt8(random.next() % 8)
            case 2: bytes.removeSubrange(place..<place + length)
            case 3: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
            case 4: bytes.removeSubrange(place..<bytes.count)
            default:
                let word = words[Int(random.next() % UInt64(words.count))]
                bytes.replaceSubrange(
                    place..<place + min(word.count, bytes.count - place), with: word)
            }
        }
        return bytes
    }

    private func use(_ tokenizer: any Tokenizer) {
        for text in Self.texts {
            let ids = tokenizer.encode(text, parseSpecial: true)
            #expect(ids.allSatisfy { $0 >= 0 && Int($0) < tokenizer.vocabularySize })
            _ = Detokenizer.text(of: ids, tokenizer)
            _ = tokenizer.encode(text)
        }
        for id in TokenID(0)..<TokenID(min(20, tokenizer.vocabularySize)) {
            _ = tokenizer.displayText(of: id)
        }
    }

    @Test(arguments: names)
    func damagedTokenizerJSON(name: String) throws {
        let url = Bundle.module.url(
            forResource: "Goldens/tokenizers/\(name)/tokenizer.json", withExtension: nil)
        let original = [UInt8](try Data(contentsOf: try #require(url)))
        let words = [
            "null", "-1", "1e400", "99999999", "[]", "{}", "\"\"", "\"type\"", "\\ud800",
            "\\p{L}+", "true", "(?=", "▁", "Sequence", "ByteLevel", "Unigram", "BPE", "0.5",
        ].map { Array($0.utf8) }
        var random = SplitMix(state: 10 + FuzzLoop.seed)
        try FuzzLoop.run(
            "tokenizer-json", rounds: 150, next: { mutated(original, &random, words) }
        ) { bytes in
            do {
                use(try TokenizerLoader.load(json: bytes))
            } catch is LanguageModelError {
            } catch {
                Issue.record("\(error)")
            }
        }
    }

    @Test func damagedGGUFVocabulary() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "riposte-fuzz-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("model.gguf").path
        var random = SplitMix(state: 12 + FuzzLoop.seed)
        let words: [[UInt8]] = [
            [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0, 0, 0, 0, 0], Array("<|im_end|>".utf8), [0x80],
            [3, 0, 0, 0], [6, 0, 0, 0], [0x7F, 0xC0, 0, 0],
        ]
        for model in ["gpt2", "llama", "t5", "gemma4"] {
            let original = smallGGUF(model: model)
            try Data(original).write(to: URL(fileURLWithPath: path))
            use(try TokenizerLoader.load(gguf: GGUFFile(path: path)))
            try FuzzLoop.run(
                "gguf-vocabulary", rounds: 150, next: { mutated(original, &random, words) }
            ) { bytes in
                do {
                    try Data(bytes).write(to: URL(fileURLWithPath: path))
                    use(try TokenizerLoader.load(gguf: GGUFFile(path: path)))
                } catch is LanguageModelError {
                } catch {
                    Issue.record("\(error)")
                }
            }
        }
    }

    /// A vocabulary of some tokens of every kind, as a GGUF file without tensors.
    private func smallGGUF(model: String) -> [UInt8] {
        var file = Array("GGUF".utf8)
        func number<Value: FixedWidthInteger>(_ value: Value) {
            withUnsafeBytes(of: value.littleEndian) { file.append(contentsOf: $0) }
        }
        func string(_ text: String) {
            number(UInt64(text.utf8.count))
            file += text.utf8
        }
        func list(_ key: String, type: UInt32, count: Int) {
            string("tokenizer.ggml." + key)
            number(UInt32(9))
            number(type)
            number(UInt64(count))
        }
        let tokens =
            ["<unk>", "<s>", "</s>", "<|im_end|>", "<tool>", "▁", "Ġ", "Ġa", "aa", "ab", "▁a"]
            + (0x21...0x7E).map { String(Unicode.Scalar($0)) }
            + (0..<256).map { "<0x" + String(format: "%02X", $0) + ">" }
        number(UInt32(3))
        number(UInt64(0))
        number(UInt64(6))
        for (key, value) in [("model", model), ("pre", "llama-bpe")] {
            string("tokenizer.ggml." + key)
            number(UInt32(8))
            string(value)
        }
        list("tokens", type: 8, count: tokens.count)
        for token in tokens { string(token) }
        list("token_type", type: 5, count: tokens.count)
        for (id, token) in tokens.enumerated() {
            let isByte = token.hasPrefix("<0x")
            number(Int32(id == 0 ? 2 : id < 4 ? 3 : id == 4 ? 4 : isByte ? 6 : 1))
        }
        list("scores", type: 6, count: tokens.count)
        for id in tokens.indices { number(Float(-id).bitPattern) }
        let merges = ["Ġ a", "a a", "a b", "▁ a"]
        list("merges", type: 8, count: merges.count)
        for merge in merges { string(merge) }
        return file
    }
}

/// Vigna's SplitMix64: the same mutations on every machine.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
