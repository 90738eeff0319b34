/// Colours code a line at a time, and remembers what is open at a line's end: a comment or a
/// string of several lines, or a tag.
struct CodeHighlighter {
    private let language: CodeLanguage?
    private let theme: Theme
    private var open: Open?

    private enum Open {
        case comment(close: [Unicode.Scalar])
        case string(close: [Unicode.Scalar], escapes: Bool)
        case tag
    }

    init(language: String, theme: Theme) {
        self.language = CodeLanguage.named(language)
        self.theme = theme
    }

    /// The line in its looks.
    mutating func line(_ text: String) -> StyledText {
        guard let language else { return StyledText(text, style: theme[.codeBlock]) }
        var scanner = Scanner(text: Array(text.unicodeScalars), theme: theme)
        resume(&scanner)
        while !scanner.isAtEnd {
            switch language.kind {
            case .code: code(&scanner, language)
            case .markup: markup(&scanner, language)
            case .keyValue: keyValue(&scanner, language)
            }
        }
        return scanner.result
    }

    /// A line's text with a place in it.
    private struct Scanner {
        let text: [Unicode.Scalar]
        let theme: Theme
        var index = 0
        var result = StyledText()

        init(text: [Unicode.Scalar], theme: Theme) {
            self.text = text
            self.theme = theme
        }

        var isAtEnd: Bool { index >= text.count }
        var character: Unicode.Scalar { text[index] }

        func peek(_ offset: Int = 1) -> Unicode.Scalar? {
            let place = index + offset
            return place >= 0 && place < text.count ? text[place] : nil
        }

        func starts(with prefix: some StringProtocol) -> Bool {
            var place = index
            for character in prefix.unicodeScalars {
                guard place < text.count, text[place] == character else { return false }
                place += 1
            }
            return true
        }

        func string(_ range: Range<Int>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: text[range])
            return String(view)
        }

        mutating func take(to end: Int, _ role: Theme.Role) {
            let end = min(max(end, index), text.count)
            result.append(string(index..<end), style: theme[role])
            index = end
        }

        mutating func take(_ count: Int, _ role: Theme.Role) {
            take(to: index + count, role)
        }

        /// One past the first place from `start` on where a closing mark ends.
        func end(of close: [Unicode.Scalar], from start: Int, escapes: Bool) -> Int? {
            var place = start
            while place < text.count {
                if escapes, text[place] == "\\" {
                    place += 2
                    continue
                }
                if text[place...].starts(with: close) { return place + close.count }
                place += 1
            }
            return nil
        }

        func endOfName(from start: Int, _ extras: Set<Unicode.Scalar>) -> Int {
            var place = start
            while place < text.count {
                let character = text[place]
                guard
                    character.isLetter || character.isNumber || character == "_"
                        || extras.contains(character)
                else { break }
                place += 1
            }
            return place
        }

        /// The next character from a place on that is no blank.
        func afterBlanks(_ start: Int) -> Unicode.Scalar? {
            var place = start
            while place < text.count, text[place] == " " || text[place] == "\t" { place += 1 }
            return place < text.count ? text[place] : nil
        }
    }

    /// Goes on with what the line before left open.
    private mutating func resume(_ scanner: inout Scanner) {
        switch open {
        case .none, .tag: return
        case .comment(let close): closeOpen(&scanner, close, false, .comment, from: 0)
        case .string(let close, let escapes):
            closeOpen(&scanner, close, escapes, .string, from: 0)
        }
    }

    private mutating func closeOpen(
        _ scanner: inout Scanner, _ close: [Unicode.Scalar], _ escapes: Bool, _ role: Theme.Role,
        from start: Int
    ) {
        if let end = scanner.end(of: close, from: start, escapes: escapes) {
            scanner.take(to: end, role)
            open = nil
        } else {
            scanner.take(to: scanner.text.count, role)
        }
    }

    /// Takes a comment or a string where one begins here.
    private mutating func commentOrString(
        _ scanner: inout Scanner, _ language: CodeLanguage
    ) -> Bool {
        if let comment = language.blockComment, scanner.starts(with: comment.open) {
            let close = Array(comment.close.unicodeScalars)
            open = .comment(close: close)
            closeOpen(
                &scanner, close, false, .comment, from: scanner.index + comment.open.count)
            return true
        }
        for mark in language.lineComments where scanner.starts(with: mark) {
            // In a shell, `$#` and `a#b` are no comments.
            if mark == "#", let before = scanner.peek(-1), !before.isWhitespace { continue }
            scanner.take(to: scanner.text.count, .comment)
            return true
        }
        for quote in language.quotes where scanner.starts(with: quote.open) {
            let close = Array(quote.close.unicodeScalars)
            let start = scanner.index + quote.open.count
            guard let end = scanner.end(of: close, from: start, escapes: quote.escapes) else {
                if quote.isMultiline {
                    open = .string(close: close, escapes: quote.escapes)
                    scanner.take(to: scanner.text.count, .string)
                } else {
                    // An apostrophe, or a string that is still being written.
                    scanner.take(
                        quote.open == "'" ? 1 : scanner.text.count - scanner.index,
                        quote.open == "'" ? .codeBlock : .string)
                }
                return true
            }
            let isProperty = language.colonProperties && scanner.afterBlanks(end) == ":"
            scanner.take(to: end, isProperty ? .property : .string)
            return true
        }
        return false
    }

    private mutating func code(_ scanner: inout Scanner, _ language: CodeLanguage) {
        if commentOrString(&scanner, language) { return }
        let character = scanner.character
        if character.isWhitespace {
            scanner.take(1, .codeBlock)
        } else if character.isASCII, character.isNumber {
            number(&scanner)
        } else if language.sigils.contains(character), let next = scanner.peek(),
            next.isLetter || next == "_" || next == "{"
        {
            let start = scanner.index + (next == "{" ? 2 : 1)
            var end = scanner.endOfName(from: start, language.nameExtras)
            if next == "{", end < scanner.text.count, scanner.text[end] == "}" { end += 1 }
            scanner.take(to: end, .property)
        } else if character.isLetter || character == "_" {
            name(&scanner, language)
        } else {
            scanner.take(1, .punctuation)
        }
    }

    private func number(_ scanner: inout Scanner) {
        var end = scanner.index
        while end < scanner.text.count {
            let character = scanner.text[end]
            let isSign =
                (character == "+" || character == "-") && end > scanner.index
                && (scanner.text[end - 1] == "e" || scanner.text[end - 1] == "E")
                && !scanner.starts(with: "0x")
            let isPoint =
                character == "." && end + 1 < scanner.text.count
                && scanner.text[end + 1].isNumber
            guard character.isLetter || character.isNumber || character == "_" || isSign || isPoint
            else { break }
            end += 1
        }
        scanner.take(to: end, .number)
    }

    private func name(_ scanner: inout Scanner, _ language: CodeLanguage) {
        let end = scanner.endOfName(from: scanner.index, language.nameExtras)
        let word = scanner.string(scanner.index..<end)
        let known = language.ignoresCase ? word.lowercased() : word
        let next = end < scanner.text.count ? scanner.text[end] : nil
        let role: Theme.Role
        if language.keywords.contains(known) {
            role = .keyword
        } else if language.types.contains(known) {
            role = .type
        } else if next == "("
            || (next == "!" && end + 1 < scanner.text.count
                && scanner.text[end + 1] == "(")
        {
            role = .function
        } else if language.colonProperties, scanner.afterBlanks(end) == ":" {
            role = .property
        } else if language.capitalizedTypes, word.first?.isUppercase == true {
            role = .type
        } else {
            role = .codeBlock
        }
        scanner.take(to: end, role)
    }

    /// HTML and its like.
    private mutating func markup(_ scanner: inout Scanner, _ language: CodeLanguage) {
        if case .tag = open {
            if scanner.character == ">" || scanner.starts(with: "/>") {
                open = nil
                scanner.take(scanner.character == ">" ? 1 : 2, .punctuation)
            } else if scanner.character.isLetter {
                scanner.take(
                    to: scanner.endOfName(from: scanner.index, language.nameExtras), .property)
            } else if scanner.character == "\"" || scanner.character == "'" {
                let close: [Unicode.Scalar] = [scanner.character]
                let end = scanner.end(of: close, from: scanner.index + 1, escapes: false)
                scanner.take(to: end ?? scanner.text.count, .string)
            } else {
                scanner.take(1, .punctuation)
            }
            return
        }
        if let comment = language.blockComment, scanner.starts(with: comment.open) {
            _ = commentOrString(&scanner, language)
        } else if scanner.character == "<", let next = scanner.peek(),
            next.isLetter || next == "/" || next == "!" || next == "?"
        {
            scanner.take(next.isLetter ? 1 : 2, .punctuation)
            scanner.take(to: scanner.endOfName(from: scanner.index, language.nameExtras), .keyword)
            open = .tag
        } else if scanner.character == "&",
            let end = scanner.end(of: [";"], from: scanner.index, escapes: false),
            end - scanner.index <= 10
        {
            scanner.take(to: end, .number)
        } else {
            scanner.take(1, .codeBlock)
        }
    }

    /// YAML, TOML and INI: names before `:` or `=`, sections in brackets.
    private mutating func keyValue(_ scanner: inout Scanner, _ language: CodeLanguage) {
        let isLineStart = scanner.text[..<scanner.index].allSatisfy {
            $0.isWhitespace || $0 == "-"
        }
        if isLineStart, scanner.character == "[", scanner.text.last == "]",
            !scanner.text.contains(",")
        {
            scanner.take(to: scanner.text.count, .type)
            return
        }
        if commentOrString(&scanner, language) { return }
        let character = scanner.character
        if character.isLetter || character == "_" || (isLineStart && character.isNumber) {
            let end = scanner.endOfName(
                from: scanner.index, language.nameExtras.union(isLineStart ? [" "] : []))
            let next = scanner.afterBlanks(end)
            if next == ":" || next == "=" {
                scanner.take(to: end, .property)
                return
            }
            let wordEnd = scanner.endOfName(from: scanner.index, language.nameExtras)
            let word = scanner.string(scanner.index..<wordEnd)
            scanner.take(
                to: wordEnd, language.keywords.contains(word.lowercased()) ? .keyword : .codeBlock)
        } else if character.isNumber {
            number(&scanner)
        } else {
            scanner.take(1, character.isWhitespace ? .codeBlock : .punctuation)
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isLetter: Bool {
        isASCII ? (value | 0x20) &- 0x61 < 26 : properties.isAlphabetic
    }
    fileprivate var isNumber: Bool {
        isASCII ? value &- 0x30 < 10 : properties.numericType != nil
    }
    fileprivate var isWhitespace: Bool {
        isASCII ? self == " " || (value >= 9 && value <= 13) : properties.isWhitespace
    }
}
