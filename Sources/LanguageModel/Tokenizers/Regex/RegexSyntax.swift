/// A regular expression as written.
indirect enum RegexNode: Sendable {
    case empty
    case set(ScalarSet)
    case sequence([RegexNode])
    case alternation([RegexNode])
    case repetition(RegexNode, minimum: Int, maximum: Int?, kind: RepetitionKind)
    case look(RegexNode, isAhead: Bool, isNegated: Bool)
    case atomic(RegexNode)
    case anchor(Anchor)

    enum RepetitionKind: Sendable { case greedy, lazy, possessive }

    enum Anchor: Sendable {
        case textStart, textEnd, textEndOrLastNewline, lineStart, lineEnd
        case wordBorder, noWordBorder
    }
}

/// What is wrong with a regular expression, and at which of its characters.
struct RegexSyntaxError: Error, Equatable {
    var offset: Int
    var reason: String
}

/// Reads the syntax of Oniguruma (Ruby flavour), which `tokenizer.json` files use, as far as
/// tokenizers need it; anything else is an error, never a guess.
struct RegexParser {
    private let pattern: [Unicode.Scalar]
    private var offset = 0
    private var isCaseless = false
    private var dotMatchesNewline = false
    private var isExtended = false
    private var depth = 0

    static func parse(_ pattern: String) throws(RegexSyntaxError) -> RegexNode {
        var parser = RegexParser(pattern: Array(pattern.unicodeScalars))
        let node = try parser.alternation()
        if parser.offset < parser.pattern.count { throw parser.failure("unmatched )") }
        return node
    }

    private init(pattern: [Unicode.Scalar]) { self.pattern = pattern }

    private func failure(_ reason: String) -> RegexSyntaxError {
        RegexSyntaxError(offset: offset, reason: reason)
    }

    private var next: Unicode.Scalar? { offset < pattern.count ? pattern[offset] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        offset += 1
        return true
    }

    private mutating func take(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        guard pattern[offset...].starts(with: scalars) else { return false }
        offset += scalars.count
        return true
    }

    // MARK: Structure

    private mutating func alternation() throws(RegexSyntaxError) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        if depth > 200 { throw failure("nested too deeply") }
        var branches: [RegexNode] = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternation(branches)
    }

    private mutating func sequence() throws(RegexSyntaxError) -> RegexNode {
        var parts: [RegexNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            if isExtended, scalar.properties.isWhitespace {
                offset += 1
                continue
            }
            guard let atom = try atom() else { continue }
            parts.append(try repeated(atom))
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func repeated(_ atom: RegexNode) throws(RegexSyntaxError) -> RegexNode {
        var node = atom
        while let scalar = next {
            var bounds: (minimum: Int, maximum: Int?)
            var isInterval = false
            switch scalar {
            case "*": bounds = (0, nil)
            case "+": bounds = (1, nil)
            case "?": bounds = (0, 1)
            case "{":
                guard let interval = try interval() else { return node }
                bounds = interval
                isInterval = true
            default: return node
            }
            if !isInterval { offset += 1 }
            var kind = RegexNode.RepetitionKind.greedy
            if take("?") {
                kind = .lazy
            } else if !isInterval && take("+") {
                kind = .possessive
            }
            node = .repetition(node, minimum: bounds.minimum, maximum: bounds.maximum, kind: kind)
        }
        return node
    }

    /// `{2}`, `{2,}`, `{,3}` or `{2,3}`; nil, with nothing taken, where the brace is text.
    private mutating func interval() throws(RegexSyntaxError) -> (minimum: Int, maximum: Int?)? {
        let start = offset
        offset += 1
        let low = number()
        var high = low
        var isRange = false
        if take(",") {
            isRange = true
            high = number()
        }
        guard take("}"), low != nil || high != nil else {
            offset = start
            return nil
        }
        if let high, let low, high < low { throw failure("a range with its ends exchanged") }
        if max(low ?? 0, high ?? 0) > 1_000 { throw failure("a repetition of more than 1,000") }
        return (low ?? 0, isRange ? high : low)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = next, digit >= "0", digit <= "9" {
            value = min((value ?? 0) * 10 + Int(digit.value - 0x30), 100_000)
            offset += 1
        }
        return value
    }

    private func literal(_ scalar: Unicode.Scalar) -> RegexNode {
        let set = ScalarSet(ranges: [scalar.value...scalar.value])
        return .set(isCaseless ? set.caseless : set)
    }

    private func node(_ set: ScalarSet) -> RegexNode { .set(isCaseless ? set.caseless : set) }

    /// One element; nil where it was an option that changes what follows.
    private mutating func atom() throws(RegexSyntaxError) -> RegexNode? {
        guard let scalar = next else { return .empty }
        offset += 1
        switch scalar {
        case "(": return try group()
        case "[":
            let set = try bracket()
            return node(set)
        case ".": return .set(dotMatchesNewline ? .any : .anyButNewline)
        case "^": return .anchor(.lineStart)
        case "$": return .anchor(.lineEnd)
        case "\\": return try escape()
        case "*", "+", "?":
            offset -= 1
            throw failure("nothing to repeat")
        default: return literal(scalar)
        }
    }

    private mutating func group() throws(RegexSyntaxError) -> RegexNode? {
        guard take("?") else { return try closed() }
        if take(":") { return try closed() }
        if take(">") { return .atomic(try closed()) }
        if take("=") { return .look(try closed(), isAhead: true, isNegated: false) }
        if take("!") { return .look(try closed(), isAhead: true, isNegated: true) }
        if take("<=") { return .look(try closed(), isAhead: false, isNegated: false) }
        if take("<!") { return .look(try closed(), isAhead: false, isNegated: true) }
        if take("#") {
            while let scalar = next, scalar != ")" {
                _ = scalar
                offset += 1
            }
            guard take(")") else { throw failure("a comment without an end") }
            return nil
        }
        if take("<") || take("P<") {
            while let scalar = next, scalar != ">" {
                _ = scalar
                offset += 1
            }
            guard take(">") else { throw failure("a group name without an end") }
            return try closed()
        }
        return try optionGroup()
    }

    /// `(?i:…)`, `(?i)` and the like.
    private mutating func optionGroup() throws(RegexSyntaxError) -> RegexNode? {
        let saved = (isCaseless, dotMatchesNewline, isExtended)
        var isOn = true
        while let option = next, option != ":", option != ")" {
            switch option {
            case "i": isCaseless = isOn
            case "m", "s": dotMatchesNewline = isOn
            case "x": isExtended = isOn
            case "-": isOn = false
            default: throw failure("the group option \(option) is not supported")
            }
            offset += 1
        }
        if take(")") {
            // The options hold to the end of the enclosing group.
            let rest = try alternation()
            (isCaseless, dotMatchesNewline, isExtended) = saved
            return rest
        }
        guard take(":") else { throw failure("a group without an end") }
        let node = try closed()
        (isCaseless, dotMatchesNewline, isExtended) = saved
        return node
    }

    private mutating func closed() throws(RegexSyntaxError) -> RegexNode {
        let saved = (isCaseless, dotMatchesNewline, isExtended)
        let node = try alternation()
        guard take(")") else { throw failure("a group without an end") }
        (isCaseless, dotMatchesNewline, isExtended) = saved
        return node
    }

    // MARK: Escapes and sets

    private mutating func escape() throws(RegexSyntaxError) -> RegexNode {
        guard let scalar = next else { throw failure("a backslash at the end") }
        if let set = try classEscape() { return node(set) }
        switch scalar {
        case "b":
            offset += 1
            return .anchor(.wordBorder)
        case "B":
            offset += 1
            return .anchor(.noWordBorder)
        case "A":
            offset += 1
            return .anchor(.textStart)
        case "z":
            offset += 1
            return .anchor(.textEnd)
        case "Z":
            offset += 1
            return .anchor(.textEndOrLastNewline)
        case "R":
            offset += 1
            let single = ScalarSet(ranges: [0x0A...0x0D, 0x85...0x85, 0x2028...0x2029])
            let pair = RegexNode.sequence([
                .set(ScalarSet(ranges: [0x0D...0x0D])), .set(ScalarSet(ranges: [0x0A...0x0A])),
            ])
            return .atomic(.alternation([pair, .set(single)]))
        case "1"..."9", "k", "g", "G", "K", "X":
            throw failure("\\\(scalar) is not supported")
        default: return literal(try scalarEscape())
        }
    }

    /// `\s`, `\p{L}` and the like; nil, with nothing taken, for other escapes.
    private mutating func classEscape() throws(RegexSyntaxError) -> ScalarSet? {
        guard let scalar = next else { return nil }
        let simple: ScalarSet? =
            switch scalar {
            case "s": .space
            case "S": ScalarSet.space.negated
            case "d": .digit
            case "D": ScalarSet.digit.negated
            case "w": .word
            case "W": ScalarSet.word.negated
            case "h": .hexDigit
            case "H": ScalarSet.hexDigit.negated
            default: nil
            }
        if let simple {
            offset += 1
            return simple
        }
        guard scalar == "p" || scalar == "P" else { return nil }
        offset += 1
        guard take("{") else { throw failure("\\\(scalar) without {") }
        var isNegated = scalar == "P"
        if take("^") { isNegated.toggle() }
        var name = ""
        while let letter = next, letter != "}" {
            name.unicodeScalars.append(letter)
            offset += 1
        }
        guard take("}") else { throw failure("\\\(scalar){ without }") }
        guard let set = Self.property(name) else {
            throw failure("the character property \(name) is not supported")
        }
        return isNegated ? set.negated : set
    }

    private static let categories: [String: CharacterClass] = [
        "l": .letter, "letter": .letter, "lu": .uppercase, "ll": .lowercase, "lt": .titlecase,
        "lm": .modifierLetter, "lo": .otherLetter, "m": .mark, "mark": .mark,
        "mn": .init(.nonspacingMark), "mc": .init(.spacingMark), "me": .init(.enclosingMark),
        "n": .number, "number": .number, "nd": .decimalNumber, "nl": .init(.letterNumber),
        "no": .init(.otherNumber), "p": .punctuation, "punct": .punctuation,
        "punctuation": .punctuation, "pc": .init(.connectorPunctuation),
        "pd": .init(.dashPunctuation), "ps": .init(.openPunctuation),
        "pe": .init(.closePunctuation), "pi": .init(.initialPunctuation),
        "pf": .init(.finalPunctuation), "po": .init(.otherPunctuation), "s": .symbol,
        "symbol": .symbol, "sm": .init(.mathSymbol), "sc": .init(.currencySymbol),
        "sk": .init(.modifierSymbol), "so": .init(.otherSymbol), "z": .separator,
        "separator": .separator, "zs": .init(.spaceSeparator), "zl": .init(.lineSeparator),
        "zp": .init(.paragraphSeparator), "c": .other, "other": .other, "cc": .init(.control),
        "cf": .init(.format), "co": .init(.privateUse), "cs": .init(.surrogate),
        "cn": .init(.unassigned), "digit": .decimalNumber, "space": .whitespace,
        "white_space": .whitespace,
        "cntrl": .init(.control),
    ]

    private static func property(_ name: String) -> ScalarSet? {
        let key = name.lowercased().filter { $0 != " " && $0 != "-" }
        if let classes = categories[key] { return ScalarSet(classes: classes) }
        switch key.filter({ $0 != "_" }) {
        case "han", "script=han", "ishan": return .han
        case "any": return .any
        case "riposte:punctuation8": return ScalarSet(properties: [.oldPunctuation])
        case "alpha", "alphabetic": return ScalarSet(properties: [.alphabetic])
        case "alnum": return ScalarSet(classes: .decimalNumber, properties: [.alphabetic])
        case "upper", "uppercase": return ScalarSet(properties: [.uppercase])
        case "lower", "lowercase": return ScalarSet(properties: [.lowercase])
        case "word": return .word
        case "hiragana":
            return ScalarSet(ranges: [
                0x3041...0x3096, 0x309D...0x309F, 0x1B001...0x1B11F, 0x1B132...0x1B132,
                0x1B150...0x1B152, 0x1F200...0x1F200,
            ])
        case "katakana":
            return ScalarSet(ranges: [
                0x30A1...0x30FA, 0x30FD...0x30FF, 0x31F0...0x31FF, 0x32D0...0x32FE, 0x3300...0x3357,
                0xFF66...0xFF6F, 0xFF71...0xFF9D, 0x1AFF0...0x1AFF3, 0x1AFF5...0x1AFFB,
                0x1AFFD...0x1AFFE, 0x1B000...0x1B000, 0x1B120...0x1B122, 0x1B155...0x1B155,
                0x1B164...0x1B167,
            ])
        case "hangul":
            return ScalarSet(ranges: [
                0x1100...0x11FF, 0x302E...0x302F, 0x3131...0x318E, 0x3200...0x321E, 0x3260...0x327E,
                0xA960...0xA97C, 0xAC00...0xD7A3, 0xD7B0...0xD7C6, 0xD7CB...0xD7FB, 0xFFA0...0xFFBE,
                0xFFC2...0xFFC7, 0xFFCA...0xFFCF, 0xFFD2...0xFFD7, 0xFFDA...0xFFDC,
            ])
        default: return nil
        }
    }

    /// An escape that stands for one scalar.
    private mutating func scalarEscape() throws(RegexSyntaxError) -> Unicode.Scalar {
        guard let scalar = next else { throw failure("a backslash at the end") }
        offset += 1
        switch scalar {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "f": return "\u{0C}"
        case "v": return "\u{0B}"
        case "a": return "\u{07}"
        case "e": return "\u{1B}"
        case "0": return "\0"
        case "x":
            let isBraced = take("{")
            let value = try hex(most: isBraced ? 8 : 2)
            if isBraced, !take("}") { throw failure("\\x{ without }") }
            return value
        case "u": return try hex(most: 4)
        default:
            let isLetter =
                (scalar >= "a" && scalar <= "z") || (scalar >= "A" && scalar <= "Z")
                || (scalar >= "1" && scalar <= "9")
            if isLetter { throw failure("\\\(scalar) is not supported") }
            return scalar
        }
    }

    private mutating func hex(most: Int) throws(RegexSyntaxError) -> Unicode.Scalar {
        var value: UInt32 = 0
        var count = 0
        while count < most, let digit = next, let number = UInt32(String(digit), radix: 16) {
            value = value << 4 | number
            offset += 1
            count += 1
        }
        guard count > 0, let scalar = Unicode.Scalar(value) else {
            throw failure("a character code that is none")
        }
        return scalar
    }

    /// A bracket expression, after its `[`.
    private mutating func bracket() throws(RegexSyntaxError) -> ScalarSet {
        depth += 1
        defer { depth -= 1 }
        if depth > 200 { throw failure("nested too deeply") }
        let isNegated = take("^")
        var parts: [ScalarSet] = []
        var set = ScalarSet()
        var isFirst = true
        while true {
            guard let scalar = next else { throw failure("a [ without ]") }
            if scalar == "]", !isFirst {
                offset += 1
                break
            }
            isFirst = false
            if take("&&") {
                parts.append(set)
                set = ScalarSet()
                continue
            }
            if scalar == "[" {
                set.sets.append(try nested())
                continue
            }
            let low: Unicode.Scalar
            if scalar == "\\" {
                offset += 1
                if let escaped = try classEscape() {
                    // Most classes are plain unions, which match faster than nested sets.
                    if !escaped.isNegated && escaped.ranges.isEmpty && escaped.properties.isEmpty {
                        set.classes.formUnion(escaped.classes)
                    } else {
                        set.sets.append(escaped)
                    }
                    continue
                }
                low = next == "b" ? "\u{08}" : try scalarEscape()
                if low == "\u{08}", next == "b" { offset += 1 }
            } else {
                offset += 1
                low = scalar
            }
            set.ranges.append(try range(from: low))
        }
        if !parts.isEmpty {
            parts.append(set)
            set = parts[0]
            if set.isNegated || !set.intersected.isEmpty { set = ScalarSet() }
            set.intersected = Array(parts.dropFirst())
        }
        set.isNegated = isNegated
        return set
    }

    private mutating func nested() throws(RegexSyntaxError) -> ScalarSet {
        offset += 1
        guard take(":") else { return try bracket() }
        let isNegated = take("^")
        var name = ""
        while let letter = next, letter != ":" {
            name.unicodeScalars.append(letter)
            offset += 1
        }
        guard take(":]"), var set = Self.property(name) else {
            throw failure("the class [:\(name):] is not supported")
        }
        if name == "punct" { set.classes.formUnion(.symbol) }
        return isNegated ? set.negated : set
    }

    private mutating func range(from low: Unicode.Scalar) throws(RegexSyntaxError)
        -> ClosedRange<UInt32>
    {
        guard next == "-", offset + 1 < pattern.count, pattern[offset + 1] != "]" else {
            return low.value...low.value
        }
        if pattern[offset + 1] == "\\", offset + 2 < pattern.count,
            "sSdDwWhHpP".unicodeScalars.contains(pattern[offset + 2])
        {
            return low.value...low.value
        }
        offset += 1
        guard let scalar = next else { throw failure("a [ without ]") }
        offset += 1
        let high = scalar == "\\" ? try scalarEscape() : scalar
        guard low.value <= high.value else { throw failure("a range with its ends exchanged") }
        return low.value...high.value
    }
}
