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
        var (min, max) = try limits("minLength", "maxLength", members, at: place)
        let parts = try Self.stringParts(members, at: place)
        // A limit that the pattern or format keeps anyway is none.
        for lengths in parts.map({ Self.lengths($0.expression) }) {
            if lengths.least >= min { min = 0 }
            if let most = lengths.most, let limit = max, most <= limit { max = nil }
        }
        let hasLimits = min > 0 || max != nil
        func quoted(_ expression: Expression) -> Expression {
            .sequence([.text("\""), expression, .text("\"")])
        }
        guard let part = parts.first else {
            guard hasLimits else { return anyString() }
            return quoted(.repetition(character(), min: min, max: max))
        }
        if parts.count == 1, !hasLimits { return quoted(Self.spelled(part.expression)) }
        if parts.count == 1, let run = Self.run(part.expression, min, max) {
            return quoted(Self.spelled(run))
        }
        do throws(CharacterAutomaton.TooLarge) {
            var automaton = try CharacterAutomaton(part.expression)
            for other in parts.dropFirst() {
                automaton = try automaton.intersection(CharacterAutomaton(other.expression))
            }
            if hasLimits { automaton = try automaton.limited(min: min, max: max) }
            return quoted(rules(for: automaton, at: place))
        } catch {
            throw failure(
                "'\(part.keyword)' beside other limits of the string is too large", at: place)
        }
    }

    /// What a string's pattern and format let through, before JSON's escapes.
    static func stringParts(
        _ members: Members, at place: String
    ) throws(GrammarError) -> [(keyword: String, expression: Expression)] {
        var parts: [(String, Expression)] = []
        if let value = members["pattern"] {
            guard let pattern = value.string else {
                throw .schema(place: place, reason: "'pattern' is not text")
            }
            var parser = JSONSchemaPattern(pattern, place: place)
            parts.append(("pattern", try parser.parse()))
        }
        if let value = members["format"] {
            guard let name = value.string, let format = JSONSchemaFormat.expression(name) else {
                throw .schema(
                    place: place,
                    reason: "the format '\(value.string ?? "?")' is not supported")
            }
            parts.append(("format", format))
        }
        return parts
    }

    /// How many characters an expression without rules has.
    private static func lengths(_ expression: Expression) -> (least: Int, most: Int?) {
        switch expression {
        case .literal(let bytes):
            let count = String(decoding: bytes, as: UTF8.self).unicodeScalars.count
            return (count, count)
        case .characters, .rule: return (1, 1)
        case .sequence(let items):
            return items.map(lengths).reduce((0, 0)) { sum, item in
                let most: Int? = if let a = sum.1, let b = item.most { a + b } else { nil }
                return (sum.0 + item.least, most)
            }
        case .choice(let items):
            let all = items.map(lengths)
            let isBounded = all.allSatisfy { $0.most != nil }
            return (
                all.map(\.least).min() ?? 0,
                isBounded ? all.compactMap(\.most).max() ?? 0 : nil
            )
        case .repetition(let item, let min, let max):
            let one = lengths(item)
            // Nested repetitions may be long beyond counting.
            func times(_ count: Int, _ length: Int) -> Int {
                let (result, overflows) = count.multipliedReportingOverflow(by: length)
                return overflows ? 1 << 40 : Swift.min(result, 1 << 40)
            }
            let most: Int? = if let max, let most = one.most { times(max, most) } else { nil }
            return (times(min, one.least), one.most == 0 ? 0 : most)
        }
    }

    /// The most frequent case of a pattern and a length, any number of characters of a set,
    /// with the smaller of both limits.
    private static func run(_ expression: Expression, _ min: Int, _ max: Int?) -> Expression? {
        switch expression {
        case .choice(let items) where items.count == 1: return run(items[0], min, max)
        case .sequence(let items):
            let items = items.filter { $0 != .empty }
            return items.count == 1 ? run(items[0], min, max) : nil
        case .repetition(.characters(let set), let least, let most):
            let low = Swift.max(least, min)
            let high = [most, max].compactMap { $0 }.min()
            if let high, high < low { return .nothing }
            return .repetition(.characters(set), min: low, max: high)
        default: return nil
        }
    }

    /// Strings as JSON spells them: what must be escaped is, in one way.
    static func spelled(_ expression: Expression) -> Expression {
        switch expression {
        case .literal, .rule: return expression
        case .characters(let set):
            var choices: [Expression] = []
            let plain = CodePoints.intersection(set, plainCharacters)
            if !plain.isEmpty { choices.append(.characters(plain)) }
            let escapes: [(UInt32, String)] = [
                (0x22, "\\\""), (0x5C, "\\\\"), (0x08, "\\b"), (0x0C, "\\f"), (0x0A, "\\n"),
                (0x0D, "\\r"), (0x09, "\\t"),
            ]
            for (value, text) in escapes where set.contains(where: { $0.contains(value) }) {
                choices.append(.text(text))
            }
            return choices.count == 1 ? choices[0] : .choice(choices)
        case .sequence(let items): return .sequence(items.map(spelled))
        case .choice(let items): return .choice(items.map(spelled))
        case .repetition(let item, let min, let max):
            return .repetition(spelled(item), min: min, max: max)
        }
    }

    /// A rule a state, as JSON spells the strings.
    mutating func rules(for automaton: CharacterAutomaton, at place: String) -> Expression {
        let first = rules.count
        for index in automaton.states.indices { _ = newRule("\(place)/\(index)", .nothing) }
        for (index, state) in automaton.states.enumerated() {
            var choices: [Expression] = state.isAccepting ? [.empty] : []
            choices += state.edges.map {
                .sequence([Self.spelled(.characters($0.characters)), .rule(first + $0.target)])
            }
            rules[first + index].expression = .choice(choices)
        }
        return .rule(first)
    }
}
