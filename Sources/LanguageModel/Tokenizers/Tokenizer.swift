import ChatTemplates

/// Turns text into token ids and back, exactly as the model was trained.
///
/// Tokenizers never add a BOS token by themselves: callers ask ``SpecialTokens/afterBOS(_:)``, so
/// that a chat template that writes one does not end up with two.
public protocol Tokenizer: Sendable {
    /// Number of ids; every id the model can produce is below it.
    var vocabularySize: Int { get }
    var specialTokens: SpecialTokens { get }
    /// SentencePiece models put a space before the text; it is dropped from the first piece
    /// of a decoded text.
    var dropsLeadingSpace: Bool { get }

    /// Token ids of a prompt. Control tokens are recognised only where their whole text lies
    /// in trusted spans; ordinary text is tokenized across span borders, as one string.
    func encode(_ prompt: PromptText) -> [TokenID]
    /// The UTF-8 bytes a token adds to decoded text: possibly part of a character, and
    /// nothing for control tokens and for ids without a token.
    func bytes(of id: TokenID) -> [UInt8]
    /// What it adds as the first token of a decoded text, before ``dropsLeadingSpace``.
    func firstBytes(of id: TokenID) -> [UInt8]
    /// The token as the vocabulary spells it to a person (`<|im_end|>`, ` the`, `<0x0A>`).
    func displayText(of id: TokenID) -> String
    /// Control tokens are never shown and never come from a person's text.
    func isControl(_ id: TokenID) -> Bool
    /// Whether it is the `<0x0A>` token of a byte: a run of those is text only as a whole.
    func isByte(_ id: TokenID) -> Bool
}

extension Tokenizer {
    public func firstBytes(of id: TokenID) -> [UInt8] { bytes(of: id) }
    public func isByte(_ id: TokenID) -> Bool { false }

    /// Token ids of a text. With `parseSpecial`, control tokens in it are recognised.
    public func encode(_ text: String, parseSpecial: Bool = false) -> [TokenID] {
        encode(PromptText(spans: [.init(text, isTrusted: parseSpecial)]))
    }
}

/// The ids with a meaning of their own.
public struct SpecialTokens: Sendable, Equatable {
    public var bos: TokenID?
    public var eos: TokenID?
    public var unknown: TokenID?
    public var padding: TokenID?
    /// Every id that ends a reply: EOS, end of turn and what else the model declares.
    public var endOfGeneration: Set<TokenID>
    /// Whether plain text (not a chat template's) is preceded by BOS.
    public var addsBOS: Bool
    /// Whether plain text is followed by EOS when tokenized for the model.
    public var addsEOS: Bool

    public init(
        bos: TokenID? = nil, eos: TokenID? = nil, unknown: TokenID? = nil,
        padding: TokenID? = nil, endOfGeneration: Set<TokenID> = [], addsBOS: Bool = false,
        addsEOS: Bool = false
    ) {
        self.bos = bos
        self.eos = eos
        self.unknown = unknown
        self.padding = padding
        self.endOfGeneration = endOfGeneration
        self.addsBOS = addsBOS
        self.addsEOS = addsEOS
    }

    /// Ids of plain text after BOS, where the model wants one and they do not begin with it.
    public func afterBOS(_ ids: [TokenID]) -> [TokenID] {
        guard addsBOS, let bos, ids.first != bos else { return ids }
        return [bos] + ids
    }
}
