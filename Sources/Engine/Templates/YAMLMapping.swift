import ChatTemplates
import Yams

/// A mapping of a YAML file with typed, line-exact access.
struct YAMLMapping {
    let path: String
    let entries: [(key: String, node: Node)]
    private let mark: Mark?

    init(_ node: Node, path: String, what: String) throws {
        guard case .mapping(let mapping) = node else {
            throw EngineError.invalidFile(
                path: path, line: node.mark?.line, reason: "\(what) is expected here: key: value")
        }
        self.path = path
        mark = node.mark
        entries = try mapping.map { key, value in
            guard let name = key.string else {
                throw EngineError.invalidFile(
                    path: path, line: key.mark?.line, reason: "a key is expected to be text")
            }
            return (name, value)
        }
        keyLines = Dictionary(
            mapping.compactMap { key, _ in key.string.map { ($0, key.mark?.line) } },
            uniquingKeysWith: { first, _ in first })
    }

    private let keyLines: [String: Int?]

    func has(anyOf keys: [String]) -> Bool { entries.contains { keys.contains($0.key) } }

    /// Refuses the first key that is not among those known.
    func allow(_ known: [String]) throws {
        for (key, _) in entries where !known.contains(key) {
            let near = known.filter { Self.distance($0, key) <= 2 }
            let hint =
                near.first.map { "did you mean \($0)?" }
                ?? "known keys are \(known.joined(separator: ", "))"
            throw error(key, "unknown key \"\(key)\"; \(hint)")
        }
    }

    func error(_ key: String?, _ reason: String) -> EngineError {
        let line = key.flatMap { keyLines[$0] ?? nil } ?? mark?.line
        return .invalidFile(path: path, line: line, reason: reason)
    }

    /// The line of the first entry whose text holds a variable of this name.
    func line(containing variable: String) -> Int? {
        for (key, node) in entries
        where Self.texts(node).contains(where: {
            TemplateText($0).variables.contains(variable)
        }) {
            return keyLines[key] ?? nil
        }
        return nil
    }

    func node(_ key: String) -> Node? {
        guard let node = entries.first(where: { $0.key == key })?.node, node.null == nil else {
            return nil
        }
        return node
    }

    func string(_ key: String) throws -> String? {
        guard let node = node(key) else { return nil }
        guard let scalar = node.scalar else { throw error(key, "\(key) is expected to be text") }
        return scalar.string
    }

    func strings(_ key: String) throws -> [String] {
        try list(key).map {
            guard let scalar = $0.scalar else {
                throw error(key, "\(key) is expected to be a list of texts")
            }
            return scalar.string
        }
    }

    func list(_ key: String) throws -> [Node] {
        guard let node = node(key) else { return [] }
        guard case .sequence(let sequence) = node else {
            throw error(key, "\(key) is expected to be a list")
        }
        return Array(sequence)
    }

    func mapping(_ key: String) throws -> YAMLMapping? {
        guard let node = node(key) else { return nil }
        guard case .mapping = node else {
            throw error(key, "\(key) is expected to be a mapping (key: value)")
        }
        return try YAMLMapping(node, path: path, what: key)
    }

    func bool(_ key: String) throws -> Bool? {
        guard let node = node(key) else { return nil }
        guard let value = node.bool else {
            throw error(key, "\(key) is expected to be true or false")
        }
        return value
    }

    func number(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let node = node(key) else { return nil }
        guard let value = node.float ?? node.int.map(Double.init), range.contains(value) else {
            throw error(
                key,
                "\(key) is expected to be a number from \(Self.short(range.lowerBound)) to "
                    + Self.short(range.upperBound))
        }
        return value
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let node = node(key) else { return nil }
        guard let value = node.int, range.contains(value) else {
            throw error(
                key,
                "\(key) is expected to be a whole number from \(range.lowerBound) to "
                    + "\(range.upperBound)")
        }
        return value
    }

    private static func short(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }

    private static func texts(_ node: Node) -> [String] {
        switch node {
        case .scalar(let scalar): [scalar.string]
        case .sequence(let sequence): sequence.flatMap(texts)
        case .mapping(let mapping): mapping.flatMap { texts($0.value) }
        default: []
        }
    }

    /// Levenshtein distance, for the hint after a typing error.
    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        var row = Array(0...b.count)
        for i in a.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let next = min(row[j + 1] + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = next
            }
        }
        return row[b.count]
    }
}
