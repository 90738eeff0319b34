/// Splits a template into tokens exactly as Jinja 3.1 does with `trim_blocks`,
/// `lstrip_blocks` and without `keep_trailing_newline`, the settings chat templates are
/// written for.
struct JinjaLexer {
    private let source: [Unicode.Scalar]
    private var position = 0
    private var tokens: [JinjaToken] = []
    /// Whether what was read last ended a line: a tag after it may lose its indentation.
    private var isLineStart = true

    /// - Parameter source: normalized by ``normalize(_:)``.
    init(source: [Unicode.Scalar]) { self.source = source }

    /// Line ends become `\n`; one at the end of the template is dropped.
    static func normalize(_ text: String) -> [Unicode.Scalar] {
        var result = normalizeNewlines(Array(text.unicodeScalars))
        if result.last == "\n" { result.removeLast() }
        return result
    }

    private static func normalizeNewlines(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard scalars.contains("\r") else { return scalars }
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(scalars.count)
        for (index, scalar) in scalars.enumerated() {
            if scalar == "\r" {
                result.append("\n")
            } else if scalar == "\n", index > 0, scalars[index - 1] == "\r" {
                continue
            } else {
                result.append(scalar)
            }
        }
        return result
    }

    mutating func tokenize() throws(ChatTemplateError) -> [JinjaToken] {
        while position < source.count { try root() }
        add(.end, at: source.count)
        return tokens
    }

    private mutating func add(_ kind: JinjaToken.Kind, at offset: Int) {
        tokens.append(JinjaToken(kind: kind, offset: offset))
    }

    private func failure(_ reason: String, at offset: Int) -> ChatTemplateError {
        .syntax(JinjaPosition.locate(offset, in: source), reason)
    }

    // MARK: Text

    /// Text up to the next tag, then the tag.
    private mutating func root() throws(ChatTemplateError) {
        let start = position
        var tag = start
        while tag + 1 < source.count {
            if source[tag] == "{", "{%#".unicodeScalars.contains(source[tag + 1]) { break }
            tag += 1
        }
        guard tag + 1 < source.count else {
            position = source.count
            add(.data(text(start..<position)), at: start)
            return
        }
        if let raw = matchRawBegin(at: tag) {
            addText(start..<tag, sign: raw.sign, isVariable: false)
            position = raw.end
            isLineStart = source[position - 1] == "\n"
            try rawText(openedAt: tag)
            return
        }
        let opener = source[tag + 1]
        position = tag + 2
        let sign = takeSign()
        addText(start..<tag, sign: sign, isVariable: opener == "{")
        isLineStart = false
        switch opener {
        case "#": try comment(openedAt: tag)
        case "%":
            add(.blockBegin, at: tag)
            try inside(isVariable: false, openedAt: tag)
        default:
            add(.variableBegin, at: tag)
            try inside(isVariable: true, openedAt: tag)
        }
    }

    private mutating func takeSign() -> Unicode.Scalar? {
        guard position < source.count, source[position] == "-" || source[position] == "+" else {
            return nil
        }
        position += 1
        return source[position - 1]
    }

    private func text(_ range: Range<Int>) -> String {
        TemplateText(Array(source[range])).string
    }

    private mutating func addText(_ range: Range<Int>, sign: Unicode.Scalar?, isVariable: Bool) {
        var end = range.upperBound
        if sign == "-" {
            while end > range.lowerBound, PythonText.isSpace(source[end - 1]) { end -= 1 }
        } else if sign != "+", !isVariable {
            var lineStart = end
            while lineStart > range.lowerBound, source[lineStart - 1] != "\n" { lineStart -= 1 }
            if lineStart > range.lowerBound || isLineStart,
                source[lineStart..<end].allSatisfy(PythonText.isSpace)
            {
                end = lineStart
            }
        }
        if end > range.lowerBound {
            add(.data(text(range.lowerBound..<end)), at: range.lowerBound)
        }
    }

    /// Where a tag's closing mark ends: after the white space that `-` strips, or after the
    /// newline that `trim_blocks` takes. Nil where the mark is not here.
    private func matchEnd(
        of mark: Unicode.Scalar, at start: Int, trimsNewline: Bool, allowsPlus: Bool
    ) -> Int? {
        var index = start
        var sign: Unicode.Scalar?
        if index < source.count, source[index] == "-" || (allowsPlus && source[index] == "+") {
            sign = source[index]
            index += 1
        }
        guard index + 1 < source.count, source[index] == mark, source[index + 1] == "}" else {
            return nil
        }
        index += 2
        if sign == "-" {
            while index < source.count, PythonText.isSpace(source[index]) { index += 1 }
        } else if sign == nil, trimsNewline, index < source.count, source[index] == "\n" {
            index += 1
        }
        return index
    }

    private mutating func comment(openedAt tag: Int) throws(ChatTemplateError) {
        var index = position
        while index < source.count {
            if let end = matchEnd(of: "#", at: index, trimsNewline: true, allowsPlus: true) {
                position = end
                isLineStart = source[end - 1] == "\n"
                return
            }
            index += 1
        }
        throw failure("the comment is not closed", at: tag)
    }

    private func skipSpace(from start: Int) -> Int {
        var index = start
        while index < source.count, PythonText.isSpace(source[index]) { index += 1 }
        return index
    }

    private func matchWord(_ word: String, at start: Int) -> Int? {
        let scalars = Array(word.unicodeScalars)
        guard start + scalars.count <= source.count,
            source[start..<start + scalars.count].elementsEqual(scalars)
        else { return nil }
        return start + scalars.count
    }

    private func matchRawBegin(at tag: Int) -> (sign: Unicode.Scalar?, end: Int)? {
        guard source[tag + 1] == "%" else { return nil }
        var index = tag + 2
        var sign: Unicode.Scalar?
        if index < source.count, source[index] == "-" || source[index] == "+" {
            sign = source[index]
            index += 1
        }
        guard let word = matchWord("raw", at: skipSpace(from: index)),
            let end = matchEnd(
                of: "%", at: skipSpace(from: word), trimsNewline: false, allowsPlus: false)
        else { return nil }
        return (sign, end)
    }

    private mutating func rawText(openedAt tag: Int) throws(ChatTemplateError) {
        let start = position
        var index = start
        while index + 1 < source.count {
            if source[index] == "{", source[index + 1] == "%" {
                var inner = index + 2
                var sign: Unicode.Scalar?
                if inner < source.count, source[inner] == "-" || source[inner] == "+" {
                    sign = source[inner]
                    inner += 1
                }
                if let word = matchWord("endraw", at: skipSpace(from: inner)),
                    let end = matchEnd(
                        of: "%", at: skipSpace(from: word), trimsNewline: true, allowsPlus: true)
                {
                    addText(start..<index, sign: sign, isVariable: false)
                    position = end
                    isLineStart = source[end - 1] == "\n"
                    return
                }
            }
            index += 1
        }
        throw failure("the raw block is not closed", at: tag)
    }

    // MARK: Inside a tag

    private mutating func inside(isVariable: Bool, openedAt tag: Int) throws(ChatTemplateError) {
        var open: [Unicode.Scalar] = []
        while position < source.count {
            if open.isEmpty,
                let end = matchEnd(
                    of: isVariable ? "}" : "%", at: position, trimsNewline: !isVariable,
                    allowsPlus: !isVariable)
            {
                add(isVariable ? .variableEnd : .blockEnd, at: position)
                position = end
                isLineStart = source[end - 1] == "\n"
                return
            }
            let scalar = source[position]
            if PythonText.isSpace(scalar) {
                position += 1
            } else if ("0"..."9").contains(scalar) {
                try number()
            } else if scalar == "'" || scalar == "\"" {
                try string()
            } else if Self.startsName(scalar) {
                let start = position
                while position < source.count, Self.continuesName(source[position]) {
                    position += 1
                }
                add(.name(text(start..<position)), at: start)
            } else {
                try operatorToken(&open)
            }
        }
        throw failure(
            isVariable ? "the '{{' is not closed" : "the '{%' is not closed", at: tag)
    }

    static func startsName(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isXIDStart
    }

    static func continuesName(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isXIDContinue
    }

    private mutating func operatorToken(
        _ open: inout [Unicode.Scalar]
    ) throws(ChatTemplateError) {
        let start = position
        let first = source[start]
        var symbol = String(Character(first))
        if start + 1 < source.count,
            let double = JinjaOperator(rawValue: symbol + String(Character(source[start + 1])))
        {
            symbol = double.rawValue
        }
        guard let value = JinjaOperator(rawValue: symbol) else {
            throw failure("the character '\(first)' has no place in an expression", at: start)
        }
        switch value {
        case .leftBrace: open.append("}")
        case .leftParenthesis: open.append(")")
        case .leftBracket: open.append("]")
        case .rightBrace, .rightParenthesis, .rightBracket:
            guard let expected = open.popLast() else {
                throw failure("'\(symbol)' closes nothing", at: start)
            }
            guard expected == first else {
                throw failure("'\(expected)' is expected instead of '\(symbol)'", at: start)
            }
        default: break
        }
        position += symbol.unicodeScalars.count
        add(.op(value), at: start)
    }

    // MARK: Literals

    private func digitsEnd(from start: Int) -> Int? {
        // (\d+_)*\d+
        var index = start
        var end: Int?
        while index < source.count {
            if ("0"..."9").contains(source[index]) {
                index += 1
                end = index
            } else if source[index] == "_", end == index {
                index += 1
            } else {
                break
            }
        }
        return end
    }

    private mutating func number() throws(ChatTemplateError) {
        let start = position
        if let end = floatEnd(from: start), start == 0 || source[start - 1] != "." {
            let spelled = text(start..<end).filter { $0 != "_" }
            position = end
            add(.float(Double(spelled) ?? .infinity), at: start)
            return
        }
        var radix = 10
        var end = start
        if source[start] == "0", start + 1 < source.count {
            switch source[start + 1] {
            case "b", "B": radix = 2
            case "o", "O": radix = 8
            case "x", "X": radix = 16
            default: break
            }
        }
        func isDigit(_ index: Int) -> Bool {
            guard index < source.count, source[index].isASCII else { return false }
            guard let value = Character(source[index]).hexDigitValue else { return false }
            return value < radix
        }
        if radix != 10 {
            end = start + 2
            while isDigit(end) || (end < source.count && source[end] == "_" && isDigit(end + 1)) {
                end += 1
            }
            if end == start + 2 {
                radix = 10
                end = start
            }
        }
        if radix == 10 {
            // A number that starts with 0 is only zeros.
            let onlyZeros = source[start] == "0"
            func isMore(_ index: Int) -> Bool {
                isDigit(index) && (!onlyZeros || source[index] == "0")
            }
            end = start + 1
            while isMore(end) || (end < source.count && source[end] == "_" && isMore(end + 1)) {
                end += 1
            }
        }
        let digits = text((radix == 10 ? start : start + 2)..<end).filter { $0 != "_" }
        guard let value = Int(digits, radix: radix) else {
            throw failure("the number does not fit in 64 bits", at: start)
        }
        position = end
        add(.integer(value), at: start)
    }

    private func floatEnd(from start: Int) -> Int? {
        guard var end = digitsEnd(from: start) else { return nil }
        var isFloat = false
        if end + 1 < source.count, source[end] == ".", let fraction = digitsEnd(from: end + 1) {
            end = fraction
            isFloat = true
        }
        if end < source.count, source[end] == "e" || source[end] == "E" {
            var index = end + 1
            if index < source.count, source[index] == "+" || source[index] == "-" { index += 1 }
            if let exponent = digitsEnd(from: index) {
                end = exponent
                isFloat = true
            }
        }
        return isFloat ? end : nil
    }

    private mutating func string() throws(ChatTemplateError) {
        let start = position
        let quote = source[start]
        var index = start + 1
        while index < source.count, source[index] != quote {
            index += source[index] == "\\" ? 2 : 1
        }
        guard index < source.count else { throw failure("the string is not closed", at: start) }
        let value = try unescape(start + 1..<index)
        position = index + 1
        add(.string(TemplateText(value).string), at: start)
    }

    /// Python's `unicode-escape`; an escape that means nothing stays as it is.
    private func unescape(_ range: Range<Int>) throws(ChatTemplateError) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var index = range.lowerBound
        func hex(_ digits: Int) throws(ChatTemplateError) -> Unicode.Scalar {
            let end = index + digits
            guard end <= range.upperBound, let value = UInt32(text(index..<end), radix: 16),
                let scalar = Unicode.Scalar(value)
            else { throw failure("the escape needs \(digits) hexadecimal digits", at: index - 2) }
            index = end
            return scalar
        }
        while index < range.upperBound {
            let scalar = source[index]
            index += 1
            guard scalar == "\\", index < range.upperBound else {
                result.append(scalar)
                continue
            }
            let escape = source[index]
            index += 1
            switch escape {
            case "\n": break
            case "\\", "'", "\"": result.append(escape)
            case "a": result.append("\u{07}")
            case "b": result.append("\u{08}")
            case "f": result.append("\u{0C}")
            case "n": result.append("\n")
            case "r": result.append("\r")
            case "t": result.append("\t")
            case "v": result.append("\u{0B}")
            case "x": result.append(try hex(2))
            case "u": result.append(try hex(4))
            case "U": result.append(try hex(8))
            case "0"..."7":
                var value = escape.value - 0x30
                var digits = 1
                while digits < 3, index < range.upperBound, ("0"..."7").contains(source[index]) {
                    value = value * 8 + source[index].value - 0x30
                    index += 1
                    digits += 1
                }
                result.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            case "N":
                throw .unsupported(
                    JinjaPosition.locate(index - 2, in: source), "the escape \\N{…}")
            default:
                result.append("\\")
                result.append(escape)
            }
        }
        return result
    }
}
