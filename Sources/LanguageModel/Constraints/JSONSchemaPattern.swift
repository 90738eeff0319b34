/// The part of regular expressions that a `pattern` may use: characters, classes, `\d \w \s`,
/// groups, alternatives, `* + ? {m,n}`, and `^`, `$` at the ends.
///
/// Gives the matching strings as they are; ``JSONSchemaGrammar/spelled(_:)`` writes them as
/// JSON does.
struct JSONSchemaPattern {
    typealias Expression = Grammar.Expression

    private let scalars: [Unicode.Scalar]
    private let place: String
    private var position = 0
    private var depth = 0

    init(_ pattern: String, place: String) {
        scalars = Array(pattern.unicodeScalars)
        self.place = place
    }

    private func failure(_ reason: String) -> GrammarError {
        .schema(place: place, reason: "'pattern' \(reason)")
    }

    private var current: Unicode.Scalar? {
        position < scalars.count ? scalars[position] : nil
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    mutating func parse() throws(GrammarError) -> Expression {
        // A pattern matches anywhere in the string unless it is anchored.
        let any = Expression.repetition(.characters(CodePoints.complement([])), min: 0, max: nil)
        var choices: [Expression] = []
        repeat {
            let isAtStart = take("^")
            let body = try sequence()
            let isAtEnd = take("$")
            choices.append(
                .sequence([isAtStart ? .empty : any, body, isAtEnd ? .empty : any]))
        } while take("|")
        guard position == scalars.count else {
            throw failure("is not understood at character \(position + 1)")
        }
        return .choice(choices)
    }

    private mutating func group() throws(GrammarError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 50 else { throw failure("is nested too deep") }
        if take("?") {
            guard take(":") else { throw failure("uses a group of a kind that is not supported") }
        }
        var choices = [try sequence()]
        while take("|") { choices.append(try sequence()) }
        guard take(")") else { throw failure("has a group that is not closed") }
        return .choice(choices)
    }

    private mutating func sequence() throws(GrammarError) -> Expression {
        var items: [Expression] = []
        while let scalar = current {
            let item: Expression
            switch scalar {
            case "|", ")": return .sequence(items)
            case "$":
                guard position + 1 == scalars.count || scalars[position + 1] == "|", depth == 0
                else { throw failure("uses '$' inside") }
                return .sequence(items)
            case "^": throw failure("uses '^' inside")
            case "(":
                position += 1
                item = try group()
            case "[":
                position += 1
                item = .characters(try characterClass())
            case ".":
                position += 1
                item = .characters(CodePoints.complement([0x0A...0x0A]))
            case "\\":
                position += 1
                item = .characters(try escape())
            case "*", "+", "?", "{": throw failure("repeats nothing")
            default:
                position += 1
                item = .characters([scalar.value...scalar.value])
            }
            items.append(try repeated(item))
        }
        return .sequence(items)
    }

    private mutating func repeated(_ item: Expression) throws(GrammarError) -> Expression {
        let result: Expression
        switch current {
        case "*": result = .repetition(item, min: 0, max: nil)
        case "+": result = .repetition(item, min: 1, max: nil)
        case "?": result = .optional(item)
        case "{":
            position += 1
            func number() throws(GrammarError) -> Int? {
                var value: Int?
                while let scalar = current, ("0"..."9").contains(scalar) {
                    value = (value ?? 0) * 10 + Int(scalar.value - 0x30)
                    guard value! <= 10_000 else { throw failure("repeats more than 10000 times") }
                    position += 1
                }
                return value
            }
            let min = try number()
            var max = min
            if take(",") { max = try number() }
            guard current == "}", min != nil || max != nil else {
                throw failure("has a repetition that is not understood")
            }
            if let max, max < min ?? 0 { throw failure("has a repetition in the wrong order") }
            result = .repetition(item, min: min ?? 0, max: max)
        default: return item
        }
        position += 1
        switch current {
        case "*", "+", "{": throw failure("repeats a repetition")
        case "?": position += 1  // Lazy: the same strings match.
        default: break
        }
        return result
    }

    private mutating func characterClass() throws(GrammarError) -> [ClosedRange<UInt32>] {
        let isNegated = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while let scalar = current {
            if scalar == "]", !isFirst {
                position += 1
                let set = CodePoints.normalized(ranges)
                return isNegated ? CodePoints.complement(set) : set
            }
            isFirst = false
            position += 1
            var set: [ClosedRange<UInt32>] = [scalar.value...scalar.value]
            if scalar == "\\" { set = try escape() }
            if current == "-", position + 1 < scalars.count, scalars[position + 1] != "]",
                set.count == 1, set[0].count == 1
            {
                position += 1
                let end = scalars[position]
                position += 1
                var high: [ClosedRange<UInt32>] = [end.value...end.value]
                if end == "\\" { high = try escape() }
                guard high.count == 1, high[0].count == 1, set[0].lowerBound <= high[0].lowerBound
                else { throw failure("has a range that is not understood") }
                set = [set[0].lowerBound...high[0].lowerBound]
            }
            ranges += set
        }
        throw failure("has a class that is not closed")
    }

    private mutating func escape() throws(GrammarError) -> [ClosedRange<UInt32>] {
        guard let scalar = current else { throw failure("ends in a backslash") }
        position += 1
        let digits: [ClosedRange<UInt32>] = [0x30...0x39]
        let word: [ClosedRange<UInt32>] = [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
        let space: [ClosedRange<UInt32>] = [0x09...0x0D, 0x20...0x20]
        switch scalar {
        case "d": return digits
        case "w": return word
        case "s": return space
        // Their complements in ASCII: what else is in them depends on the reader.
        case "D", "W", "S":
            let set = scalar == "D" ? digits : scalar == "W" ? word : space
            return CodePoints.intersection(CodePoints.complement(set), [0x20...0x7E])
        case "n": return [0x0A...0x0A]
        case "r": return [0x0D...0x0D]
        case "t": return [0x09...0x09]
        case "f": return [0x0C...0x0C]
        case "v": return [0x0B...0x0B]
        case "x", "u":
            var value: UInt32 = 0
            for _ in 0..<(scalar == "x" ? 2 : 4) {
                guard let next = current, next.isASCII, let digit = Character(next).hexDigitValue
                else { throw failure("has an escape that is not complete") }
                value = value << 4 | UInt32(digit)
                position += 1
            }
            return [value...value]
        case _
        where scalar.isASCII && !scalar.properties.isAlphabetic && !("0"..."9").contains(scalar):
            return [scalar.value...scalar.value]
        default: throw failure("has the escape '\\\(scalar)', which is not supported")
        }
    }
}
