extension Grammar {
    /// Reads llama.cpp's grammar notation: rules `name ::= …`, literals, character classes,
    /// `.`, groups, alternatives, `* + ? {m} {m,} {m,n}` and `#` comments. The reply must match
    /// the rule `root`.
    public init(gbnf text: String) throws(GrammarError) {
        var parser = GBNFParser(text)
        self = try parser.parse()
    }
}

/// A recursive-descent reader of GBNF.
private struct GBNFParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var names: [String: Int] = [:]
    private var rules: [(name: String, expression: Grammar.Expression?, offset: Int)] = []

    /// Groups inside groups; bounded against hostile input.
    private static let deepest = 100

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(GrammarError) -> Grammar {
        skipSpace(acrossLines: true)
        while position < scalars.count { try rule() }
        var result: [Grammar.Rule] = []
        for rule in rules {
            guard let expression = rule.expression else {
                throw failure("the rule '\(rule.name)' is not defined", at: rule.offset)
            }
            result.append(Grammar.Rule(name: rule.name, expression: expression))
        }
        guard let root = names["root"] else {
            throw failure("there is no rule 'root'", at: 0)
        }
        return Grammar(rules: result, root: root)
    }

    private func failure(_ reason: String, at offset: Int? = nil) -> GrammarError {
        var (line, column) = (1, 1)
        for scalar in scalars.prefix(offset ?? position) {
            if scalar == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
        }
        return .syntax(line: line, column: column, reason: reason)
    }

    private var current: Unicode.Scalar? {
        position < scalars.count ? scalars[position] : nil
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace(acrossLines: Bool) {
        while let scalar = current {
            if scalar == "#" {
                while let next = current, next != "\n", next != "\r" {
                    _ = next
                    position += 1
                }
            } else if scalar == " " || scalar == "\t"
                || (acrossLines && (scalar == "\n" || scalar == "\r"))
            {
                position += 1
            } else {
                return
            }
        }
    }

    private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_"
    }

    private mutating func name() throws(GrammarError) -> (text: String, offset: Int) {
        let start = position
        var view = String.UnicodeScalarView()
        while let scalar = current, Self.isNamePart(scalar) {
            view.append(scalar)
            position += 1
        }
        guard position > start else { throw failure("the name of a rule is expected") }
        return (String(view), start)
    }

    private mutating func index(of name: String, at offset: Int) -> Int {
        if let index = names[name] { return index }
        names[name] = rules.count
        rules.append((name, nil, offset))
        return rules.count - 1
    }

    private mutating func rule() throws(GrammarError) {
        let (name, offset) = try name()
        skipSpace(acrossLines: false)
        guard take(":"), take(":"), take("=") else {
            throw failure("'::=' is expected after the name '\(name)'")
        }
        skipSpace(acrossLines: true)
        let index = index(of: name, at: offset)
        guard rules[index].expression == nil else {
            throw failure("the rule '\(name)' is defined twice", at: offset)
        }
        rules[index].expression = try choice(isNested: false)
        if let scalar = current, scalar != "\n", scalar != "\r" {
            throw failure("'\(scalar)' is not expected here")
        }
        skipSpace(acrossLines: true)
    }

    private mutating func choice(isNested: Bool) throws(GrammarError) -> Grammar.Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw failure("the groups are nested too deep") }
        var items = [try sequence(isNested: isNested)]
        while take("|") {
            skipSpace(acrossLines: true)
            items.append(try sequence(isNested: isNested))
        }
        return items.count == 1 ? items[0] : .choice(items)
    }

    private mutating func sequence(isNested: Bool) throws(GrammarError) -> Grammar.Expression {
        var items: [Grammar.Expression] = []
        while let scalar = current {
            let item: Grammar.Expression
            switch scalar {
            case "\"": item = try literal()
            case "[": item = try characterClass()
            case "(":
                let start = position
                position += 1
                skipSpace(acrossLines: true)
                item = try choice(isNested: true)
                guard take(")") else { throw failure("the group is not closed", at: start) }
            case ".":
                position += 1
                item = .characters([0...0x10FFFF])
            case "<", "!":
                throw failure("tokens in a grammar are not supported; write their text")
            case "*", "+", "?", "{":
                throw failure("'\(scalar)' has nothing before it to repeat")
            case _ where Self.isNamePart(scalar):
                let (name, offset) = try name()
                item = .rule(index(of: name, at: offset))
            default:
                return items.count == 1 ? items[0] : .sequence(items)
            }
            skipSpace(acrossLines: isNested)
            items.append(try repeated(item, isNested: isNested))
        }
        return items.count == 1 ? items[0] : .sequence(items)
    }

    private mutating func repeated(
        _ item: Grammar.Expression, isNested: Bool
    ) throws(GrammarError) -> Grammar.Expression {
        var result = item
        var count = 0
        while let scalar = current {
            switch scalar {
            case "*": result = .repetition(result, min: 0, max: nil)
            case "+": result = .repetition(result, min: 1, max: nil)
            case "?": result = .optional(result)
            case "{":
                position += 1
                result = try braces(result)
                position -= 1
            default: return result
            }
            position += 1
            count += 1
            guard count <= 10 else { throw failure("there are too many repetitions in a row") }
            skipSpace(acrossLines: isNested)
        }
        return result
    }

    /// `m}`, `m,}` or `m,n}`.
    private mutating func braces(
        _ item: Grammar.Expression
    ) throws(GrammarError) -> Grammar.Expression {
        func number() throws(GrammarError) -> Int? {
            skipSpace(acrossLines: false)
            var value: Int?
            while let scalar = current, ("0"..."9").contains(scalar) {
                value = (value ?? 0) * 10 + Int(scalar.value - 0x30)
                guard value ?? 0 <= 100_000 else {
                    throw failure("a repetition of more than 100000 is not supported")
                }
                position += 1
            }
            skipSpace(acrossLines: false)
            return value
        }
        guard let min = try number() else { throw failure("a number is expected after '{'") }
        var max: Int? = min
        if take(",") { max = try number() }
        guard take("}") else { throw failure("'}' is expected") }
        if let max, max < min { throw failure("the repetition's limits are in the wrong order") }
        return .repetition(item, min: min, max: max)
    }

    private mutating func literal() throws(GrammarError) -> Grammar.Expression {
        let start = position
        position += 1
        var view = String.UnicodeScalarView()
        while let scalar = current {
            if take("\"") { return .text(String(view)) }
            if scalar == "\n" || scalar == "\r" { break }
            view.append(try character())
        }
        throw failure("the string is not closed", at: start)
    }

    private mutating func characterClass() throws(GrammarError) -> Grammar.Expression {
        let start = position
        position += 1
        let isNegated = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while current != nil {
            if take("]") {
                let set = CodePoints.normalized(ranges)
                return .characters(isNegated ? CodePoints.complement(set) : set)
            }
            let low = try character()
            guard current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                ranges.append(low.value...low.value)
                continue
            }
            position += 1
            let offset = position
            let high = try character()
            guard low <= high else { throw failure("the range is in the wrong order", at: offset) }
            ranges.append(low.value...high.value)
        }
        throw failure("the character class is not closed", at: start)
    }

    /// One character, spelled or escaped.
    private mutating func character() throws(GrammarError) -> Unicode.Scalar {
        guard let scalar = current else { throw failure("a character is expected") }
        position += 1
        guard scalar == "\\" else { return scalar }
        guard let escape = current else { throw failure("an escape is not complete") }
        position += 1
        switch escape {
        case "x": return try hexadecimal(2)
        case "u": return try hexadecimal(4)
        case "U": return try hexadecimal(8)
        case "t": return "\t"
        case "r": return "\r"
        case "n": return "\n"
        case "\\", "\"", "[", "]", "-", "^", "'", "/": return escape
        default: throw failure("there is no escape '\\\(escape)'", at: position - 2)
        }
    }

    private mutating func hexadecimal(_ digits: Int) throws(GrammarError) -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let scalar = current, scalar.isASCII,
                let digit = Character(scalar).hexDigitValue
            else { throw failure("the escape needs \(digits) hexadecimal digits") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw failure("the escape is no character")
        }
        return scalar
    }
}

/// Sets of code points as sorted, disjoint ranges.
enum CodePoints {
    static func normalized(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound &+ 1 {
                result[result.count - 1] =
                    last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// - Parameter ranges: normalized.
    static func complement(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { result.append(next...0x10FFFF) }
        return result
    }

    static func intersection(
        _ a: [ClosedRange<UInt32>], _ b: [ClosedRange<UInt32>]
    ) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        for x in a {
            for y in b where x.overlaps(y) { result.append(x.clamped(to: y)) }
        }
        return normalized(result)
    }

    /// The UTF-8 sequences of a range of code points, each as a range for every byte.
    /// Surrogates have none.
    static func utf8Sequences(_ range: ClosedRange<UInt32>) -> [[ClosedRange<UInt8>]] {
        var result: [[ClosedRange<UInt8>]] = []
        func split(_ low: UInt32, _ high: UInt32) {
            if low > high { return }
            // Surrogates, and where the length changes.
            if low <= 0xDFFF, high >= 0xD800 {
                if low < 0xD800 { split(low, 0xD7FF) }
                if high > 0xDFFF { split(0xE000, high) }
                return
            }
            for limit: UInt32 in [0x7F, 0x7FF, 0xFFFF] where low <= limit && high > limit {
                split(low, limit)
                split(limit + 1, high)
                return
            }
            if high <= 0x7F { return result.append([UInt8(low)...UInt8(high)]) }
            // All but the last byte must be equal, or the rest must be full.
            for bits: UInt32 in [6, 12, 18] {
                let mask = (UInt32(1) << bits) - 1
                guard low & ~mask != high & ~mask else { break }
                if low & mask != 0 {
                    split(low, low | mask)
                    split((low | mask) + 1, high)
                    return
                }
                if high & mask != mask {
                    split(low, (high & ~mask) - 1)
                    split(high & ~mask, high)
                    return
                }
            }
            let first = Array(UTF8.encode(Unicode.Scalar(low)!)!)
            let last = Array(UTF8.encode(Unicode.Scalar(high)!)!)
            result.append(zip(first, last).map { $0...$1 })
        }
        split(range.lowerBound, min(range.upperBound, 0x10FFFF))
        return result
    }
}
