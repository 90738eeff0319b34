import JSON

/// `tojson` as transformers defines it: Python's `json.dumps` with `ensure_ascii=False`.
struct JinjaJSONWriter {
    var ensuresASCII = false
    /// What one level is indented by; nil writes one line.
    var indent: TemplateText?
    var itemSeparator = TemplateText(", ")
    var keySeparator = TemplateText(": ")
    var sortsKeys = false

    func write(
        _ value: JinjaValue, with interpreter: JinjaInterpreter
    ) throws(ChatTemplateError) -> TemplateText {
        var result = TemplateText()
        try write(value, to: &result, level: 0, interpreter)
        return result
    }

    private func write(
        _ value: JinjaValue, to result: inout TemplateText, level: Int,
        _ interpreter: JinjaInterpreter
    ) throws(ChatTemplateError) {
        try interpreter.enter()
        defer { interpreter.leave() }
        try interpreter.spend()
        switch value {
        case .none: result.append("null")
        case .bool(let value): result.append(value ? "true" : "false")
        case .int(let value): result.append(String(value))
        case .float(let value): result.append(PythonNumber.json(value))
        case .string(let text):
            try interpreter.spend(making: result.count + text.count)
            result.append(quote(text))
        case .list(let list):
            try write(list.items, to: &result, level: level, interpreter)
        case .tuple(let items):
            try write(items, to: &result, level: level, interpreter)
        case .dict(let dict):
            try write(dict, to: &result, level: level, interpreter)
        default:
            if case .undefined(let undefined) = value {
                throw interpreter.failure("\(undefined.reason), so it cannot be written as JSON")
            }
            throw interpreter.failure("a \(value.typeName) cannot be written as JSON")
        }
    }

    private func newline(_ result: inout TemplateText, level: Int) {
        guard let indent else { return }
        result.append("\n", isTrusted: true)
        for _ in 0..<level { result.append(indent) }
    }

    private func write(
        _ items: [JinjaValue], to result: inout TemplateText, level: Int,
        _ interpreter: JinjaInterpreter
    ) throws(ChatTemplateError) {
        guard !items.isEmpty else { return result.append("[]") }
        result.append("[", isTrusted: true)
        for (index, item) in items.enumerated() {
            if index > 0 { result.append(itemSeparator) }
            newline(&result, level: level + 1)
            try write(item, to: &result, level: level + 1, interpreter)
        }
        newline(&result, level: level)
        result.append("]", isTrusted: true)
    }

    private func write(
        _ dict: JinjaDict, to result: inout TemplateText, level: Int,
        _ interpreter: JinjaInterpreter
    ) throws(ChatTemplateError) {
        guard dict.count > 0 else { return result.append("{}") }
        var order = Array(0..<dict.count)
        if sortsKeys {
            for index in order {
                _ = try interpreter.order(dict.keys[0], dict.keys[index])
            }
            order = order.sorted { JinjaValue.compare(dict.keys[$0], dict.keys[$1]) ?? 0 < 0 }
        }
        result.append("{", isTrusted: true)
        for (place, index) in order.enumerated() {
            if place > 0 { result.append(itemSeparator) }
            newline(&result, level: level + 1)
            result.append(try key(dict.keys[index], interpreter))
            result.append(keySeparator)
            try write(dict.values[index], to: &result, level: level + 1, interpreter)
        }
        newline(&result, level: level)
        result.append("}", isTrusted: true)
    }

    private func key(
        _ key: JinjaValue, _ interpreter: JinjaInterpreter
    ) throws(ChatTemplateError) -> TemplateText {
        switch key {
        case .string(let text): return quote(text)
        case .none: return TemplateText("\"null\"")
        case .bool(let value): return TemplateText(value ? "\"true\"" : "\"false\"")
        case .int(let value): return TemplateText("\"\(value)\"")
        case .float(let value): return TemplateText("\"\(PythonNumber.json(value))\"")
        default: throw interpreter.failure("a \(key.typeName) cannot be a key in JSON")
        }
    }

    private func quote(_ text: TemplateText) -> TemplateText {
        var result = TemplateText("\"")
        result.append(text.replacing(escape))
        result.append("\"", isTrusted: true)
        return result
    }

    private func escape(_ scalar: Unicode.Scalar) -> String? {
        if let escape = JSONEscape.text(for: scalar) { return escape }
        guard ensuresASCII, scalar.value > 0x7F else { return nil }
        return UTF16.encode(scalar)!.map(JSONEscape.unit).joined()
    }
}
