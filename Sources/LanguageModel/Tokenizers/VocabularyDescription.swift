/// What a vocabulary says of a token; the raw values are GGUF's.
enum TokenKind: UInt8, Sendable {
    case normal = 1
    case unknown = 2
    /// Never shown, and found in trusted text only.
    case control = 3
    /// Found in any text, before everything else.
    case userDefined = 4
    case unused = 5
    /// `<0x0A>`: one byte.
    case byte = 6
}

/// A vocabulary as a file describes it, before it is made ready for use. Loaders fill it.
struct VocabularyDescription: Sendable {
    enum Algorithm: Sendable {
        /// Ranked merges of bytes or characters.
        case rankedMerges(RankedMerges)
        /// SentencePiece BPE: any two neighbours that make a token, best score first.
        case scoredPairs
        /// SentencePiece unigram: the segmentation with the best sum of scores.
        case unigram(byteFallback: Bool)
        /// A token is a whole word.
        case wordLevel
    }

    struct RankedMerges: Sendable, Equatable {
        /// The text is bytes, each a token; else characters.
        var isByteLevel: Bool
        /// A character without a token becomes the `<0x0A>` tokens of its bytes.
        var hasByteFallback = false
        /// What becomes of text without a token; dropped where nil.
        var unknown: TokenID?
        /// Neighbouring unknown characters become one unknown token.
        var fusesUnknown = false
    }

    /// A merge by ids; its place in the list is its rank.
    struct Merge: Sendable {
        var left: TokenID
        var right: TokenID
        var merged: TokenID
    }

    /// How a token of the vocabulary is matched in the text as a whole.
    struct AddedToken: Sendable {
        var id: TokenID
        var isControl: Bool
        /// White space before or after it belongs to it.
        var stripsLeft = false
        var stripsRight = false
        /// Only where no letter, digit or underscore is beside it.
        var isSingleWord = false
        /// Looked for after the text was normalized rather than before.
        var isNormalized = false
    }

    var algorithm: Algorithm
    /// Tokens as they appear in the text after normalization: raw bytes for byte-level BPE.
    var tokens = ByteStrings()
    /// ``tokens`` that ``isSegmentable(_:)``, where a loader had to index them anyway.
    var index: TokenIndex?
    /// Tokens as they are written in the file, where that is different.
    var spellings: ByteStrings?
    var kinds: [TokenKind] = []
    var scores: [Double] = []
    /// Unknown text is worse than any token at all, rather than any normal one.
    var countsAllScores = false
    var merges: [Merge] = []
    var addedTokens: [AddedToken] = []
    /// A word that is a token as a whole is that token, whatever the merges say.
    var ignoresMerges = false
    var normalizers: [TextNormalizer] = []
    var splitSteps: [SplitStep] = []
    var decoding: TokenDecoding = .init()
    var specialTokens = SpecialTokens()

    /// Whether ordinary text may become the token by merging or segmentation. Control
    /// tokens, and byte tokens by their spelling, may not.
    func isSegmentable(_ id: Int) -> Bool {
        switch kinds[id] {
        case .normal, .userDefined, .unused: true
        case .unknown, .control, .byte: false
        }
    }
}

/// How tokens become text again.
struct TokenDecoding: Sendable, Equatable {
    /// Text in a token and what it stands for: `▁` for a space.
    var replacements: [(pattern: [UInt8], text: [UInt8])] = []
    /// Goes before every token: a space where tokens are whole words.
    var prefix: [UInt8] = []
    /// Tokens are written in GPT-2's alphabet of bytes.
    var hasByteLetters = false
    /// `<0x0A>` tokens are bytes.
    var hasByteTokens = false
    /// A leading space of the whole text is dropped.
    var dropsLeadingSpace = false
    /// Goes from the first token of a text wherever it stands in it, rather than becoming a
    /// space.
    var firstTokenMark: [UInt8]?
    /// All this holds for added tokens as well.
    var includesAddedTokens = false

    static func == (a: TokenDecoding, b: TokenDecoding) -> Bool {
        a.prefix == b.prefix && a.hasByteLetters == b.hasByteLetters
            && a.hasByteTokens == b.hasByteTokens
            && a.dropsLeadingSpace == b.dropsLeadingSpace
            && a.firstTokenMark == b.firstTokenMark
            && a.includesAddedTokens == b.includesAddedTokens
            && a.replacements.elementsEqual(b.replacements, by: ==)
    }
}
