import LanguageModel

/// What stands around a text when a classifier reads it.
///
/// A question after the text turns the last state towards the answer: a model that only goes on
/// writing has no reason to know there what was thought of the film (prompt-based fine-tuning:
/// Gao et al. 2021, arXiv 2012.15723).
public struct TextForm: Sendable, Equatable {
    public static let placeholder = "{text}"

    public let before: String
    public let after: String

    /// The text alone.
    public static let plain = TextForm(before: "", after: "")

    init(before: String, after: String) {
        self.before = before
        self.after = after
    }

    /// - Parameter form: text with one `{text}`, such as `Review: {text}\nSentiment:`.
    /// - Throws: ``TrainingError/invalidOption(name:reason:)``.
    public init(_ form: String) throws {
        let parts = form.split(separator: Self.placeholder, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw TrainingError.invalidOption(
                name: "form",
                reason: "needs \(Self.placeholder), the text's place, once, and has it "
                    + "\(parts.count - 1) times")
        }
        self.init(before: String(parts[0]), after: String(parts[1]))
    }

    public var string: String { before + Self.placeholder + after }

    /// Token ids of a text within the form, after BOS where the model wants one. Of a text that
    /// is too long its end is read, and the form stays whole.
    ///
    /// - Parameter maxTokens: of text and form together.
    public func ids(_ text: String, with tokenizer: any Tokenizer, maxTokens: Int = .max)
        -> [TokenID]
    {
        let special = tokenizer.specialTokens
        let whole = special.afterBOS(tokenizer.encode(before + text + after))
        guard whole.count > maxTokens else { return whole }
        let start = special.afterBOS(before.isEmpty ? [] : tokenizer.encode(before))
        let kept = min(start.count, maxTokens / 2)
        return whole.prefix(kept) + whole.suffix(maxTokens - kept)
    }
}

extension TextForm: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do { try self.init(container.decode(String.self)) } catch let error as TrainingError {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: error.description)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(string)
    }
}

extension TextForm? {
    /// Token ids of a text as a trained classifier reads it. Those made before there were forms
    /// read it alone, and without BOS.
    func ids(_ text: String, with tokenizer: any Tokenizer, maxTokens: Int) -> [TokenID] {
        self?.ids(text, with: tokenizer, maxTokens: maxTokens)
            ?? tokenizer.encode(text).suffix(maxTokens)
    }
}
