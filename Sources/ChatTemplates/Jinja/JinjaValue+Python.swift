/// Truth, equality, order and spelling, as Python has them.
extension JinjaValue {
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .float(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let list): !list.items.isEmpty
        case .tuple(let items): !items.isEmpty
        case .dict(let dict): dict.count > 0
        case .view(let view): view.dict.count > 0
        case .range(let range): range.count > 0
        case .iterator, .namespace, .macro, .method, .function, .loop, .cycler, .joiner: true
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    var isNone: Bool { if case .none = self { true } else { false } }

    /// The type's name in messages.
    var typeName: String {
        switch self {
        case .undefined: "undefined"
        case .none: "none"
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .string: "str"
        case .list: "list"
        case .tuple: "tuple"
        case .dict: "dict"
        case .view(let view): "dict_\(view.kind.rawValue)"
        case .range: "range"
        case .iterator: "generator"
        case .namespace: "namespace"
        case .macro: "macro"
        case .method: "method"
        case .function: "function"
        case .loop: "loop"
        case .cycler: "cycler"
        case .joiner: "joiner"
        }
    }

    /// A number, with booleans as 0 and 1.
    var number: JinjaNumber? {
        switch self {
        case .bool(let value): .int(value ? 1 : 0)
        case .int(let value): .int(value)
        case .float(let value): .float(value)
        default: nil
        }
    }

    /// An integer where Python takes one as an index or a count.
    var index: Int? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .int(let value): value
        default: nil
        }
    }

    static func areEqual(_ a: JinjaValue, _ b: JinjaValue) -> Bool {
        if let x = a.number, let y = b.number { return JinjaNumber.compare(x, y) == 0 }
        switch (a, b) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let x), .string(let y)): return x == y
        case (.list(let x), .list(let y)): return x === y || areEqual(x.items, y.items)
        case (.tuple(let x), .tuple(let y)): return areEqual(x, y)
        case (.dict(let x), .dict(let y)):
            if x === y { return true }
            guard x.count == y.count else { return false }
            for (place, key) in x.keys.enumerated() {
                guard let hashed = JinjaKey(key), let other = y[hashed],
                    areEqual(x.values[place], other)
                else { return false }
            }
            return true
        case (.range(let x), .range(let y)):
            return x.count == y.count
                && (x.count == 0 || (x.start == y.start && (x.count == 1 || x.step == y.step)))
        case (.view(let x), .view(let y)):
            guard x.kind == y.kind, x.kind != .values else { return x.dict === y.dict }
            return x.dict.count == y.dict.count
                && x.elements.allSatisfy { element in
                    y.elements.contains { areEqual(element, $0) }
                }
        default: return areIdentical(a, b)
        }
    }

    private static func areEqual(_ a: [JinjaValue], _ b: [JinjaValue]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { areEqual($0, $1) }
    }

    /// Python's `is`, for the objects where a template can tell.
    static func areIdentical(_ a: JinjaValue, _ b: JinjaValue) -> Bool {
        switch (a, b) {
        case (.none, .none): true
        case (.bool(let x), .bool(let y)): x == y
        case (.int(let x), .int(let y)): x == y
        case (.float(let x), .float(let y)): x == y
        case (.string(let x), .string(let y)): x == y
        case (.list(let x), .list(let y)): x === y
        case (.dict(let x), .dict(let y)): x === y
        case (.iterator(let x), .iterator(let y)): x === y
        case (.namespace(let x), .namespace(let y)): x === y
        case (.macro(let x), .macro(let y)): x === y
        case (.loop(let x), .loop(let y)): x === y
        case (.cycler(let x), .cycler(let y)): x === y
        case (.joiner(let x), .joiner(let y)): x === y
        case (.function(let x), .function(let y)): x == y
        default: false
        }
    }

    /// Negative, zero or positive; nil where Python has no order (or it is NaN).
    static func compare(_ a: JinjaValue, _ b: JinjaValue) -> Int? {
        if let x = a.number, let y = b.number { return JinjaNumber.compare(x, y) }
        switch (a, b) {
        case (.string(let x), .string(let y)):
            for (left, right) in zip(x.scalars, y.scalars) where left != right {
                return left < right ? -1 : 1
            }
            return x.count - y.count
        case (.list(let x), .list(let y)): return compare(x.items, y.items)
        case (.tuple(let x), .tuple(let y)): return compare(x, y)
        default: return nil
        }
    }

    private static func compare(_ a: [JinjaValue], _ b: [JinjaValue]) -> Int? {
        for (x, y) in zip(a, b) where !areEqual(x, y) { return compare(x, y) }
        return a.count - b.count
    }
}

/// A number of either kind.
enum JinjaNumber {
    case int(Int)
    case float(Double)

    var double: Double {
        switch self {
        case .int(let value): Double(value)
        case .float(let value): value
        }
    }

    /// Exact also where an integer has no exact floating-point value; nil for NaN.
    static func compare(_ a: JinjaNumber, _ b: JinjaNumber) -> Int? {
        switch (a, b) {
        case (.int(let x), .int(let y)): return x < y ? -1 : x > y ? 1 : 0
        case (.float(let x), .float(let y)):
            return x < y ? -1 : x > y ? 1 : x == y ? 0 : nil
        case (.float, .int): return compare(b, a).map { -$0 }
        case (.int(let x), .float(let y)):
            if y.isNaN { return nil }
            if y >= 0x1p63 { return -1 }
            if y < -0x1p63 { return 1 }
            let whole = Int(y.rounded(.towardZero))
            if x != whole { return x < whole ? -1 : 1 }
            let rest = y - y.rounded(.towardZero)
            return rest > 0 ? -1 : rest < 0 ? 1 : 0
        }
    }
}
