import Foundation
import JSON

/// Runs a template once. Not shared: it holds the output and the counts of what was spent.
final class JinjaInterpreter {
    let source: [Unicode.Scalar]
    let limits: ChatTemplate.Limits
    let now: () -> Date
    /// Steps that this context allows.
    let allowance: Int
    /// Where the operation at hand stands in the template, for its error.
    var offset = 0
    private(set) var steps = 0
    private var depth = 0
    var output = TemplateText()
    let root: JinjaScope

    /// - Parameter variables: what the caller gives the template.
    init(
        source: [Unicode.Scalar], variables: JinjaDict, limits: ChatTemplate.Limits,
        now: @escaping () -> Date
    ) {
        self.source = source
        self.limits = limits
        self.now = now
        let size = variables.size
        allowance =
            limits.steps + limits.stepsPerValue * size.values
            + limits.stepsPerCharacter * size.characters
        let globals = JinjaScope(parent: nil)
        for function in JinjaFunction.allCases {
            globals.set(function.rawValue, .function(function))
        }
        let context = JinjaScope(parent: globals)
        for (key, value) in zip(variables.keys, variables.values) {
            if case .string(let name) = key { context.set(name.string, value) }
        }
        root = JinjaScope(parent: context)
    }

    // MARK: Errors and limits

    func failure(_ reason: String) -> ChatTemplateError {
        .failed(JinjaPosition.locate(offset, in: source), reason)
    }

    func unsupported(_ feature: String) -> ChatTemplateError {
        .unsupported(JinjaPosition.locate(offset, in: source), feature)
    }

    func limit(_ reason: String) -> ChatTemplateError {
        .limit(JinjaPosition.locate(offset, in: source), reason)
    }

    /// Counts work: one for a node, and one for every few characters or elements made.
    func spend(_ amount: Int = 1) throws(ChatTemplateError) {
        steps += amount
        if steps > allowance { throw limit("it takes more than \(allowance) steps") }
    }

    /// Counts a text before it is made.
    func spend(making characters: Int) throws(ChatTemplateError) {
        try spend(characters, each: 16)
    }

    /// Counts the elements of a list before they are laid out; not what they hold.
    func spend(listing elements: Int) throws(ChatTemplateError) {
        try spend(elements, each: 2)
    }

    private func spend(_ count: Int, each: Int) throws(ChatTemplateError) {
        guard count <= limits.characters else {
            throw limit("it makes a value of more than \(limits.characters) elements")
        }
        try spend(count / each)
    }

    func enter() throws(ChatTemplateError) {
        depth += 1
        if depth > limits.depth {
            throw limit("it is nested or calls itself more than \(limits.depth) deep")
        }
    }

    func leave() { depth -= 1 }

    // MARK: Output

    func write(_ text: TemplateText) throws(ChatTemplateError) {
        try spend(text.count / 16)
        guard output.count + text.count <= limits.characters else {
            throw limit("its text is longer than \(limits.characters) characters")
        }
        output.append(text)
    }

    /// What a piece of the template writes, kept apart.
    func capture(
        _ body: () throws(ChatTemplateError) -> Void
    ) throws(ChatTemplateError) -> TemplateText {
        let outer = output
        output = TemplateText()
        defer { output = outer }
        try body()
        return output
    }

    // MARK: Iteration

    /// Python's `iter`.
    func iterate(_ value: JinjaValue) throws(ChatTemplateError) -> JinjaIterator {
        if case .iterator(let iterator) = value { return iterator }
        if case .range(let range) = value {
            var index = 0
            return JinjaIterator { () throws(ChatTemplateError) in
                guard index < range.count else { return nil }
                index += 1
                return .int(range[index - 1])
            }
        }
        return JinjaIterator(try elements(value))
    }

    /// Every element at once.
    func elements(_ value: JinjaValue) throws(ChatTemplateError) -> [JinjaValue] {
        switch value {
        case .undefined(let undefined):
            if undefined.isForbidden { throw failure(undefined.reason) }
            return []
        case .string(let text):
            // Each is a text of its own.
            try spend(text.count)
            let plain = text.plain
            return (0..<text.count).map { .string(plain[$0]) }
        case .list(let list): return list.items
        case .tuple(let items): return items
        case .dict(let dict): return dict.keys
        case .view(let view):
            try spend(view.dict.count)
            return view.elements
        case .range(let range):
            try spend(listing: range.count)
            return (0..<range.count).map { .int(range[$0]) }
        case .iterator(let iterator):
            var result: [JinjaValue] = []
            while let item = try iterator.next() {
                try spend()
                guard result.count < limits.characters else {
                    throw limit("it makes a list of more than \(limits.characters) elements")
                }
                result.append(item)
            }
            return result
        default: throw failure("a \(value.typeName) cannot be iterated over")
        }
    }

    func isIterable(_ value: JinjaValue) -> Bool {
        switch value {
        case .undefined, .string, .list, .tuple, .dict, .view, .range, .iterator, .loop: true
        default: false
        }
    }

    /// Python's `len`; nil where a value has none.
    func count(_ value: JinjaValue) throws(ChatTemplateError) -> Int? {
        switch value {
        case .undefined: 0
        case .string(let text): text.count
        case .list(let list): list.items.count
        case .tuple(let items): items.count
        case .dict(let dict): dict.count
        case .view(let view): view.dict.count
        case .range(let range): range.count
        case .loop(let loop): try loop.count()
        default: nil
        }
    }

    // MARK: Text of values

    /// Python's `str`.
    func string(_ value: JinjaValue) throws(ChatTemplateError) -> TemplateText {
        if case .string(let text) = value { return text }
        if case .undefined = value { return TemplateText() }
        return try repr(value)
    }

    /// Python's `repr`.
    func repr(_ value: JinjaValue) throws(ChatTemplateError) -> TemplateText {
        try enter()
        defer { leave() }
        try spend()
        switch value {
        case .undefined: return TemplateText("Undefined")
        case .none: return TemplateText("None")
        case .bool(let value): return TemplateText(value ? "True" : "False")
        case .int(let value): return TemplateText(String(value))
        case .float(let value): return TemplateText(PythonNumber.repr(value))
        case .string(let text):
            try spend(making: text.count)
            guard text.isMarkup else { return PythonText.repr(text) }
            var result = TemplateText("Markup(")
            result.append(PythonText.repr(text))
            result.append(")")
            return result
        case .list(let list): return try repr(list.items, "[", "]")
        case .tuple(let items): return try repr(items, "(", items.count == 1 ? ",)" : ")")
        case .dict(let dict): return try repr(dict)
        case .view(let view):
            return try repr(view.elements, "dict_\(view.kind.rawValue)([", "])")
        case .range(let range):
            let step = range.step == 1 ? "" : ", \(range.step)"
            return TemplateText("range(\(range.start), \(range.stop)\(step))")
        case .namespace(let namespace):
            var result = TemplateText("<Namespace ")
            result.append(try repr(namespace.values))
            result.append(">")
            return result
        case .macro(let value): return TemplateText("<Macro '\(value.macro.name)'>")
        case .loop(let loop):
            return TemplateText("<LoopContext \(loop.index0 + 1)/\(try loop.count())>")
        case .iterator, .method, .function, .cycler, .joiner:
            // Python prints an address here; no template means to.
            throw unsupported("printing a \(value.typeName)")
        }
    }

    private func repr(
        _ items: [JinjaValue], _ open: String, _ close: String
    ) throws(ChatTemplateError) -> TemplateText {
        var result = TemplateText(open)
        for (index, item) in items.enumerated() {
            if index > 0 { result.append(", ") }
            result.append(try repr(item))
        }
        result.append(close)
        return result
    }

    private func repr(_ dict: JinjaDict) throws(ChatTemplateError) -> TemplateText {
        var result = TemplateText("{")
        for index in 0..<dict.count {
            if index > 0 { result.append(", ") }
            result.append(try repr(dict.keys[index]))
            result.append(": ")
            result.append(try repr(dict.values[index]))
        }
        result.append("}")
        return result
    }
}
