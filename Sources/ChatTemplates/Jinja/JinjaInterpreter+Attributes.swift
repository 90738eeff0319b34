/// Attributes, as transformers' sandbox lets a template see them.
extension JinjaInterpreter {
    private static let dictMethods: Set<String> = [
        "copy", "fromkeys", "get", "items", "keys", "values",
    ]
    private static let dictMutators: Set<String> = [
        "clear", "pop", "popitem", "setdefault", "update",
    ]
    private static let listMethods: Set<String> = ["copy", "count", "index"]
    private static let listMutators: Set<String> = [
        "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
    ]
    /// Attributes of numbers that exist in Python and nobody's template reads.
    private static let numberAttributes: Set<String> = [
        "as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes",
        "fromhex", "hex", "imag", "is_integer", "numerator", "real", "to_bytes",
    ]

    /// `object.name`: the attribute first, then the item.
    ///
    /// - Parameter allowsItem: false where the item was looked for before.
    func attribute(
        _ name: String, of object: JinjaValue, allowsItem: Bool = true
    ) throws(ChatTemplateError) -> JinjaValue {
        if case .undefined(let undefined) = object { throw failure(undefined.reason) }
        if let known = try pythonAttribute(name, of: object) { return known }
        if allowsItem, case .dict(let dict) = object, let value = dict[name] { return value }
        if name.hasPrefix("__") {
            // Python has many of these; the sandbox hides them all.
            return forbidden(name, of: object)
        }
        return .undefined(
            JinjaUndefined(reason: "\(object.typeName) object has no attribute '\(name)'"))
    }

    private func forbidden(_ name: String, of object: JinjaValue) -> JinjaValue {
        .undefined(
            JinjaUndefined(
                reason: "the attribute '\(name)' of a \(object.typeName) is not allowed",
                isForbidden: true))
    }

    private func pythonAttribute(
        _ name: String, of object: JinjaValue
    ) throws(ChatTemplateError) -> JinjaValue? {
        func method() -> JinjaValue { .method(JinjaMethod(object, name)) }
        switch object {
        case .string:
            if JinjaStringMethods.names.contains(name) { return method() }
            if JinjaStringMethods.unsupported.contains(name) {
                throw unsupported("the string method '\(name)'")
            }
        case .dict:
            if Self.dictMethods.contains(name) { return method() }
            if Self.dictMutators.contains(name) { return forbidden(name, of: object) }
        case .list:
            if Self.listMethods.contains(name) { return method() }
            if Self.listMutators.contains(name) { return forbidden(name, of: object) }
        case .tuple(let items):
            if name == "count" || name == "index" { return method() }
            // The pairs of groupby are named; no other tuple in a template has two members
            // of which the second is a list under this name.
            if items.count == 2, case .list = items[1], name == "grouper" || name == "list" {
                return items[name == "grouper" ? 0 : 1]
            }
        case .int, .bool, .float:
            if Self.numberAttributes.contains(name) {
                throw unsupported("the attribute '\(name)' of a number")
            }
        case .range(let range):
            switch name {
            case "start": return .int(range.start)
            case "stop": return .int(range.stop)
            case "step": return .int(range.step)
            case "count", "index": return method()
            default: break
            }
        case .namespace(let namespace):
            return namespace.values[name]
        case .loop(let loop): return try attribute(name, of: loop)
        case .cycler(let cycler):
            switch name {
            case "current": return cycler.items[cycler.position]
            case "next", "reset": return method()
            default: break
            }
        case .macro(let value):
            switch name {
            case "name": return .text(value.macro.name)
            case "arguments":
                return .tuple(value.macro.signature.names.map { JinjaValue.text($0) })
            case "caller": return .bool(value.macro.usesCaller)
            case "catch_kwargs": return .bool(value.macro.usesKwargs)
            case "catch_varargs": return .bool(value.macro.usesVarargs)
            default: break
            }
        case .function(.dict) where name == "fromkeys": return method()
        default: break
        }
        return nil
    }

    // MARK: Methods

    func call(_ method: JinjaMethod, _ given: inout JinjaCall) throws(ChatTemplateError)
        -> JinjaValue
    {
        switch method.receiver {
        case .string(let text): return try call(method.name, of: text, &given)
        case .dict(let dict): return try call(method.name, of: dict, &given)
        case .list(let list): return try call(method.name, of: list.items, &given, isList: true)
        case .tuple(let items): return try call(method.name, of: items, &given, isList: false)
        case .range:
            let items = try elements(method.receiver)
            return try call(method.name, of: items, &given, isList: false)
        case .loop(let loop): return try call(method.name, of: loop, &given)
        case .cycler(let cycler):
            try finish(given, of: "\(method.name)()")
            let current = cycler.items[cycler.position]
            if method.name == "reset" {
                cycler.position = 0
                return .none
            }
            cycler.position = (cycler.position + 1) % cycler.items.count
            return current
        case .function: return try fromKeys(&given)
        default: throw failure("a \(method.receiver.typeName) cannot be called")
        }
    }

    private func call(
        _ name: String, of dict: JinjaDict, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue {
        switch name {
        case "get":
            guard !given.positional.isEmpty else { throw failure("get() needs a key") }
            let key = given.positional.removeFirst()
            let fallback = given.positional.isEmpty ? .none : given.positional.removeFirst()
            try finish(given, of: "get()")
            return dict[try hashed(key)] ?? fallback
        case "fromkeys": return try fromKeys(&given)
        case "copy":
            try finish(given, of: "copy()")
            return .dict(dict)
        default:
            try finish(given, of: "\(name)()")
            return .view(JinjaView(dict: dict, kind: JinjaView.Kind(rawValue: name) ?? .items))
        }
    }

    private func fromKeys(_ given: inout JinjaCall) throws(ChatTemplateError) -> JinjaValue {
        guard let keys = given.take("iterable") else { throw failure("fromkeys() needs keys") }
        let value = given.take("value") ?? .none
        try finish(given, of: "fromkeys()")
        let dict = JinjaDict()
        for key in try elements(keys) {
            try spend()
            dict.set(try hashed(key), value, spelled: key)
        }
        return .dict(dict)
    }

    private func call(
        _ name: String, of items: [JinjaValue], _ given: inout JinjaCall, isList: Bool
    ) throws(ChatTemplateError) -> JinjaValue {
        if name == "copy" {
            try finish(given, of: "copy()")
            return .list(items)
        }
        guard !given.positional.isEmpty else { throw failure("\(name)() needs a value") }
        let value = given.positional.removeFirst()
        try spend(items.count)
        if name == "count" {
            try finish(given, of: "count()")
            return .int(items.count { JinjaValue.areEqual($0, value) })
        }
        let bounds = given.positional.compactMap(\.index)
        guard bounds.count == given.positional.count, bounds.count <= 2, given.keyword.isEmpty
        else { throw failure("index() takes a value and two integers") }
        let slice = JinjaSlice(bounds.first, bounds.count > 1 ? bounds[1] : nil, nil)
        let places = slice?.indices(items.count) ?? JinjaRange(start: 0, stop: 0, step: 1)
        for place in 0..<places.count
        where JinjaValue.areEqual(items[places[place]], value) {
            return .int(places[place])
        }
        throw failure("index() does not find the value")
    }

    private func call(
        _ name: String, of loop: JinjaLoopState, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue {
        guard given.keyword.isEmpty else {
            try finish(given, of: "\(name)()")
            return .none
        }
        if name == "cycle" {
            guard !given.positional.isEmpty else { throw failure("cycle() needs an item") }
            return given.positional[loop.index0 % given.positional.count]
        }
        let value = given.positional
        if let last = loop.lastChanged, last.count == value.count,
            zip(last, value).allSatisfy({ JinjaValue.areEqual($0, $1) })
        {
            return .bool(false)
        }
        loop.lastChanged = value
        return .bool(true)
    }
}
