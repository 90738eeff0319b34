import JSON

/// Objects of a schema.
extension JSONSchemaGrammar {
    /// A name in a JSON pointer.
    private static func escaped(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    mutating func object(
        _ members: Members, at place: String
    ) throws(GrammarError) -> Expression {
        var properties: Members = [:]
        switch members["properties"] {
        case nil: break
        case .object(let listed)?: properties = listed
        default: throw failure("'properties' is not an object", at: place)
        }
        let others = Self.open("additionalProperties", "unevaluatedProperties", members)
        let names = try PropertyNames(self, members, at: place)
        var required: Set<String> = []
        if let value = members["required"] {
            guard case .array(let listed) = value else {
                throw failure("'required' needs a list of names", at: place)
            }
            for name in listed {
                guard let name = name.string else {
                    throw failure("'required' lists something that is no name", at: place)
                }
                required.insert(name)
                if properties[name] == nil {
                    let isMatched = names.patterns.contains { $0.automaton.contains(name) }
                    properties[name] = isMatched ? .bool(true) : others?.schema ?? .bool(true)
                }
            }
        }
        for (name, schema) in properties {
            if let automaton = names.allowed, !automaton.contains(name) {
                properties[name] = .bool(false)
                continue
            }
            properties[name] = try names.merged(schema, of: name, at: place)
        }
        let space = space()
        let comma = Expression.sequence([.text(","), space])
        func member(_ key: Expression, _ value: Expression) -> Expression {
            .sequence([key, .text(":"), space, value])
        }
        // Members of other names: those of a pattern, and the rest.
        var extras: [Expression] = []
        for (index, pattern) in names.patterns.enumerated() where pattern.schema != .bool(false) {
            let patternPlace = "\(place)/patternProperties/\(Self.escaped(pattern.name))"
            let value = Expression.rule(try rule(for: pattern.schema, at: patternPlace))
            let key = try names.key(except: Array(properties.keys), inPattern: index, of: &self)
            extras.append(member(key, value))
        }
        var open: Expression?
        switch others?.schema {
        case nil:
            if members["properties"] == nil, names.patterns.isEmpty { open = anyValue() }
        case .bool(false)?: break
        case .bool(true)?: open = anyValue()
        case let schema?:
            open = .rule(try rule(for: schema, at: "\(place)/\(others!.keyword)"))
        }
        if let open {
            let listed = Array(properties.keys)
            let isPlain = names.patterns.isEmpty && names.allowed == nil
            let key =
                isPlain
                ? try keyExcept(listed, at: place)
                : try names.key(except: listed, inPattern: nil, of: &self)
            extras.append(member(key, open))
        }
        let extra: Expression? = extras.isEmpty ? nil : .choice(extras)
        let (least, most) = try limits("minProperties", "maxProperties", members, at: place)
        let needed = least <= required.count ? 0 : least
        guard needed <= 1 || extra == nil else {
            // The same key twice is one property.
            throw failure(
                "'minProperties' beside properties of any name is not supported", at: place)
        }
        // `tails[n]` is what may follow n members; the last entry also stands for more, where
        // more are allowed. Built from the end; each is a rule, so nothing is written twice.
        let cap = min(
            most ?? max(needed, 1), max(properties.count + (extra == nil ? 0 : 1), needed, 1))
        let isFull = most.map { $0 <= cap } ?? false
        guard (cap + 1) * (properties.count + 1) <= 20_000 else {
            throw failure("it has too many properties to count them", at: place)
        }
        var tails = (0...cap).map { $0 < needed ? Expression.nothing : .empty }
        if let extra {
            let one = newRule("\(place)/+", extra)
            let further = Expression.sequence([comma, one])
            for count in (0...cap).reversed() where most.map({ count < $0 }) ?? true {
                let left = most.map { $0 - max(count, 1) }
                let more = newRule(
                    "\(place)/+*\(count)", .repetition(further, min: 0, max: left))
                let some = Expression.sequence([one, more])
                tails[count] = count > 0 ? more : needed > 0 ? some : .optional(some)
            }
        }
        for (name, schema) in properties.reversed() {
            let escaped = Self.escaped(name)
            // What patterns say as well is another schema than the one that stands there.
            let isOwn = members["properties"]?[name] == schema
            let value = Expression.rule(
                try rule(for: schema, at: "\(place)/\(isOwn ? "properties" : "+")/\(escaped)"))
            let pair = newRule(
                "\(place)/\(escaped)", member(.text(JSONValue.string(name).text), value))
            let after = tails
            for count in 0...cap {
                let rest = count < cap ? after[count + 1] : isFull ? .nothing : after[cap]
                let here = Expression.sequence([count == 0 ? .empty : comma, pair, rest])
                let taken = rest == .nothing ? .nothing : here
                tails[count] = newRule(
                    "\(place)/\(escaped),\(count)",
                    required.contains(name) ? taken : .choice([taken, after[count]]))
            }
        }
        return .sequence([.text("{"), space, tails[0], space, .text("}")])
    }

    /// A key that is none of these names. Written without escapes, so that no escape can
    /// spell one of them.
    private mutating func keyExcept(
        _ names: [String], at place: String
    ) throws(GrammarError) -> Expression {
        let any = Expression.repetition(.characters(Self.plainCharacters), min: 0, max: nil)
        func rest(_ names: [[Unicode.Scalar]], depth: Int) throws(GrammarError) -> Expression {
            guard depth < 200 else { throw failure("a property's name is too long", at: place) }
            let next = Dictionary(grouping: names.filter { $0.count > depth }) { $0[depth] }
            var choices: [Expression] = []
            if !names.contains(where: { $0.count == depth }) { choices.append(.empty) }
            let taken = CodePoints.normalized(next.keys.map { $0.value...$0.value })
            let others = CodePoints.intersection(
                Self.plainCharacters, CodePoints.complement(taken))
            choices.append(.sequence([.characters(others), any]))
            for (scalar, group) in next.sorted(by: { $0.key < $1.key }) {
                choices.append(
                    .sequence([
                        .characters([scalar.value...scalar.value]),
                        try rest(group, depth: depth + 1),
                    ]))
            }
            return .choice(choices)
        }
        guard !names.isEmpty else { return anyString() }
        return .sequence([
            .text("\""), try rest(names.map { Array($0.unicodeScalars) }, depth: 0), .text("\""),
        ])
    }

    /// What `patternProperties` and `propertyNames` say of an object's keys.
    private struct PropertyNames {
        var patterns: [(name: String, automaton: CharacterAutomaton, schema: JSONValue)] = []
        /// The names there may be; nil for any.
        var allowed: CharacterAutomaton?
        private let place: String

        init(
            _ grammar: JSONSchemaGrammar, _ members: Members, at place: String
        ) throws(GrammarError) {
            self.place = place
            if let value = members["patternProperties"] {
                guard case .object(let listed) = value else {
                    throw grammar.failure("'patternProperties' is not an object", at: place)
                }
                for (pattern, schema) in listed {
                    var parser = JSONSchemaPattern(pattern, place: place)
                    let expression = try parser.parse()
                    patterns.append(
                        (pattern, try Self.small(place, of: expression), schema))
                }
            }
            guard let value = members["propertyNames"], value != .bool(true) else { return }
            var schema = value
            for _ in 0..<JSONSchemaGrammar.deepest {
                guard let reference = schema["$ref"], schema.object?.count == 1 else { break }
                schema = try grammar.resolve(reference, at: place).0
            }
            guard case .object(let rules) = schema else {
                throw grammar.failure("'propertyNames' must be an object or true", at: place)
            }
            let known: Set<String> = [
                "type", "pattern", "format", "minLength", "maxLength", "enum", "const",
            ]
            let asked = rules.keys.filter { !JSONSchemaGrammar.annotations.contains($0) }
            if let other = asked.first(where: { !known.contains($0) }) {
                throw grammar.failure("'\(other)' in 'propertyNames' is not supported", at: place)
            }
            var parts = try JSONSchemaGrammar.stringParts(rules, at: place).map(\.expression)
            for names in [rules["const"].map { [$0] }, rules["enum"]?.array].compactMap({ $0 }) {
                parts.append(.choice(names.compactMap(\.string).map { .text($0) }))
            }
            let (min, max) = try grammar.limits("minLength", "maxLength", rules, at: place)
            let any = Expression.repetition(
                .characters(CodePoints.complement([])), min: min, max: nil)
            allowed = try Self.small(place) { () throws(CharacterAutomaton.TooLarge) in
                var result = try CharacterAutomaton(parts.first ?? any)
                for part in parts.dropFirst() {
                    result = try result.intersection(CharacterAutomaton(part))
                }
                return min > 0 || max != nil ? try result.limited(min: min, max: max) : result
            }
        }

        private static func small(
            _ place: String, of expression: Expression
        ) throws(GrammarError) -> CharacterAutomaton {
            try small(place) { () throws(CharacterAutomaton.TooLarge) in
                try CharacterAutomaton(expression)
            }
        }

        private static func small(
            _ place: String, _ make: () throws(CharacterAutomaton.TooLarge) -> CharacterAutomaton
        ) throws(GrammarError) -> CharacterAutomaton {
            do throws(CharacterAutomaton.TooLarge) {
                return try make()
            } catch {
                throw .schema(
                    place: place,
                    reason: "the patterns of its names are too large together")
            }
        }

        /// A listed property's schema with those of the patterns that its name matches.
        func merged(
            _ schema: JSONValue, of name: String, at place: String
        ) throws(GrammarError) -> JSONValue {
            var result = schema
            for pattern in patterns where pattern.automaton.contains(name) {
                switch (result, pattern.schema) {
                case (_, .bool(true)): continue
                case (.bool(true), _), (_, .bool(false)): result = pattern.schema
                case (.bool(false), _): continue
                case (.object(let own), .object(let other)):
                    result = .object(
                        try JSONSchemaMerge.merge(own, other, at: "\(place)/properties/\(name)"))
                default:
                    throw .schema(place: place, reason: "a schema is an object, true or false")
                }
            }
            return result
        }

        /// A key of one pattern, or of none where nil: no other pattern's and no listed name.
        func key(
            except listed: [String], inPattern index: Int?, of grammar: inout JSONSchemaGrammar
        ) throws(GrammarError) -> Expression {
            let any = Expression.repetition(
                .characters(CodePoints.complement([])), min: 0, max: nil)
            let automaton = try Self.small(place) { () throws(CharacterAutomaton.TooLarge) in
                var result =
                    if let index { patterns[index].automaton } else { try CharacterAutomaton(any) }
                if let allowed { result = try result.intersection(allowed) }
                for (other, pattern) in patterns.enumerated() where other != index {
                    result = try result.subtracting(pattern.automaton)
                }
                let names = Expression.choice(listed.map { .text($0) })
                return try result.subtracting(CharacterAutomaton(names))
            }
            return .sequence([.text("\""), grammar.rules(for: automaton, at: place), .text("\"")])
        }
    }
}
