@testable import LanguageModel

/// All single bytes, some pieces as tokenizers have them, and one token that ends the reply.
enum ToyVocabulary {
    static let pieces = [
        "the", " the", "ing", "{\"", "\":", "\": ", "\": \"", "\", \"", "\",", "},", "}}", "]]",
        "[[",
        "tr", "ue", "true", "fal", "false", "null", "  ", "\n\n", "\n  ", "12", "123", "00", "0.",
        ".5",
        "e+", "-1", "é", "漢", "🙂", "ab", "abc", "name", "\"name", "age", "items", "\\n", "\\u00",
        "\\\"",
        "positive", " positive", "neg", "ative", "AB", "2024-", "yes", "no", " ", "\"}", "\"]",
        ", ",
    ]
    static let end = TokenID(256 + pieces.count)

    static func makeTrie() -> TokenTrie {
        var bytes = (0...255).map { [UInt8($0)] }
        bytes += pieces.map { Array($0.utf8) }
        bytes.append([])
        return TokenTrie(tokenBytes: bytes, endOfGeneration: [end])
    }

    static let trie = makeTrie()
}
