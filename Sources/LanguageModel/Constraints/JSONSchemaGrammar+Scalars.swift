/// Strings and numbers of a schema.
extension JSONSchemaGrammar {
    /// What a JSON string may hold as it is: all but the quote, the backslash and controls.
    static let plainCharacters = CodePoints.complement(
        CodePoints.normalized([0x00...0x1F, 0x22...0x22, 0x5C...0x5C, 0x7F...0x7F]))

    // MARK: Strings

    /// One character of a string, spelled or escaped. No escape of a surrogate: it would be
    /// half a character.
    mutating func character() -> Expression {
        sharedRule("char") { _ in
            let hex = Expression.characters([0x30...0x39, 0x41...0x46, 0x61...0x66])
            let notD = Expression.characters([
                0x30...0x39, 0x41...0x43, 0x45...0x46, 0x61...0x63, 0x65...0x66,
            ])
            let escape = Expression.choice([
                .characters([
                    0x22...0x22, 0x2F...0x2F, 0x5C...0x5C, 0x62...0x62, 0x66...0x66, 0x6E...0x6E,
                    0x72...0x72, 0x74...0x74,
                ]),
                .sequence([
                    .text("u"),
                    .choice([
                        .sequence([notD, hex, hex, hex]),
                        .sequence([
                            .characters([0x44...0x44, 0x64...0x64]), .digits("0"..."7"), hex, hex,
                        ]),
                    ]),
                ]),
            ])
            return .choice([
                .characters(Self.plainCharacters), .sequence([.text("\\"), escape]),
            ])
        }
    }

    mutating func anyString() -> Expression {
        sharedRule("string") { builder in
            .sequence([
                .text("\""), .repetition(builder.character(), min: 0, max: nil), .text("\""),
            ])
        }
    }

    mutating func string(_ members: Members, at place: String) throws(GrammarError) -> Expression {
        let (min, max) = try limits("minLength", "maxLength", members, at: place)
        let hasLimits = min > 0 || max != nil
        if let value = members["pattern"] {
            guard let pattern = value.string else {
                throw failure("'pattern' is not text", at: place)
            }
            guard !hasLimits, members["format"] == nil else {
                throw failure("'pattern' beside 'format' or a length is not supported", at: place)
            }
            var parser = JSONSchemaPattern(pattern, place: place)
            return .sequence([.text("\""), try parser.parse(), .text("\"")])
        }
        if let value = members["format"] {
            guard let name = value.string, let format = Self.format(name) else {
                throw failure(
                    "the format '\(value.string ?? "?")' is not supported", at: place)
            }
            guard !hasLimits else {
                throw failure("'format' beside a length is not supported", at: place)
            }
            return .sequence([.text("\""), format, .text("\"")])
        }
        guard hasLimits else { return anyString() }
        return .sequence([
            .text("\""), .repetition(character(), min: min, max: max), .text("\""),
        ])
    }

    /// Formats that are regular. Days are at most 28 in February and 30 in short months.
    private static func format(_ name: String) -> Expression? {
        func count(_ expression: Expression, _ n: Int) -> Expression {
            .repetition(expression, min: n, max: n)
        }
        let digit = Expression.digits()
        let hex = Expression.characters([0x30...0x39, 0x61...0x66])
        func upTo(_ tens: Character, _ last: Character) -> Expression {
            // 01 … tens last, for months and days
            .sequence([.text(String(tens)), .digits("0"...last)])
        }
        func choice(_ words: [String]) -> Expression { .choice(words.map { .text($0) }) }
        let day28 = Expression.choice([
            .sequence([.text("0"), .digits("1"..."9")]), .sequence([.text("1"), digit]),
            .sequence([.text("2"), .digits("0"..."8")]),
        ])
        let date = Expression.sequence([
            .choice([.text("19"), .text("20")]), digit, digit, .text("-"),
            .choice([
                .sequence([.text("02-"), day28]),
                .sequence([
                    choice(["04", "06", "09", "11"]), .text("-"),
                    .choice([day28, choice(["29", "30"])]),
                ]),
                .sequence([
                    choice(["01", "03", "05", "07", "08", "10", "12"]), .text("-"),
                    .choice([day28, choice(["29", "30", "31"])]),
                ]),
            ]),
        ])
        let hour = Expression.choice([
            .sequence([.digits("0"..."1"), digit]), upTo("2", "3"),
        ])
        let sixty = Expression.sequence([.digits("0"..."5"), digit])
        let time = Expression.sequence([
            hour, .text(":"), sixty, .text(":"), sixty,
            .optional(.sequence([.text("."), .repetition(digit, min: 1, max: 6)])),
            .choice([
                .text("Z"),
                .sequence([.choice([.text("+"), .text("-")]), hour, .text(":"), sixty]),
            ]),
        ])
        switch name {
        case "date": return date
        case "time": return time
        case "date-time": return .sequence([date, .text("T"), time])
        case "uuid":
            var parts: [Expression] = []
            for (index, length) in [8, 4, 4, 4, 12].enumerated() {
                if index > 0 { parts.append(.text("-")) }
                parts.append(count(hex, length))
            }
            return .sequence(parts)
        case "ipv4":
            let octet = Expression.choice([
                digit, .sequence([.digits("1"..."9"), digit]),
                .sequence([.text("1"), digit, digit]),
                .sequence([.text("2"), .digits("0"..."4"), digit]),
                .sequence([.text("25"), .digits("0"..."5")]),
            ])
            return .sequence([
                octet, .text("."), octet, .text("."), octet, .text("."), octet,
            ])
        case "email":
            let letter = Expression.characters([0x30...0x39, 0x41...0x5A, 0x61...0x7A])
            let word = Expression.sequence([
                letter,
                .repetition(
                    .sequence([
                        .optional(.characters([0x2D...0x2D, 0x2E...0x2E, 0x5F...0x5F])), letter,
                    ]),
                    min: 0, max: 30),
            ])
            let label = Expression.repetition(letter, min: 1, max: 20)
            return .sequence([
                word, .text("@"), label,
                .repetition(.sequence([.text("."), label]), min: 0, max: 2), .text("."),
                .repetition(.characters([0x61...0x7A]), min: 2, max: 6),
            ])
        default: return nil
        }
    }

    // MARK: Numbers

    private static let longestNumber = 15

    private static var fraction: Expression {
        .optional(.sequence([.text("."), .repetition(.digits(), min: 1, max: longestNumber)]))
    }

    mutating func anyNumber(isInteger: Bool) -> Expression {
        sharedRule(isInteger ? "integer" : "number") { _ in
            let whole = Expression.sequence([
                .optional(.text("-")), Self.integers(from: 0, to: nil),
            ])
            if isInteger { return whole }
            let exponent = Expression.sequence([
                .choice([.text("e"), .text("E")]),
                .optional(.choice([.text("+"), .text("-")])),
                .repetition(.digits(), min: 1, max: 2),
            ])
            return .sequence([whole, Self.fraction, .optional(exponent)])
        }
    }

    mutating func number(
        _ members: Members, isInteger: Bool, at place: String
    ) throws(GrammarError) -> Expression {
        /// A limit as a whole number, and whether it is itself left out.
        func limit(
            _ inclusive: String, _ exclusive: String, isLow: Bool
        ) throws(GrammarError) -> (Int, isExcluded: Bool)? {
            var result: (Int, isExcluded: Bool)?
            for keyword in [inclusive, exclusive] {
                guard let value = members[keyword] else { continue }
                guard let number = value.double else {
                    throw failure("'\(keyword)' is not a number", at: place)
                }
                var isExcluded = keyword == exclusive
                var whole = value.int
                if whole == nil, isInteger, abs(number) < 1e15 {
                    // The next whole number inside.
                    whole = Int(number.rounded(isLow ? .up : .down))
                    isExcluded = false
                }
                guard let whole, abs(whole.magnitude.clamped) < 1_000_000_000_000_000 else {
                    throw failure(
                        "'\(keyword)' of a number is supported for whole numbers below 10^15 only",
                        at: place)
                }
                if let other = result {
                    let isTighter = isLow ? whole > other.0 : whole < other.0
                    if isTighter || (whole == other.0 && isExcluded) {
                        result = (whole, isExcluded)
                    }
                } else {
                    result = (whole, isExcluded)
                }
            }
            return result
        }
        let low = try limit("minimum", "exclusiveMinimum", isLow: true)
        let high = try limit("maximum", "exclusiveMaximum", isLow: false)
        if low == nil, high == nil { return anyNumber(isInteger: isInteger) }
        if isInteger {
            let from = low.map { $0.isExcluded ? $0.0 + 1 : $0.0 }
            let to = high.map { $0.isExcluded ? $0.0 - 1 : $0.0 }
            return Self.signed(from, to) { from, to in Self.integers(from: from, to: to) }
        }
        var choices: [Expression] = []
        // Numbers from 0 up.
        if high.map({ $0.0 > 0 || ($0.0 == 0 && !$0.isExcluded) }) ?? true {
            let from = low.map { $0.0 < 0 ? (0, isExcluded: false) : $0 } ?? (0, false)
            choices.append(Self.decimals(from: from, to: high))
        }
        // Numbers below 0, by their magnitude.
        if low.map({ $0.0 < 0 }) ?? true {
            let from =
                high.map { $0.0 >= 0 ? (0, isExcluded: false) : (-$0.0, $0.isExcluded) } ?? (
                    0, false
                )
            // -0 is 0, which may be out of bounds.
            let start =
                from.0 == 0 && high.map { $0.0 == 0 && $0.isExcluded } ?? false
                ? (0, isExcluded: true) : from
            choices.append(
                .sequence([
                    .text("-"),
                    Self.decimals(from: start, to: low.map { (-$0.0, isExcluded: $0.isExcluded) }),
                ]))
        }
        return .choice(choices)
    }

    private static func signed(
        _ from: Int?, _ to: Int?, _ make: (Int, Int?) -> Expression
    ) -> Expression {
        var choices: [Expression] = []
        if to.map({ $0 >= 0 }) ?? true { choices.append(make(max(from ?? 0, 0), to)) }
        if from.map({ $0 < 0 }) ?? true {
            let least = to.map { $0 < 0 ? -$0 : 1 } ?? 1
            choices.append(.sequence([.text("-"), make(least, from.map { -$0 })]))
        }
        return .choice(choices)
    }

    /// Decimals from `from` to `to`, both from 0; nil has no upper end.
    private static func decimals(
        from: (Int, isExcluded: Bool), to: (Int, isExcluded: Bool)?
    ) -> Expression {
        var choices: [Expression] = []
        var start = from.0
        if let to, start > to.0 { return .nothing }
        if let to, start == to.0 {
            guard !from.isExcluded, !to.isExcluded else { return .nothing }
            return .sequence([.text(String(start)), zeroFraction])
        }
        if from.isExcluded {
            // start.000…1 and above
            choices.append(
                .sequence([
                    .text("\(start)."), .repetition(.digits(), min: 0, max: longestNumber - 1),
                    .digits("1"..."9"),
                ]))
            start += 1
        }
        if let to {
            if start < to.0 {
                choices.append(.sequence([integers(from: start, to: to.0 - 1), fraction]))
            }
            if !to.isExcluded { choices.append(.sequence([.text(String(to.0)), zeroFraction])) }
        } else {
            choices.append(.sequence([integers(from: start, to: nil), fraction]))
        }
        return .choice(choices)
    }

    private static var zeroFraction: Expression {
        .optional(.sequence([.text("."), .repetition(.text("0"), min: 1, max: 3)]))
    }

    /// Whole numbers from `from` (0 or more) to `to`, without leading zeros.
    static func integers(from: Int, to: Int?) -> Expression {
        if let to {
            guard from <= to else { return .nothing }
            let (low, high) = (String(from), String(to))
            var choices: [Expression] = []
            for length in low.count...high.count {
                let start =
                    length == low.count ? low : "1" + String(repeating: "0", count: length - 1)
                let end = length == high.count ? high : String(repeating: "9", count: length)
                choices.append(sameLength(Array(start), Array(end)))
            }
            return .choice(choices)
        }
        let low = Array(String(from))
        var choices = [sameLength(low, [Character](repeating: "9", count: low.count))]
        if low.count < longestNumber {
            choices.append(
                .sequence([
                    .digits("1"..."9"),
                    .repetition(.digits(), min: low.count, max: longestNumber - 1),
                ]))
        }
        return .choice(choices)
    }

    /// Numbers of one length between two, digit by digit.
    private static func sameLength(_ low: [Character], _ high: [Character]) -> Expression {
        guard let a = low.first, let b = high.first else { return .empty }
        let (restLow, restHigh) = (Array(low.dropFirst()), Array(high.dropFirst()))
        let free = Expression.repetition(.digits(), min: restLow.count, max: restLow.count)
        if a == b { return .sequence([.text(String(a)), sameLength(restLow, restHigh)]) }
        if low.allSatisfy({ $0 == "0" }), high.allSatisfy({ $0 == "9" }) {
            return .sequence([.digits(a...b), free])
        }
        let zeros = [Character](repeating: "0", count: restLow.count)
        let nines = [Character](repeating: "9", count: restLow.count)
        var choices: [Expression] = []
        choices.append(.sequence([.text(String(a)), sameLength(restLow, nines)]))
        let (next, last) = (a.wholeNumberValue! + 1, b.wholeNumberValue! - 1)
        if next <= last {
            choices.append(
                .sequence([.digits(Character("\(next)")...Character("\(last)")), free]))
        }
        choices.append(.sequence([.text(String(b)), sameLength(zeros, restHigh)]))
        return .choice(choices)
    }
}

extension UInt {
    fileprivate var clamped: Int { Int(clamping: self) }
}
