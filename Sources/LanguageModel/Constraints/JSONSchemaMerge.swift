import JSON
import OrderedCollections

/// Two schemas that must both hold, as one: for `allOf`, and for keywords beside `anyOf` and
/// `$ref`. The second is part of the first: it is not asked what the first lists.
enum JSONSchemaMerge {
    typealias Members = JSONSchemaGrammar.Members

    static func merge(
        _ a: Members, _ b: Members, at place: String, depth: Int = 0
    ) throws(GrammarError) -> Members {
        guard depth < JSONSchemaGrammar.deepest else {
            throw .schema(place: place, reason: "it is nested too deep")
        }
        // Two schemas of one property or item are both parts.
        let a = depth > 0 ? try closed(a, at: place) : a
        let b = try closed(b, at: place)
        var result = a
        for (keyword, value) in b {
            guard let other = result[keyword], other != value else {
                result[keyword] = value
                continue
            }
            func reject() -> GrammarError {
                .schema(
                    place: place,
                    reason: "'\(keyword)' has two values that cannot be combined")
            }
            switch keyword {
            case "title", "description", "default", "examples", "$comment", "$id", "$schema":
                continue
            case "properties":
                guard case .object(var merged) = other, case .object(let added) = value else {
                    throw reject()
                }
                for (name, schema) in added {
                    switch (merged[name], schema) {
                    case (nil, _), (.bool(true)?, _): merged[name] = schema
                    case (_, .bool(true)): continue
                    case (.object(let x)?, .object(let y)):
                        merged[name] = .object(
                            try merge(x, y, at: "\(place)/properties/\(name)", depth: depth + 1))
                    default: throw reject()
                    }
                }
                result[keyword] = .object(merged)
            case "$defs", "definitions":
                guard case .object(let x) = other, case .object(let y) = value else {
                    throw reject()
                }
                result[keyword] = .object(x.merging(y) { first, _ in first })
            case "required":
                guard case .array(let x) = other, case .array(let y) = value else { throw reject() }
                result[keyword] = .array(x + y.filter { !x.contains($0) })
            case "allOf":
                guard case .array(let x) = other, case .array(let y) = value else { throw reject() }
                result[keyword] = .array(x + y)
            case "enum":
                guard case .array(let x) = other, case .array(let y) = value else { throw reject() }
                result[keyword] = .array(x.filter(y.contains))
            case "type":
                let x = names(other)
                let y = names(value)
                var both = x.filter(y.contains)
                if x.contains("number"), y.contains("integer"), !both.contains("integer") {
                    both.append("integer")
                }
                if y.contains("number"), x.contains("integer"), !both.contains("integer") {
                    both.append("integer")
                }
                result[keyword] = .array(both.map { .string($0) })
            case "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties":
                guard let x = other.double, let y = value.double else { throw reject() }
                result[keyword] = x >= y ? other : value
            case "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties":
                guard let x = other.double, let y = value.double else { throw reject() }
                result[keyword] = x <= y ? other : value
            case "additionalProperties", "items":
                if case .bool(true) = other {
                    result[keyword] = value
                } else if case .bool(true) = value {
                    continue
                } else if case .object(let x) = other, case .object(let y) = value {
                    result[keyword] = .object(
                        try merge(x, y, at: "\(place)/\(keyword)", depth: depth + 1))
                } else if other == .bool(false) || value == .bool(false) {
                    result[keyword] = .bool(false)
                } else {
                    throw reject()
                }
            default: throw reject()
            }
        }
        // additionalProperties of one part looks at the properties of that part alone.
        for (one, other) in [(a, b), (b, a)] {
            guard let closed = one["additionalProperties"], closed != .bool(true) else { continue }
            if let patterns = other["patternProperties"], patterns != one["patternProperties"] {
                throw .schema(
                    place: place,
                    reason:
                        "'additionalProperties' of one part forbids 'patternProperties' of the other"
                )
            }
            let own = Set(one["properties"]?.object.map { Array($0.keys) } ?? [])
            let others = other["properties"]?.object.map { Array($0.keys) } ?? []
            if let outside = others.first(where: { !own.contains($0) }) {
                throw .schema(
                    place: place,
                    reason: "'additionalProperties' of one part forbids '\(outside)' of the other")
            }
        }
        return result
    }

    /// A part with its unevaluated properties and items as additional ones: of what is listed,
    /// it sees its own alone.
    private static func closed(_ part: Members, at place: String) throws(GrammarError) -> Members {
        var result = part
        for (unevaluated, keyword) in [
            ("unevaluatedProperties", "additionalProperties"), ("unevaluatedItems", "items"),
        ] {
            guard let schema = result.removeValue(forKey: unevaluated) else { continue }
            if let nested = ["allOf", "anyOf", "oneOf", "$ref"].first(where: { part[$0] != nil }) {
                throw .schema(
                    place: place,
                    reason: "'\(unevaluated)' beside '\(nested)' is not supported in a part")
            }
            if result[keyword] == nil { result[keyword] = schema }
        }
        return result
    }

    private static func names(_ value: JSONValue) -> [String] {
        value.string.map { [$0] } ?? (value.array ?? []).compactMap(\.string)
    }
}
