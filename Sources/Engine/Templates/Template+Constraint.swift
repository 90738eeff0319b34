import JSON
import LanguageModel
import Yams

extension Template {
    /// What a reply has to be.
    public enum Constraint: Sendable, Equatable {
        /// Text of a GBNF grammar.
        case grammar(String)
        case jsonSchema(JSONValue)

        public func grammar() throws -> Grammar {
            switch self {
            case .grammar(let text): try Grammar(gbnf: text)
            case .jsonSchema(let schema): try Grammar(jsonSchema: schema)
            }
        }

        /// The grammar in terms of a model's tokens.
        public func compiled(for model: LoadedModel) throws -> TokenConstraint {
            guard let tokenizer = model.tokenizer else {
                throw EngineError.noTokenizer(model: model.info.name)
            }
            return try TokenConstraint(
                grammar(),
                trie: TokenTrie(
                    tokenizer: tokenizer, vocabularySize: model.info.vocabularySize))
        }
    }
}

extension JSONValue {
    /// A YAML node as the JSON it would be.
    init(_ node: Node) throws {
        switch node {
        case .scalar:
            if node.null != nil {
                self = .null
            } else if let value = node.bool {
                self = .bool(value)
            } else if let value = node.int {
                self = .int(value)
            } else if let value = node.float {
                self = .double(value)
            } else {
                self = .string(node.string ?? "")
            }
        case .sequence(let nodes): self = .array(try nodes.map(JSONValue.init))
        case .mapping(let mapping):
            self = .object(
                .init(
                    try mapping.map { key, value in (key.string ?? "", try JSONValue(value)) },
                    uniquingKeysWith: { $1 }))
        case .alias: self = .null
        }
    }
}
