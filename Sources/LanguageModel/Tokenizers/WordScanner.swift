/// Cuts text into words as the well-known pre-tokenizer expressions do, by hand: one pass,
/// no backtracking, linear in the text.
///
/// Every scanner covers the text completely: the words joined are the text.
enum WordScanner: Sendable, Equatable {
    /// GPT-2: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
    case gpt2
    /// cl100k and its many relatives (Llama 3, Qwen 2, …).
    case words(Words)
    /// o200k and Tekken, which cut at a lower-to-upper case border.
    case casedWords(CasedWords)

    /// `(?i:'s|'t|…)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    /// and its variants.
    struct Words: Sendable, Equatable {
        var hasContractions = true
        /// What a word consists of.
        var letters: CharacterClass = .letter
        /// Most digits a piece may have.
        var maximumDigits: Int
        /// Whether line ends after punctuation belong to it.
        var punctuationTakesNewlines = true
        /// Whether punctuation may contain line ends itself (it may where they are taken).
    }

    /// `[^\r\n\p{L}\p{N}]?[\p{Lu}…]*[\p{Ll}…]+(?i:'s|…)?|[^\r\n\p{L}\p{N}]?[\p{Lu}…]+[\p{Ll}…]*(?i:'s|…)?|`
    /// `\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
    struct CasedWords: Sendable, Equatable {
        var hasContractions: Bool
        var maximumDigits: Int
    }

    /// The end of the word that begins at `start`, which is less than `end`.
    @inline(__always)
    func wordEnd(
        _ text: UnsafePointer<UInt8>, from start: Int, to end: Int, _ classes: CharacterClasses
    ) -> Int {
        let scan = Scan(text: text, end: end, classes: classes)
        switch self {
        case .gpt2: return scan.gpt2Word(start)
        case .words(let options): return scan.word(start, options)
        case .casedWords(let options): return scan.casedWord(start, options)
        }
    }
}

/// One text being cut.
private struct Scan {
    let text: UnsafePointer<UInt8>
    let end: Int
    let classes: CharacterClasses

    /// The class bits of the scalar at `offset` and where the next begins; no bits at the end.
    @inline(__always)
    func read(_ offset: Int) -> (bits: UInt32, next: Int) {
        guard offset < end else { return (0, offset) }
        let (scalar, length) = decodeScalar(text, offset)
        return (classes.bits(scalar), offset + length)
    }

    /// The end of the run of scalars in `set` that begins at `offset`.
    @inline(__always)
    func run(_ offset: Int, in set: CharacterClass) -> Int {
        var offset = offset
        while true {
            let (bits, next) = read(offset)
            if bits & set.rawValue == 0 { return offset }
            offset = next
        }
    }

    /// The end of the run of scalars that exist and are not in `set`.
    @inline(__always)
    func run(_ offset: Int, notIn set: CharacterClass) -> Int {
        var offset = offset
        while offset < end {
            let (bits, next) = read(offset)
            if bits & set.rawValue != 0 { return offset }
            offset = next
        }
        return offset
    }

    @inline(__always)
    func isNewline(_ offset: Int) -> Bool {
        offset < end && (text[offset] == 0x0A || text[offset] == 0x0D)
    }

    static let wordOrSpace: CharacterClass = [.letter, .number, .whitespace]

    // MARK: Whitespace

    /// `\s+(?!\S)|\s+`: all of a run at the text's end, else all but its last scalar.
    @inline(__always)
    func spaces(_ start: Int) -> Int {
        let stop = run(start, in: .whitespace)
        if stop == end { return stop }
        let last = scalarStart(text, before: stop)
        return last > start ? last : stop
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`.
    @inline(__always)
    func spacesOrNewlines(_ start: Int) -> Int {
        let stop = run(start, in: .whitespace)
        var newline = stop
        while newline > start {
            if isNewline(newline - 1) { return newline }
            newline -= 1
        }
        if stop == end { return stop }
        let last = scalarStart(text, before: stop)
        return last > start ? last : stop
    }

    // MARK: Contractions

    /// The end of `'s|'t|'re|'ve|'m|'ll|'d` at `start`, or nil.
    @inline(__always)
    func contraction(_ start: Int) -> Int? {
        guard start + 1 < end, text[start] == UInt8(ascii: "'") else { return nil }
        switch text[start + 1] {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"):
            return start + 2 < end && text[start + 2] == UInt8(ascii: "e") ? start + 3 : nil
        case UInt8(ascii: "l"):
            return start + 2 < end && text[start + 2] == UInt8(ascii: "l") ? start + 3 : nil
        default: return nil
        }
    }

    /// The same without regard to case. U+017F, the long s, is an s to Unicode case folding.
    @inline(__always)
    func caselessContraction(_ start: Int) -> Int? {
        guard start + 1 < end, text[start] == UInt8(ascii: "'") else { return nil }
        switch text[start + 1] | 0x20 {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return text[start + 1] < 0x80 ? start + 2 : nil
        case UInt8(ascii: "r"), UInt8(ascii: "v"):
            return start + 2 < end && text[start + 2] | 0x20 == UInt8(ascii: "e") ? start + 3 : nil
        case UInt8(ascii: "l"):
            return start + 2 < end && text[start + 2] | 0x20 == UInt8(ascii: "l") ? start + 3 : nil
        default:
            let isLongS = start + 2 < end && text[start + 1] == 0xC5 && text[start + 2] == 0xBF
            return isLongS ? start + 3 : nil
        }
    }

    // MARK: Expressions

    @inline(__always)
    func gpt2Word(_ start: Int) -> Int {
        if let stop = contraction(start) { return stop }
        var (bits, next) = read(start)
        if text[start] == 0x20 { (bits, next) = read(next) }
        if bits & CharacterClass.letter.rawValue != 0 { return run(next, in: .letter) }
        if bits & CharacterClass.number.rawValue != 0 { return run(next, in: .number) }
        if bits != 0 && bits & CharacterClass.whitespace.rawValue == 0 {
            return run(next, notIn: Self.wordOrSpace)
        }
        return spaces(start)
    }

    @inline(__always)
    func digits(_ start: Int, _ first: Int, _ maximum: Int) -> Int {
        var stop = first
        var count = 1
        while count < maximum {
            let (bits, next) = read(stop)
            if bits & CharacterClass.number.rawValue == 0 { break }
            stop = next
            count += 1
        }
        return stop
    }

    @inline(__always)
    func word(_ start: Int, _ options: WordScanner.Words) -> Int {
        if options.hasContractions, let stop = caselessContraction(start) { return stop }
        let (bits, next) = read(start)
        if bits & options.letters.rawValue != 0 { return run(next, in: options.letters) }
        if bits & CharacterClass.number.rawValue != 0 {
            return digits(start, next, options.maximumDigits)
        }
        let (nextBits, afterNext) = read(next)
        if !isNewline(start), nextBits & options.letters.rawValue != 0 {
            return run(afterNext, in: options.letters)
        }
        let excluded = Self.wordOrSpace.union(options.letters)
        var punctuation: Int?
        if bits & CharacterClass.whitespace.rawValue == 0 {
            punctuation = next
        } else if text[start] == 0x20, nextBits != 0, nextBits & excluded.rawValue == 0 {
            punctuation = afterNext
        }
        if let punctuation {
            var stop = run(punctuation, notIn: excluded)
            if options.punctuationTakesNewlines {
                while isNewline(stop) { stop += 1 }
            }
            return stop
        }
        return spacesOrNewlines(start)
    }

    /// `[upper]*[lower]+` at `start`, where the two share scalars: the run of upper gives
    /// back as little as makes one lower scalar follow.
    @inline(__always)
    func upperThenLower(_ start: Int) -> Int? {
        let upperEnd = run(start, in: .upperLike)
        let lowerEnd = run(upperEnd, in: .lowerLike)
        if lowerEnd > upperEnd { return lowerEnd }
        var stop = upperEnd
        while stop > start {
            let previous = scalarStart(text, before: stop)
            if read(previous).bits & CharacterClass.lowerLike.rawValue != 0 { return stop }
            stop = previous
        }
        return nil
    }

    /// `[upper]+[lower]*` at `start`.
    @inline(__always)
    func upperOrMore(_ start: Int) -> Int? {
        let upperEnd = run(start, in: .upperLike)
        return upperEnd > start ? run(upperEnd, in: .lowerLike) : nil
    }

    @inline(__always)
    func casedWord(_ start: Int, _ options: WordScanner.CasedWords) -> Int {
        let (bits, next) = read(start)
        let letterOrNumber: CharacterClass = [.letter, .number]
        let mayLead = bits & letterOrNumber.rawValue == 0 && !isNewline(start)
        let stop =
            (mayLead ? upperThenLower(next) : nil) ?? upperThenLower(start)
            ?? (mayLead ? upperOrMore(next) : nil) ?? upperOrMore(start)
        if let stop {
            return options.hasContractions ? caselessContraction(stop) ?? stop : stop
        }
        if bits & CharacterClass.number.rawValue != 0 {
            return digits(start, next, options.maximumDigits)
        }
        var punctuation: Int?
        if bits & CharacterClass.whitespace.rawValue == 0 {
            punctuation = next
        } else if text[start] == 0x20 {
            let (nextBits, afterNext) = read(next)
            if nextBits != 0, nextBits & Self.wordOrSpace.rawValue == 0 { punctuation = afterNext }
        }
        if let punctuation {
            var stop = run(punctuation, notIn: Self.wordOrSpace)
            while isNewline(stop) || (stop < end && text[stop] == UInt8(ascii: "/")) { stop += 1 }
            return stop
        }
        return spacesOrNewlines(start)
    }
}
