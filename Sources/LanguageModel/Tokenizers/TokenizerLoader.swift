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
}
