extension JSONValue {
    /// The text that Python's `json.dumps(value, ensure_ascii=False)` gives: one line, `", "`
    /// and `": "` between, shortest numbers.
    public var text: String {
        var result = ""
        write(to: &result)
        return result
    }

    private func write(to result: inout String) {
        switch self {
        case .null: result += "null"
        case .bool(let value): result += value ? "true" : "false"
        case .int(let value): result += String(value)
        case .double(let value): result += PythonNumber.json(value)
        case .string(let text): JSONEscape.append(text, to: &result)
        case .array(let items):
            result += "["
            for (index, item) in items.enumerated() {
                if index > 0 { result += ", " }
                item.write(to: &result)
            }
            result += "]"
        case .object(let members):
            result += "{"
            var isFirst = true
            for (name, value) in members {
                if !isFirst { result += ", " }
                isFirst = false
                JSONEscape.append(name, to: &result)
                result += ": "
                value.write(to: &result)
            }
            result += "}"
        }
    }
}
