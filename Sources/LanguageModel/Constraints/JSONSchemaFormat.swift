/// The `format`s of strings, each narrowed to what is regular and every reader agrees on: days
/// are at most 28 in February, addresses have a name and no port.
enum JSONSchemaFormat {
    typealias Expression = Grammar.Expression

    /// Nil for a format that is not known.
    static func expression(_ name: String) -> Expression? {
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
        let alphanumeric = Expression.characters([0x30...0x39, 0x61...0x7A])
        let label = Expression.sequence([
            alphanumeric,
            .repetition(
                .sequence([.optional(.text("-")), alphanumeric]), min: 0, max: 20),
        ])
        let host = Expression.sequence([
            label, .repetition(.sequence([.text("."), label]), min: 0, max: 3), .text("."),
            .repetition(.characters([0x61...0x7A]), min: 2, max: 6),
        ])
        // No percent, which would need two digits after it.
        let inPath = Expression.characters([
            0x2D...0x2E, 0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A, 0x7E...0x7E,
        ])
        let query = Expression.characters([
            0x26...0x26, 0x2D...0x2E, 0x30...0x39, 0x3D...0x3D, 0x41...0x5A, 0x5F...0x5F,
            0x61...0x7A, 0x7E...0x7E,
        ])
        let path = Expression.sequence([
            .repetition(
                .sequence([.text("/"), .repetition(inPath, min: 1, max: 40)]), min: 0, max: 8),
            .optional(.text("/")),
            .optional(.sequence([.text("?"), .repetition(query, min: 1, max: 100)])),
            .optional(.sequence([.text("#"), .repetition(inPath, min: 1, max: 40)])),
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
        case "ipv6":
            let group = Expression.repetition(hex, min: 1, max: 4)
            return .sequence(
                (0..<8).map { .sequence([$0 == 0 ? .empty : .text(":"), group]) })
        case "duration":
            func part(_ unit: String) -> Expression {
                .sequence([.repetition(digit, min: 1, max: 4), .text(unit)])
            }
            // A unit between two is not left out, as RFC 3339 has it.
            let clock = Expression.choice([
                .sequence([part("H"), .optional(.sequence([part("M"), .optional(part("S"))]))]),
                .sequence([part("M"), .optional(part("S"))]), part("S"),
            ])
            let days = Expression.choice([
                .sequence([part("Y"), .optional(.sequence([part("M"), .optional(part("D"))]))]),
                .sequence([part("M"), .optional(part("D"))]), part("D"),
            ])
            let ofDay = Expression.sequence([.text("T"), clock])
            return .sequence([
                .text("P"),
                .choice([part("W"), .sequence([days, .optional(ofDay)]), ofDay]),
            ])
        case "hostname", "idn-hostname": return host
        case "uri", "iri", "url":
            return .sequence([.text("http"), .optional(.text("s")), .text("://"), host, path])
        case "uri-reference", "iri-reference": return path
        case "json-pointer":
            let plain = Expression.characters([
                0x2D...0x2E, 0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A,
            ])
            return .repetition(
                .sequence([
                    .text("/"),
                    .repetition(
                        .choice([plain, .text("~0"), .text("~1")]), min: 0, max: 20),
                ]), min: 0, max: 8)
        case "password":
            return .repetition(.characters(CodePoints.complement([])), min: 0, max: nil)
        case "email", "idn-email":
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
