/// How the characters of a string are written in JSON text.
public enum JSONEscape {
    /// What stands for a character that JSON does not allow as it is; nil for all others.
    public static func text(for scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case "\u{08}": "\\b"
        case "\u{0C}": "\\f"
        default: scalar.value < 0x20 ? unit(UInt16(scalar.value)) : nil
        }
    }

    /// A UTF-16 unit by its number.
    public static func unit(_ value: UInt16) -> String {
        let hex = String(value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    }

    /// Appends a string with its quotes.
    ///
    /// - Parameter also: characters that JSON allows and the reader does not.
    public static func append(
        _ string: String, to result: inout String,
        also: (Unicode.Scalar) -> Bool = { _ in false }
    ) {
        result += "\""
        for scalar in string.unicodeScalars {
            if let escape = text(for: scalar) {
                result += escape
            } else if also(scalar) {
                for value in UTF16.encode(scalar)! { result += unit(value) }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        result += "\""
    }
}
