/// What a person can learn about a model from its files, also of one that cannot be run.
public struct ModelDescription: Sendable {
    public var name: String
    /// What the file calls its architecture.
    public var architecture: String
    public var license: String?
    public var fileBytes: Int
    public var parameterCount: Int
    /// How many tensors are stored as which type, the most first.
    public var types: [(name: String, tensors: Int)]
    /// The rest, where the model can be run.
    public var info: ModelInfo?
    /// Its algorithm and size; nil where there is none.
    public var tokenizer: String?
    public var chatTemplateSource: String?
    /// How messages become a prompt; nil where the template cannot be read.
    public var chatFormat: ChatFormat?
    /// Why the model, its tokenizer or its template cannot be used: a sentence each.
    public var unsupported: [String] = []

    /// Reads settings and headers, no weights.
    ///
    /// - Throws: ``LanguageModelError`` where a file is damaged. What is well-formed and not
    ///   supported is told in ``unsupported``.
    public static func read(path: String) throws -> ModelDescription {
        let source = try ModelFiles.TokenizerSource.open(path: path)
        var result = try source.outline(path: path)
        result.info = try result.noting { try ModelFiles.open(path: path).info }
        let tokenizer = try result.noting { try source.tokenizer() } ?? nil
        result.tokenizer = tokenizer.map { tokenizer in
            let kind = (tokenizer as? VocabularyTokenizer)?.kind ?? "unknown"
            return "\(kind), \(tokenizer.vocabularySize) tokens"
        }
        result.chatTemplateSource = try source.chatTemplate()
        do {
            result.chatFormat = try ChatFormat(
                source: result.chatTemplateSource, tokenizer: tokenizer)
        } catch {
            result.unsupported.append("Its chat template cannot be used: \(error)")
        }
        return result
    }

    /// The result of `body`; nil, and noted, where it is not supported.
    private mutating func noting<T>(_ body: () throws -> T) throws -> T? {
        do {
            return try body()
        } catch let error as LanguageModelError {
            guard case .unsupported = error else { throw error }
            unsupported.append("\(error)")
            return nil
        }
    }
}

extension ModelFiles.TokenizerSource {
    /// Nil where the files have none.
    func tokenizer() throws -> (any Tokenizer)? {
        switch self {
        case .gguf(let file): try TokenizerLoader.loadIfPresent(gguf: file)
        case .huggingFace(let folder): try TokenizerLoader.loadIfPresent(folder: folder.path)
        }
    }
}
