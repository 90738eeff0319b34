/// What an expression of a template gives: Python's types, as far as templates meet them.
///
/// Lists and mappings never change once made (transformers' sandbox forbids it), so they may
/// be shared; only namespaces, iterators, cyclers and joiners have state.
enum JinjaValue {
    case undefined(JinjaUndefined)
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(TemplateText)
    case list(JinjaList)
    case tuple([JinjaValue])
    case dict(JinjaDict)
    case view(JinjaView)
    case range(JinjaRange)
    case iterator(JinjaIterator)
    case namespace(JinjaNamespace)
    case macro(JinjaMacroValue)
    case method(JinjaMethod)
    case function(JinjaFunction)
    case loop(JinjaLoopState)
    case cycler(JinjaCycler)
    case joiner(JinjaJoiner)

    static func text(_ string: String) -> JinjaValue { .string(TemplateText(string)) }

    static func list(_ items: [JinjaValue]) -> JinjaValue { .list(JinjaList(items)) }
}

/// A value that is not there, and why.
struct JinjaUndefined {
    var reason: String
    /// Set where the sandbox, not absence, is the reason.
    var isForbidden = false
    /// Set where a scope assigns the name, but has not yet.
    var isUnassigned = false
}

final class JinjaList {
    let items: [JinjaValue]

    init(_ items: [JinjaValue]) { self.items = items }
}

/// A key of a mapping. Numbers that are equal are one key, as in Python.
enum JinjaKey: Hashable {
    case undefined
    case none
    case int(Int)
    case float(Double)
    case string(TemplateText)
    case tuple([JinjaKey])

    /// Nil for what Python cannot hash.
    init?(_ value: JinjaValue) {
        switch value {
        case .undefined: self = .undefined
        case .none: self = .none
        case .bool(let value): self = .int(value ? 1 : 0)
        case .int(let value): self = .int(value)
        case .float(let value):
            if let whole = Int(exactly: value) { self = .int(whole) } else { self = .float(value) }
        case .string(let text): self = .string(text)
        case .tuple(let items):
            var keys: [JinjaKey] = []
            for item in items {
                guard let key = JinjaKey(item) else { return nil }
                keys.append(key)
            }
            self = .tuple(keys)
        default: return nil
        }
    }
}

/// A mapping that keeps the order of its keys.
final class JinjaDict {
    private(set) var keys: [JinjaValue] = []
    private(set) var values: [JinjaValue] = []
    private var places: [JinjaKey: Int] = [:]

    init() {}

    var count: Int { keys.count }

    /// While the mapping is being made; the last of equal keys gives the value.
    func set(_ key: JinjaKey, _ value: JinjaValue, spelled: JinjaValue) {
        if let place = places[key] {
            values[place] = value
        } else {
            places[key] = keys.count
            keys.append(spelled)
            values.append(value)
        }
    }

    func set(_ name: TemplateText, _ value: JinjaValue) {
        set(.string(name), value, spelled: .string(name))
    }

    subscript(key: JinjaKey) -> JinjaValue? { places[key].map { values[$0] } }

    subscript(name: String) -> JinjaValue? { self[.string(TemplateText(name))] }

    func contains(_ key: JinjaKey) -> Bool { places[key] != nil }

    func item(at index: Int) -> JinjaValue { .tuple([keys[index], values[index]]) }

    /// How many values it holds, at any depth, and the characters of their text.
    var size: (values: Int, characters: Int) { JinjaValue.size(keys, JinjaValue.size(values)) }
}

extension JinjaValue {
    fileprivate static func size(
        _ items: [JinjaValue], _ start: (values: Int, characters: Int) = (0, 0)
    ) -> (values: Int, characters: Int) {
        items.reduce(into: start) { total, item in
            total.values += 1
            switch item {
            case .string(let text): total.characters += text.count
            case .list(let list): total = size(list.items, total)
            case .dict(let dict): total = size(dict.keys, size(dict.values, total))
            default: break
            }
        }
    }
}

/// What `keys()`, `values()` and `items()` give.
struct JinjaView {
    enum Kind: String { case keys, values, items }

    var dict: JinjaDict
    var kind: Kind

    var elements: [JinjaValue] {
        switch kind {
        case .keys: dict.keys
        case .values: dict.values
        case .items: dict.keys.indices.map(dict.item)
        }
    }
}

struct JinjaRange {
    var start: Int
    var stop: Int
    var step: Int

    var count: Int {
        if step > 0 { return stop > start ? (stop - start - 1) / step + 1 : 0 }
        return start > stop ? (start - stop - 1) / -step + 1 : 0
    }

    subscript(index: Int) -> Int { start + index * step }
}

/// A generator: gives its values once, computed when they are asked for.
final class JinjaIterator {
    private var advance: () throws(ChatTemplateError) -> JinjaValue?

    init(_ advance: @escaping () throws(ChatTemplateError) -> JinjaValue?) {
        self.advance = advance
    }

    convenience init(_ items: [JinjaValue]) {
        var index = 0
        self.init { () throws(ChatTemplateError) in
            guard index < items.count else { return nil }
            index += 1
            return items[index - 1]
        }
    }

    /// An iterator that is made when its first value is asked for: what is wrong with a
    /// generator's input shows only then.
    static func lazy(
        _ make: @escaping () throws(ChatTemplateError) -> JinjaIterator
    ) -> JinjaIterator {
        var made: JinjaIterator?
        return JinjaIterator { () throws(ChatTemplateError) in
            let iterator: JinjaIterator
            if let made { iterator = made } else { iterator = try make() }
            made = iterator
            return try iterator.next()
        }
    }

    func next() throws(ChatTemplateError) -> JinjaValue? { try advance() }
}

final class JinjaNamespace {
    var values = JinjaDict()
}

final class JinjaCycler {
    let items: [JinjaValue]
    var position = 0

    init(_ items: [JinjaValue]) { self.items = items }
}

final class JinjaJoiner {
    let separator: JinjaValue
    var isUsed = false

    init(_ separator: JinjaValue) { self.separator = separator }
}

/// A macro with the variables it was defined among.
final class JinjaMacroValue {
    let macro: JinjaMacro
    let scope: JinjaScope

    init(_ macro: JinjaMacro, scope: JinjaScope) {
        self.macro = macro
        self.scope = scope
    }
}

/// A method of a value, not yet called.
final class JinjaMethod {
    let receiver: JinjaValue
    let name: String

    init(_ receiver: JinjaValue, _ name: String) {
        self.receiver = receiver
        self.name = name
    }
}

/// The functions every template sees.
enum JinjaFunction: String, CaseIterable {
    case range, dict, lipsum, cycler, joiner, namespace
    case raiseException = "raise_exception"
    case strftimeNow = "strftime_now"
}

/// Names and their values; a name that is not here may be in a scope around this one.
final class JinjaScope {
    private var values: [String: JinjaValue] = [:]
    let parent: JinjaScope?
    /// Whether what is around it is only known by its values, as it is to a named block.
    let isBlock: Bool

    init(parent: JinjaScope?, isBlock: Bool = false) {
        self.parent = parent
        self.isBlock = isBlock
    }

    func set(_ name: String, _ value: JinjaValue) { values[name] = value }

    func lookup(_ name: String) -> JinjaValue? {
        var scope: JinjaScope? = self
        var isInBlock = false
        while let current = scope {
            if let value = current.values[name] {
                guard isInBlock, case .undefined(let undefined) = value, undefined.isUnassigned
                else { return value }
            }
            isInBlock = isInBlock || current.isBlock
            scope = current.parent
        }
        return nil
    }
}

/// The `loop` of a running for statement.
final class JinjaLoopState {
    let loop: JinjaLoop
    let scope: JinjaScope
    let depth0: Int
    var index0 = -1
    private var source: JinjaIterator
    private var knownCount: Int?
    private var ahead: JinjaValue?
    private(set) var previous: JinjaValue?
    private var current: JinjaValue?
    var lastChanged: [JinjaValue]?

    init(_ loop: JinjaLoop, scope: JinjaScope, depth0: Int, source: JinjaIterator, count: Int?) {
        self.loop = loop
        self.scope = scope
        self.depth0 = depth0
        self.source = source
        knownCount = count
    }

    func advance() throws(ChatTemplateError) -> JinjaValue? {
        let item: JinjaValue?
        if let waiting = ahead {
            item = waiting
            ahead = nil
        } else {
            item = try source.next()
        }
        guard let item else { return nil }
        index0 += 1
        previous = current
        current = item
        return item
    }

    func peek() throws(ChatTemplateError) -> JinjaValue? {
        if ahead == nil { ahead = try source.next() }
        return ahead
    }

    /// Reads a generator to its end to count it.
    func count() throws(ChatTemplateError) -> Int {
        if let knownCount { return knownCount }
        var rest: [JinjaValue] = []
        while let item = try source.next() { rest.append(item) }
        source = JinjaIterator(rest)
        let total = rest.count + index0 + 1 + (ahead == nil ? 0 : 1)
        knownCount = total
        return total
    }
}
