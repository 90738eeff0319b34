import Foundation

/// Makes tokenizers from model files.
public enum TokenizerLoader {
    /// The tokenizer that a GGUF file carries.
    ///
    /// - Throws: ``LanguageModelError`` where the file's vocabulary is damaged or of a kind
    ///   that is not supported; never a tokenizer that would give other tokens than the
    ///   model's own.
    public static func load(gguf: GGUFFile) throws -> any Tokenizer {
        VocabularyTokenizer(try GGUFVocabulary(gguf).description())
    }

    /// The tokenizer of a Hugging Face model folder: its `tokenizer.json`, with
    /// `tokenizer_config.json`, `special_tokens_map.json`, `generation_config.json` and
    /// `config.json` for the special tokens, where they are.
    ///
    /// - Throws: ``LanguageModelError`` as ``load(gguf:)`` does.
    public static func load(folder: String) throws -> any Tokenizer {
        VocabularyTokenizer(try TokenizerJSON(folder: folder).description())
    }

    /// The tokenizer of a file that has a vocabulary; nil where it has none.
    static func loadIfPresent(gguf file: GGUFFile) throws -> (any Tokenizer)? {
        file.metadata["tokenizer.ggml.tokens"] == nil ? nil : try load(gguf: file)
    }

    /// The tokenizer of a folder that has a `tokenizer.json`; nil where it has none.
    static func loadIfPresent(folder: String) throws -> (any Tokenizer)? {
        FileManager.default.fileExists(atPath: folder + "/tokenizer.json")
            ? try load(folder: folder) : nil
    }

    /// The tokenizer that the text of a `tokenizer.json` describes. `path` is for messages;
    /// `companions` are the other files' texts by name.
    static func load(
        json: [UInt8], path: String = "tokenizer.json", companions: [String: [UInt8]] = [:]
    ) throws -> any Tokenizer {
        VocabularyTokenizer(
            try TokenizerJSON(path: path, bytes: json, companions: companions).description())
    }
}
