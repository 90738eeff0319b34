/// One step that cuts text into smaller pieces, or rewrites the pieces.
enum SplitStep: Sendable {
    /// A hand-written scanner; its words cover the text.
    case scan(WordScanner)
    /// Cuts at what a pattern matches.
    case pattern(SplitPattern, behavior: SplitBehavior = .isolated, isInverted: Bool = false)
    /// Cuts runs of digits into threes from the right: `\d{1,3}(?=(?:\d{3})*\b)`.
    case digitGroups
    /// Cuts before every `▁` that follows something else. Not a rule of any model: it is
    /// used where no token crosses such a place, and makes words that can be remembered.
    case beforeSpaceMarks
    /// Puts a space before a piece that does not begin with one.
    case prefixSpace
    /// Writes bytes in GPT-2's alphabet, where a later step looks at the letters.
    case byteLetters
    /// SentencePiece's space mark.
    case metaspace(Metaspace)

    struct Metaspace: Sendable, Equatable {
        enum Prefix: Sendable { case always, first, never }
        var mark: [UInt8] = Array("▁".utf8)
        var prefix: Prefix = .always
        /// Cuts before every mark.
        var splits = true
    }
}

/// What becomes of the matches of a pattern.
enum SplitBehavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
}

/// What a ``SplitStep/pattern(_:behavior:isInverted:)`` looks for.
enum SplitPattern: Sendable {
    /// One scalar of a class.
    case scalar(CharacterClass)
    /// A run of scalars of a class.
    case run(CharacterClass)
    case literal([UInt8])
    case regex(ScalarRegex)
    /// A scanner of which every word is a match.
    case scan(WordScanner)

    /// The first match at or after `start`, or nil. Empty matches are possible for regular
    /// expressions only.
    @inline(__always)
    func firstMatch(
        _ text: UnsafeBufferPointer<UInt8>, from start: Int, _ search: inout ScalarRegex.Search,
        _ classes: CharacterClasses
    ) -> Range<Int>? {
        guard let base = text.baseAddress else { return nil }
        switch self {
        case .scalar(let set):
            var offset = start
            while offset < text.count {
                let (scalar, length) = decodeScalar(base, offset)
                if classes.contains(scalar, set) { return offset..<offset + length }
                offset += length
            }
            return nil
        case .run(let set):
            var first: Int?
            var offset = start
            while offset < text.count {
                let (scalar, length) = decodeScalar(base, offset)
                if classes.contains(scalar, set) {
                    if first == nil { first = offset }
                } else if let first {
                    return first..<offset
                }
                offset += length
            }
            return first.map { $0..<offset }
        case .literal(let pattern):
            guard !pattern.isEmpty, pattern.count <= text.count else { return nil }
            var offset = start
            while offset + pattern.count <= text.count {
                if text[offset] == pattern[0],
                    text[offset..<offset + pattern.count].elementsEqual(pattern)
                {
                    return offset..<offset + pattern.count
                }
                offset += 1
            }
            return nil
        case .regex(let regex):
            return regex.firstMatch(in: text, from: start, &search, classes)
        case .scan(let scanner):
            guard start < text.count else { return nil }
            return start..<scanner.wordEnd(base, from: start, to: text.count, classes)
        }
    }
}

/// Cuts a text into the words that a model's merges or segmentation then work on, by a
/// sequence of steps, each applied to the pieces of the one before.
struct WordSplitter: Sendable {
    let steps: [SplitStep]
    private let classes = CharacterClasses.shared

    init(steps: [SplitStep]) { self.steps = steps }

    /// Calls `body` with each word, in order. `isTextStart`: whether the text is the start of
    /// all there is to encode.
    @inline(__always)
    func forEachWord(
        _ text: UnsafeBufferPointer<UInt8>, isTextStart: Bool,
        _ body: (UnsafePointer<UInt8>, Int) -> Void
    ) {
        guard let base = text.baseAddress, !text.isEmpty else { return }
        // Nearly every model has a single scanner: no closure in between.
        if steps.count == 1, case .scan(let scanner) = steps[0] {
            var start = 0
            while start < text.count {
                let end = scanner.wordEnd(base, from: start, to: text.count, classes)
                body(base + start, end - start)
                start = end
            }
            return
        }
        apply(0, text, isTextStart, body)
    }

    private func apply(
        _ step: Int, _ text: UnsafeBufferPointer<UInt8>, _ isTextStart: Bool,
        _ body: (UnsafePointer<UInt8>, Int) -> Void
    ) {
        guard let base = text.baseAddress, !text.isEmpty else { return }
        guard step < steps.count else { return body(base, text.count) }
        func pass(_ start: Int, _ end: Int) {
            guard end > start else { return }
            apply(
                step + 1, UnsafeBufferPointer(start: base + start, count: end - start),
                isTextStart && start == 0, body)
        }
        switch steps[step] {
        case .scan(let scanner):
            var start = 0
            while start < text.count {
                let end = scanner.wordEnd(base, from: start, to: text.count, classes)
                pass(start, end)
                start = end
            }
        case .pattern(let pattern, let behavior, let isInverted):
            split(text, pattern, behavior, isInverted, pass)
        case .digitGroups:
            splitDigits(text, pass)
        case .beforeSpaceMarks:
            var start = 0
            var offset = 1
            while offset + 2 < text.count {
                if base[offset] == 0xE2, Self.isMark(base + offset),
                    offset < 3 || !Self.isMark(base + offset - 3)
                {
                    pass(start, offset)
                    start = offset
                }
                offset += 1
            }
            pass(start, text.count)
        case .prefixSpace:
            if base[0] == 0x20 { return pass(0, text.count) }
            rewritten(step, isTextStart, body) { output in
                output.append(0x20)
                output.append(contentsOf: text)
            }
        case .byteLetters:
            rewritten(step, isTextStart, body) { ByteAlphabet.encode(text, into: &$0) }
        case .metaspace(let options):
            applyMetaspace(options, step, text, isTextStart, body)
        }
    }

    private static func isMark(_ text: UnsafePointer<UInt8>) -> Bool {
        text[0] == 0xE2 && text[1] == 0x96 && text[2] == 0x81
    }

    /// Goes on with new text.
    private func rewritten(
        _ step: Int, _ isTextStart: Bool, _ body: (UnsafePointer<UInt8>, Int) -> Void,
        _ write: (inout [UInt8]) -> Void
    ) {
        var output: [UInt8] = []
        write(&output)
        output.withUnsafeBufferPointer { apply(step + 1, $0, isTextStart, body) }
    }

    private func applyMetaspace(
        _ options: SplitStep.Metaspace, _ step: Int, _ text: UnsafeBufferPointer<UInt8>,
        _ isTextStart: Bool, _ body: (UnsafePointer<UInt8>, Int) -> Void
    ) {
        var output: [UInt8] = []
        output.reserveCapacity(text.count + 16)
        let mark = options.mark
        let mayPrefix = options.prefix == .always || (options.prefix == .first && isTextStart)
        if mayPrefix, text[0] != 0x20, !text.starts(with: mark) {
            output.append(contentsOf: mark)
        }
        for byte in text {
            if byte == 0x20 { output.append(contentsOf: mark) } else { output.append(byte) }
        }
        output.withUnsafeBufferPointer { output in
            guard options.splits else { return apply(step + 1, output, isTextStart, body) }
            split(output, .literal(mark), .mergedWithNext, false) { start, end in
                apply(
                    step + 1, UnsafeBufferPointer(rebasing: output[start..<end]),
                    isTextStart && start == 0, body)
            }
        }
    }

    /// Calls `pass` with the pieces that a pattern's matches cut a text into.
    private func split(
        _ text: UnsafeBufferPointer<UInt8>, _ pattern: SplitPattern, _ behavior: SplitBehavior,
        _ isInverted: Bool, _ pass: (Int, Int) -> Void
    ) {
        var search = ScalarRegex.Search()
        var start = 0
        var from = 0
        var lastMatchEnd = -1
        var open: (start: Int, end: Int, isMatch: Bool)?
        // Pieces come in order, matches and what is between them; a piece may have to wait
        // for the next one.
        func take(_ start: Int, _ end: Int, _ isPlainMatch: Bool) {
            let isMatch = isPlainMatch != isInverted
            switch behavior {
            case .isolated:
                if end > start { pass(start, end) }
            case .removed:
                if !isMatch, end > start { pass(start, end) }
            case .contiguous:
                if let previous = open, previous.isMatch == isMatch {
                    open = (previous.start, end, isMatch)
                } else {
                    if let previous = open, previous.end > previous.start {
                        pass(previous.start, previous.end)
                    }
                    open = (start, end, isMatch)
                }
            case .mergedWithPrevious:
                if isMatch, let previous = open, !previous.isMatch {
                    open = (previous.start, end, true)
                } else {
                    if let previous = open, previous.end > previous.start {
                        pass(previous.start, previous.end)
                    }
                    open = (start, end, isMatch)
                }
            case .mergedWithNext:
                if !isMatch, let previous = open, previous.isMatch {
                    open = (previous.start, end, false)
                } else {
                    if let previous = open, previous.end > previous.start {
                        pass(previous.start, previous.end)
                    }
                    open = (start, end, isMatch)
                }
            }
        }
        while from <= text.count {
            guard let match = pattern.firstMatch(text, from: from, &search, classes) else { break }
            if match.isEmpty && match.lowerBound == lastMatchEnd {
                // No empty match right after a match.
                from = match.lowerBound
                guard from < text.count else { break }
                from += scalarLength(text[from])
                continue
            }
            if match.lowerBound > start { take(start, match.lowerBound, false) }
            take(match.lowerBound, match.upperBound, true)
            start = match.upperBound
            from = start
            lastMatchEnd = start
        }
        if start < text.count { take(start, text.count, false) }
        if let open, open.end > open.start { pass(open.start, open.end) }
    }

    private func splitDigits(_ text: UnsafeBufferPointer<UInt8>, _ pass: (Int, Int) -> Void) {
        guard let base = text.baseAddress else { return }
        var gap = 0
        var offset = 0
        while offset < text.count {
            let start = offset
            var count = 0
            while offset < text.count {
                let (scalar, length) = decodeScalar(base, offset)
                guard classes.contains(scalar, .decimalNumber) else { break }
                offset += length
                count += 1
            }
            if count == 0 {
                offset += scalarLength(base[offset])
                continue
            }
            // A run that a letter follows has no word border after it and is not cut.
            if offset < text.count,
                classes.contains(decodeScalar(base, offset).scalar, CharacterClass.word)
            {
                continue
            }
            pass(gap, start)
            var digit = start
            while count > 0 {
                let first = digit
                for _ in 0..<(count % 3 == 0 ? 3 : count % 3) {
                    digit += scalarLength(base[digit])
                    count -= 1
                }
                pass(first, digit)
            }
            gap = offset
        }
        pass(gap, text.count)
    }
}
