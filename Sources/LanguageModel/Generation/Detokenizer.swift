/// Turns tokens into text as they come, never half a character.
///
/// Bytes that may yet become a character are held back; bytes that cannot are U+FFFD, one
/// for each maximal part of a character as Unicode recommends and `String(decoding:)` does.
/// Where bytes are tokens of their own beside those for text, a run of them that is not
/// UTF-8 as a whole is a U+FFFD for each, as the models' own libraries have it.
public struct Detokenizer: Sendable {
    private let tokenizer: any Tokenizer
    private var pending: [UInt8] = []
    /// The byte tokens that came last.
    private var run: [UInt8] = []
    private var dropsSpace: Bool
    private var isFirst: Bool
    private let showsControl: Bool

    /// - Parameters:
    ///   - continuesText: the tokens follow others, so a leading space is theirs.
    ///   - showsControl: control tokens are text as well.
    public init(
        _ tokenizer: any Tokenizer, continuesText: Bool = false, showsControl: Bool = false
    ) {
        self.tokenizer = tokenizer
        self.showsControl = showsControl
        dropsSpace = tokenizer.dropsLeadingSpace && !continuesText
        isFirst = !continuesText
    }

    private mutating func append(_ id: TokenID) {
        if tokenizer.isControl(id) {
            guard showsControl else { return }
            endRun()
            pending += Array(tokenizer.displayText(of: id).utf8)
        } else if tokenizer.isByte(id) {
            run += tokenizer.bytes(of: id)
        } else {
            endRun()
            pending += isFirst ? tokenizer.firstBytes(of: id) : tokenizer.bytes(of: id)
        }
        isFirst = false
    }

    private mutating func endRun() {
        guard !run.isEmpty else { return }
        let isText = String(validating: run, as: UTF8.self) != nil
        pending += isText ? run : Array(String(repeating: "\u{FFFD}", count: run.count).utf8)
        run.removeAll(keepingCapacity: true)
    }

    private mutating func dropSpace() {
        guard dropsSpace, let first = pending.first else { return }
        if first == 0x20 { pending.removeFirst() }
        dropsSpace = false
    }

    /// The text that a token completes; empty while a character is unfinished.
    public mutating func push(_ id: TokenID) -> String {
        append(id)
        // A newline is such a byte, and may be what the reply is to stop at: it does not wait
        // for the unlikely bytes after it that would make it invalid.
        if run.allSatisfy({ $0 < 0x80 }) { endRun() }
        dropSpace()
        let kept = Self.unfinishedCount(pending)
        guard kept < pending.count else { return "" }
        let text = String(decoding: pending.dropLast(kept), as: UTF8.self)
        pending.removeFirst(pending.count - kept)
        return text
    }

    /// What was held back, unfinished characters as U+FFFD.
    public mutating func finish() -> String {
        defer { pending.removeAll() }
        endRun()
        dropSpace()
        return String(decoding: pending, as: UTF8.self)
    }

    /// The whole text of some tokens.
    public static func text(
        of ids: some Sequence<TokenID>, _ tokenizer: any Tokenizer, continuesText: Bool = false,
        showsControl: Bool = false
    ) -> String {
        var detokenizer = Detokenizer(
            tokenizer, continuesText: continuesText, showsControl: showsControl)
        for id in ids { detokenizer.append(id) }
        return detokenizer.finish()
    }

    /// How many bytes at the end are the beginning of a character that more could complete.
    static func unfinishedCount(_ bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let lead = bytes[bytes.count - back]
            if lead & 0xC0 == 0x80 { continue }
            let length =
                switch lead {
                case 0xC2...0xDF: 2
                case 0xE0...0xEF: 3
                case 0xF0...0xF4: 4
                default: 1
                }
            guard length > back else { return 0 }
            // The second byte has narrower bounds after some first bytes.
            if back > 1 {
                let second = bytes[bytes.count - back + 1]
                let isPossible =
                    switch lead {
                    case 0xE0: second >= 0xA0
                    case 0xED: second <= 0x9F
                    case 0xF0: second >= 0x90
                    case 0xF4: second <= 0x8F
                    default: true
                    }
                if !isPossible { return 0 }
            }
            return back
        }
        return 0
    }
}
