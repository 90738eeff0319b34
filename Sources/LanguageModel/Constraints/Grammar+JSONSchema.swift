import JSON
import OrderedCollections

extension Grammar {
    /// The grammar of the JSON texts that a JSON Schema (2020-12, and `definitions`) allows.
    ///
    /// Every text of the grammar is valid under the schema. The other way round it narrows:
    /// an object's properties come in the schema's order; other properties only where
    /// `additionalProperties` asks for them, or the object has none listed; numbers have at
    /// most 15 digits and white space is short, so that a reply cannot run away. A keyword that
    /// is not supported is an error that names it and its place.
    public init(jsonSchema schema: JSONValue) throws(GrammarError) {
        var builder = JSONSchemaGrammar(document: schema)
        self = try builder.build()
    }

    /// Any JSON value.
    public static var json: Grammar {
        // The empty schema has nothing that could be unsupported.
        try! Grammar(jsonSchema: .object([:]))
    }
}

/// Turns a schema into rules. Each place of the schema that is reached is one rule, so that
/// references may be recursive.
struct JSONSchemaGrammar {
    typealias Expression = Grammar.Expression
    typealias Members = OrderedDictionary<String, JSONValue>

    let document: JSONValue
    var rules: [Grammar.Rule] = []
    /// Rules by the place of the schema they are for.
    private var places: [String: Int] = [:]
    private var shared: [String: Int] = [:]
    private var depth = 0
    /// Multiples written out one by one, over all numbers.
    var spelledMultiples = 0
    /// Schemas looked at; combining references may multiply them without end.
    private var visits = 0

    static let deepest = 64
    private static let mostVisits = 20_000
    static let annotations: Set<String> = [
        "title", "description", "default", "examples", "example", "$schema", "$id", "$anchor",
        "$comment", "deprecated", "readOnly", "writeOnly", "$defs", "definitions", "id",
        "$vocabulary", "contentEncoding", "contentMediaType", "contentSchema",
        // OpenAPI's: names the property that tells the branches apart.
        "discriminator", "externalDocs", "xml",
    ]
    private static let handled: Set<String> = [
        "type", "enum", "const", "properties", "required", "additionalProperties", "items",
        "prefixItems", "minItems", "maxItems", "minLength", "maxLength", "pattern", "format",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "anyOf",
        "oneOf", "allOf", "$ref", "minProperties", "maxProperties", "unevaluatedProperties",
        "unevaluatedItems", "additionalItems", "uniqueItems", "patternProperties",
        "propertyNames",
    ]
    private static let types: [String] = [
        "object", "array", "string", "integer", "number", "boolean", "null",
    ]

    init(document: JSONValue) { self.document = document }

    mutating func build() throws(GrammarError) -> Grammar {
        rules.append(Grammar.Rule(name: "root", expression: .nothing))
        let body = try rule(for: document, at: "")
        rules[0].expression = .rule(body)
        return Grammar(rules: rules, root: 0)
    }

    func failure(_ reason: String, at place: String) -> GrammarError {
        .schema(place: place, reason: reason)
    }

    /// A rule that does not depend on a place, made once.
    mutating func sharedRule(_ name: String, _ make: (inout Self) -> Expression) -> Expression {
        if let index = shared[name] { return .rule(index) }
        let index = rules.count
        rules.append(Grammar.Rule(name: name, expression: .nothing))
        shared[name] = index
        rules[index].expression = make(&self)
        return .rule(index)
    }

    mutating func newRule(_ name: String, _ expression: Expression) -> Expression {
        rules.append(Grammar.Rule(name: name, expression: expression))
        return .rule(rules.count - 1)
    }

    private mutating func enter(at place: String) throws(GrammarError) {
        depth += 1
        visits += 1
        guard depth <= Self.deepest else { throw failure("it is nested too deep", at: place) }
        guard visits <= Self.mostVisits else { throw failure("the schema is too large", at: place) }
    }

    // MARK: Schemas

    mutating func rule(for schema: JSONValue, at place: String) throws(GrammarError) -> Int {
        if let known = places[place] { return known }
        let index = rules.count
        rules.append(Grammar.Rule(name: place.isEmpty ? "#" : place, expression: .nothing))
        places[place] = index
        try enter(at: place)
        defer { depth -= 1 }
        rules[index].expression = try expression(for: schema, at: place)
        return index
    }

    private mutating func expression(
        for schema: JSONValue, at place: String
    ) throws(GrammarError) -> Expression {
        switch schema {
        case .bool(true): return anyValue()
        case .bool(false): return .nothing
        case .object(let members): return try expression(for: members, at: place)
        default: throw failure("a schema is an object, true or false", at: place)
        }
    }

    private mutating func expression(
        for members: Members, at place: String
    ) throws(GrammarError) -> Expression {
        try check(members, at: place)
        let plain = members.filter { !Self.annotations.contains($0.key) }
        if let reference = plain["$ref"] {
            let (target, targetPlace) = try resolve(reference, at: place)
            let rest = plain.filter { $0.key != "$ref" }
            if rest.isEmpty { return .rule(try rule(for: target, at: targetPlace)) }
            guard case .object(let referred) = target else {
                throw failure("'$ref' beside other keywords must refer to an object", at: place)
            }
            return try combined(rest, referred, at: place)
        }
        if case .array(let parts)? = plain["allOf"] {
            var merged = plain.filter { $0.key != "allOf" }
            for (index, part) in parts.enumerated() {
                var part = part
                // A reference is looked up, so that its keywords can be merged.
                for _ in 0..<Self.deepest {
                    guard let reference = part["$ref"], part.object?.count == 1 else { break }
                    part = try resolve(reference, at: "\(place)/allOf/\(index)").0
                }
                switch part {
                case .bool(true): continue
                case .object(let members):
                    merged = try JSONSchemaMerge.merge(
                        merged, members, at: "\(place)/allOf/\(index)")
                default:
                    throw failure("a part of 'allOf' is not an object", at: place)
                }
            }
            return try nested(merged, at: place)
        }
        for keyword in ["anyOf", "oneOf"] {
            guard let value = plain[keyword] else { continue }
            guard case .array(let branches) = value, !branches.isEmpty else {
                throw failure("'\(keyword)' needs a list of schemas", at: place)
            }
            if keyword == "oneOf" { try checkDisjoint(branches, at: place) }
            let rest = plain.filter { $0.key != keyword }
            var choices: [Expression] = []
            for (index, branch) in branches.enumerated() {
                let branchPlace = "\(place)/\(keyword)/\(index)"
                if rest.isEmpty {
                    choices.append(.rule(try rule(for: branch, at: branchPlace)))
                } else if case .object(let members) = branch {
                    choices.append(try combined(rest, members, at: branchPlace))
                } else {
                    throw failure("'\(keyword)' beside other keywords needs objects", at: place)
                }
            }
            return .choice(choices)
        }
        return try typed(plain, at: place)
    }

    private mutating func combined(
        _ a: Members, _ b: Members, at place: String
    ) throws(GrammarError) -> Expression {
        try nested(try JSONSchemaMerge.merge(a, b, at: place), at: place)
    }

    /// A schema made here, not one of the document's places.
    private mutating func nested(
        _ members: Members, at place: String
    ) throws(GrammarError) -> Expression {
        try enter(at: place)
        defer { depth -= 1 }
        return try expression(for: members, at: place)
    }

    private func check(_ members: Members, at place: String) throws(GrammarError) {
        for keyword in members.keys
        where !Self.annotations.contains(keyword) && !Self.handled.contains(keyword) {
            throw failure("the keyword '\(keyword)' is not supported", at: place)
        }
    }

    func resolve(
        _ reference: JSONValue, at place: String
    ) throws(GrammarError) -> (JSONValue, String) {
        guard let text = reference.string, text.hasPrefix("#") else {
            throw failure("only references inside the schema ('#/…') are supported", at: place)
        }
        var value = document
        let path = String(text.dropFirst())
        for part in path.split(separator: "/", omittingEmptySubsequences: true) {
            let name = String(part).replacing("~1", with: "/").replacing("~0", with: "~")
            if let member = value[name] {
                value = member
            } else if let items = value.array, let index = Int(name), items.indices.contains(index)
            {
                value = items[index]
            } else {
                throw failure("the reference '\(text)' leads nowhere", at: place)
            }
        }
        return (value, path)
    }

    // MARK: Types

    private func typeNames(_ members: Members, at place: String) throws(GrammarError) -> [String]? {
        switch members["type"] {
        case nil: return nil
        case .string(let name)?:
            guard Self.types.contains(name) else {
                throw failure("there is no type '\(name)'", at: place)
            }
            return [name]
        case .array(let list)?:
            var names: [String] = []
            for item in list {
                guard let name = item.string, Self.types.contains(name) else {
                    throw failure("'type' lists something that is no type", at: place)
                }
                names.append(name)
            }
            return names
        default: throw failure("'type' is a name or a list of names", at: place)
        }
    }

    private mutating func typed(
        _ members: Members, at place: String
    ) throws(GrammarError) -> Expression {
        let names = try typeNames(members, at: place)
        var fixed: [JSONValue]?
        if let value = members["const"] { fixed = [value] }
        if let value = members["enum"] {
            guard case .array(let values) = value else {
                throw failure("'enum' needs a list", at: place)
            }
            fixed = fixed.map { $0.filter(values.contains) } ?? values
        }
        if let fixed {
            var choices: [Expression] = []
            for value in fixed {
                guard names.map({ $0.contains { Self.fits(value, type: $0) } }) ?? true,
                    try admits(value, members, at: place)
                else { continue }
                choices.append(.text(value.text))
            }
            return .choice(choices)
        }
        guard let names = names ?? Self.inferred(members) else { return anyValue() }
        var choices: [Expression] = []
        for name in names { choices.append(try expression(type: name, members, at: place)) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    /// Whether a value of an `enum` or `const` is what the keywords beside it let through.
    private func admits(
        _ value: JSONValue, _ members: Members, at place: String
    ) throws(GrammarError) -> Bool {
        func unsupported(_ keyword: String) -> GrammarError {
            failure("'\(keyword)' beside 'enum' or 'const' is not supported", at: place)
        }
        for keyword in members.keys {
            let limit = members[keyword]?.double
            switch (keyword, value) {
            case ("const", _), ("enum", _), ("type", _): continue
            case ("minLength", .string), ("maxLength", .string), ("pattern", .string),
                ("format", .string):
                continue
            case ("minimum", .int), ("minimum", .double):
                guard let number = value.double, let limit else { throw unsupported(keyword) }
                if number < limit { return false }
            case ("maximum", .int), ("maximum", .double):
                guard let number = value.double, let limit else { throw unsupported(keyword) }
                if number > limit { return false }
            case (_, .array), (_, .object): throw unsupported(keyword)
            case ("multipleOf", .int), ("multipleOf", .double), ("exclusiveMinimum", .int),
                ("exclusiveMinimum", .double), ("exclusiveMaximum", .int),
                ("exclusiveMaximum", .double):
                throw unsupported(keyword)
            // The rest speaks of values of other types.
            default: continue
            }
        }
        guard case .string(let text) = value else { return true }
        let (min, max) = try limits("minLength", "maxLength", members, at: place)
        let length = text.unicodeScalars.count
        guard length >= min, max.map({ length <= $0 }) ?? true else { return false }
        for part in try Self.stringParts(members, at: place) {
            guard let automaton = try? CharacterAutomaton(part.expression) else {
                throw unsupported(part.keyword)
            }
            if !automaton.contains(text) { return false }
        }
        return true
    }

    static func fits(_ value: JSONValue, type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.bool, "boolean"), (.int, "integer"), (.int, "number"),
            (.double, "number"), (.string, "string"), (.array, "array"), (.object, "object"):
            true
        case (.double(let number), "integer"): number == number.rounded()
        default: false
        }
    }

    /// The type that the keywords speak of, where none is named. A text of that type is always
    /// valid; other types, which the schema would let through, are left out.
    static func inferred(_ members: Members) -> [String]? {
        func has(_ names: String...) -> Bool { names.contains { members[$0] != nil } }
        if has(
            "properties", "required", "additionalProperties", "minProperties", "maxProperties",
            "unevaluatedProperties", "patternProperties", "propertyNames")
        {
            return ["object"]
        }
        if has("items", "prefixItems", "minItems", "maxItems", "unevaluatedItems", "uniqueItems") {
            return ["array"]
        }
        if has("minLength", "maxLength", "pattern", "format") { return ["string"] }
        if has("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf") {
            return ["number"]
        }
        return nil
    }

    private mutating func expression(
        type: String, _ members: Members, at place: String
    ) throws(GrammarError) -> Expression {
        switch type {
        case "null": return .text("null")
        case "boolean": return .choice([.text("true"), .text("false")])
        case "string": return try string(members, at: place)
        case "integer", "number":
            return try number(members, isInteger: type == "integer", at: place)
        case "array": return try array(members, at: place)
        default: return try object(members, at: place)
        }
    }

    // MARK: Shared parts

    /// At most a line break and its indentation.
    mutating func space() -> Expression {
        sharedRule("space") { _ in
            .choice([
                .empty, .text(" "),
                .sequence([
                    .text("\n"),
                    .repetition(.characters([0x09...0x09, 0x20...0x20]), min: 0, max: 20),
                ]),
            ])
        }
    }

    mutating func anyValue() -> Expression {
        sharedRule("value") { builder in
            let space = builder.space()
            let string = builder.anyString()
            let value = Expression.rule(builder.shared["value"]!)
            func separated(_ item: Expression) -> Expression {
                .optional(
                    .sequence([
                        item,
                        .repetition(.sequence([.text(","), space, item]), min: 0, max: nil), space,
                    ]))
            }
            let member = Expression.sequence([string, .text(":"), space, value])
            return .choice([
                .sequence([.text("{"), space, separated(member), .text("}")]),
                .sequence([.text("["), space, separated(value), .text("]")]),
                string, builder.anyNumber(isInteger: false), .text("true"), .text("false"),
                .text("null"),
            ])
        }
    }

    /// What items or properties that are not listed must be. The unevaluated ones are all of
    /// these: parts and references were merged before.
    static func open(
        _ keyword: String, _ unevaluated: String, _ members: Members
    ) -> (keyword: String, schema: JSONValue)? {
        for keyword in [keyword, unevaluated] {
            if let schema = members[keyword] { return (keyword, schema) }
        }
        return nil
    }

    // MARK: Limits

    private func bound(
        _ keyword: String, _ members: Members, at place: String
    ) throws(GrammarError) -> Int? {
        guard let value = members[keyword] else { return nil }
        guard let number = value.int, number >= 0 else {
            throw failure("'\(keyword)' is not a whole number from 0", at: place)
        }
        return number
    }

    func limits(
        _ low: String, _ high: String, _ members: Members, at place: String
    ) throws(GrammarError) -> (Int, Int?) {
        let min = try bound(low, members, at: place) ?? 0
        let max = try bound(high, members, at: place)
        if let max, max < min { throw failure("'\(high)' is below '\(low)'", at: place) }
        return (min, max)
    }

    // MARK: oneOf

    /// `oneOf` is a choice only where no value fits two branches; that must be plain to see.
    private func checkDisjoint(_ branches: [JSONValue], at place: String) throws(GrammarError) {
        guard branches.count <= 256 else {
            throw failure("'oneOf' has more than 256 branches", at: place)
        }
        var resolved: [Members] = []
        for branch in branches {
            var schema = branch
            for _ in 0..<Self.deepest {
                guard let reference = schema["$ref"] else { break }
                schema = try resolve(reference, at: place).0
            }
            guard case .object(let members) = schema else {
                throw failure("a branch of 'oneOf' is not an object", at: place)
            }
            resolved.append(members)
        }
        for i in resolved.indices {
            for j in resolved.indices where j > i {
                guard areDisjoint(resolved[i], resolved[j], depth: 0) else {
                    throw failure(
                        "branches \(i) and \(j) of 'oneOf' may allow the same value; use 'anyOf', "
                            + "or a property with different 'const' values", at: place)
                }
            }
        }
    }

    private func areDisjoint(_ a: Members, _ b: Members, depth: Int) -> Bool {
        func values(_ members: Members) -> [JSONValue]? {
            if let value = members["const"] { return [value] }
            return members["enum"]?.array
        }
        func types(_ members: Members) -> Set<String>? {
            if let values = values(members) {
                return Set(
                    Self.types.filter { type in values.contains { Self.fits($0, type: type) } })
            }
            var names: [String]?
            switch members["type"] {
            case .string(let name)?: names = [name]
            case .array(let list)?: names = list.compactMap(\.string)
            default: names = Self.inferred(members)
            }
            return names.map { Set($0.contains("number") ? $0 + ["integer"] : $0) }
        }
        if let x = types(a), let y = types(b), x.isDisjoint(with: y) { return true }
        if let x = values(a), let y = values(b) { return !x.contains(where: y.contains) }
        guard depth < 4, case .object(let x)? = a["properties"],
            case .object(let y)? = b["properties"]
        else { return false }
        let needed = { (members: Members) in
            Set((members["required"]?.array ?? []).compactMap(\.string))
        }
        return needed(a).intersection(needed(b)).contains { name in
            guard case .object(let left)? = x[name], case .object(let right)? = y[name] else {
                return false
            }
            return areDisjoint(left, right, depth: depth + 1)
        }
    }
}
