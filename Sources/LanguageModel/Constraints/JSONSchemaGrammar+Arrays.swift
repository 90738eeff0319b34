import JSON

/// Arrays of a schema.
extension JSONSchemaGrammar {
    mutating func array(
        _ members: Members, at place: String
    ) throws(GrammarError) -> Expression {
        let (min, max) = try limits("minItems", "maxItems", members, at: place)
        var first: [Expression] = []
        // Before 2020-12 a list in `items` was what `prefixItems` is now.
        let isOld = members["items"]?.array != nil && members["prefixItems"] == nil
        let prefix = isOld ? "items" : "prefixItems"
        if let value = members[prefix] {
            guard case .array(let schemas) = value else {
                throw failure("'prefixItems' needs a list of schemas", at: place)
            }
            for (index, schema) in schemas.enumerated() {
                first.append(.rule(try rule(for: schema, at: "\(place)/\(prefix)/\(index)")))
            }
        }
        let rest: Expression?
        let items = Self.open(
            isOld ? "additionalItems" : "items", "unevaluatedItems", members)
        if members["uniqueItems"] == .bool(true), max.map({ $0 > 1 }) ?? true,
            first.count > 1 || (items?.schema ?? .bool(true)) != .bool(false)
        {
            guard first.isEmpty, let schema = items?.schema,
                let values = try finiteValues(schema, at: "\(place)/items"), values.count <= 10
            else {
                throw failure(
                    "'uniqueItems' is supported beside 'items' of at most 10 'enum' values",
                    at: place)
            }
            return uniqueItems(values, min, max, at: place)
        }
        switch items?.schema {
        case .bool(false)?: rest = nil
        case nil: rest = anyValue()
        case let schema?:
            rest = .rule(try rule(for: schema, at: "\(place)/\(items!.keyword)"))
        }
        let space = space()
        let separator = Expression.sequence([.text(","), space])
        // From the end: what may follow when `index` items are there.
        let highest = max ?? Int.max
        guard first.count <= 256 else { throw failure("'prefixItems' is too long", at: place) }
        var tail: Expression = .empty
        if let rest, highest > first.count {
            let more = Expression.sequence([first.isEmpty ? .empty : separator, rest])
            let further = Expression.sequence([separator, rest])
            if first.isEmpty {
                let others = Expression.repetition(
                    further, min: Swift.max(0, min - 1), max: max.map { $0 - 1 })
                let filled = Expression.sequence([more, others])
                tail = min > 0 ? filled : .optional(filled)
            } else {
                tail = .repetition(
                    further, min: Swift.max(0, min - first.count),
                    max: max.map { $0 - first.count })
            }
        } else if rest == nil, min > first.count {
            return .nothing
        }
        for index in stride(from: Swift.min(first.count, highest) - 1, through: 0, by: -1) {
            let item = Expression.sequence([index == 0 ? .empty : separator, first[index], tail])
            tail = index < min ? item : .optional(item)
        }
        return .sequence([.text("["), space, tail, space, .text("]")])
    }

    /// The values a schema has, where it lists them.
    private func finiteValues(
        _ schema: JSONValue, at place: String
    ) throws(GrammarError) -> [JSONValue]? {
        var schema = schema
        for _ in 0..<Self.deepest {
            guard let reference = schema["$ref"], schema.object?.count == 1 else { break }
            schema = try resolve(reference, at: place).0
        }
        let listed: [JSONValue]? =
            schema["enum"]?.array ?? schema["const"].map { [$0] }
            ?? (schema["type"] == .string("boolean") ? [.bool(false), .bool(true)] : nil)
        guard let listed, case .object(let members) = schema else { return nil }
        // Another keyword may take some of them away.
        let others = members.keys.filter {
            !["enum", "const", "type"].contains($0) && !Self.annotations.contains($0)
        }
        guard others.isEmpty, members["enum"] == nil || members["const"] == nil else { return nil }
        var values: [JSONValue] = []
        for value in listed where !values.contains(where: { Self.areEqual($0, value) }) {
            guard let type = members["type"] else {
                values.append(value)
                continue
            }
            let names = type.string.map { [$0] } ?? (type.array ?? []).compactMap(\.string)
            if names.contains(where: { Self.fits(value, type: $0) }) { values.append(value) }
        }
        return values
    }

    /// As JSON Schema has it: 1 and 1.0 are one value.
    private static func areEqual(_ a: JSONValue, _ b: JSONValue) -> Bool {
        if case .bool = a { return a == b }
        if case .bool = b { return false }
        guard let x = a.double, let y = b.double else { return a == b }
        return x == y
    }

    /// Each value at most once: a rule for each set of those that were there.
    private mutating func uniqueItems(
        _ values: [JSONValue], _ min: Int, _ max: Int?, at place: String
    ) -> Expression {
        let space = space()
        let most = Swift.min(max ?? values.count, values.count)
        guard min <= most else { return .nothing }
        let first = rules.count
        for used in 0..<(1 << values.count) { _ = newRule("\(place)/unique/\(used)", .nothing) }
        for used in 0..<(1 << values.count) {
            let count = used.nonzeroBitCount
            guard count <= most else { continue }
            var choices: [Expression] = count >= min ? [.empty] : []
            for (index, value) in values.enumerated() where count < most && used & 1 << index == 0 {
                choices.append(
                    .sequence([
                        count == 0 ? .empty : .sequence([.text(","), space]), .text(value.text),
                        .rule(first + (used | 1 << index)),
                    ]))
            }
            rules[first + used].expression = .choice(choices)
        }
        return .sequence([.text("["), space, .rule(first), space, .text("]")])
    }
}
