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
}
