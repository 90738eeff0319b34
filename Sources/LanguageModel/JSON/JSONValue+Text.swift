extension JSONValue {
    /// The text that Python's `json.dumps(value, ensure_ascii=False)` gives: one line, `", "`
    /// and `": "` between, shortest numbers.
    public func pythonText() -> String {
        var result = ""
        write(to: &result)
        return result
    }

    private func write(to result: inout String) {
        switch self {
        case .null: result += "null"
        case .bool(let value): result += value ? "true" : "false"
        case .int(let value): result += String(value)
        case .double(let value): result += JinjaJSONWriter.number(value)
        case .string(let text): Self.quote(text, to: &result)
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
                Self.quote(name, to: &result)
                result += ": "
                value.write(to: &result)
            }
            result += "}"
        }
    }

    private static func quote(_ text: String, to result: inout String) {
        result += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        result += "\""
    }
}
