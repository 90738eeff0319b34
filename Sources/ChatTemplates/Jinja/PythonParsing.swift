import Foundation

/// Python's conversions between numbers and text.
enum PythonParsing {
    /// Jinja's `int` filter; nil asks for the default.
    static func int(
        _ value: JinjaValue, base: Int, _ interpreter: JinjaInterpreter
    ) throws(ChatTemplateError) -> JinjaValue? {
        switch value {
        case .undefined(let undefined): throw interpreter.failure(undefined.reason)
        case .bool(let value): return .int(value ? 1 : 0)
        case .int: return value
        case .float(let number): return try whole(number, interpreter)
        case .string(let text):
            if let number = integer(text, base: base) { return .int(number) }
            guard let number = float(text) else { return nil }
            return try whole(number, interpreter)
        default: return nil
        }
    }

    private static func whole(
        _ number: Double, _ interpreter: JinjaInterpreter
    ) throws(ChatTemplateError) -> JinjaValue? {
        guard number.isFinite else { return nil }
        guard let whole = Int(exactly: number.rounded(.towardZero)) else {
            throw interpreter.limit("a number does not fit in 64 bits")
        }
        return .int(whole)
    }

    private static func stripped(_ text: TemplateText) -> Substring {
        var scalars = text.scalars[...]
        while let first = scalars.first, PythonText.isSpace(first) { scalars.removeFirst() }
        while let last = scalars.last, PythonText.isSpace(last) { scalars.removeLast() }
        return Substring(TemplateText(Array(scalars)).string)
    }

    /// Digits may be parted by single underscores.
    private static func withoutSeparators(_ text: Substring) -> String? {
        var result = ""
        var previous: Character = "_"
        for character in text {
            if character == "_" {
                guard previous.isHexDigit else { return nil }
            } else {
                if previous == "_", !result.isEmpty, !character.isHexDigit { return nil }
                result.append(character)
            }
            previous = character
        }
        return previous == "_" && !text.isEmpty ? nil : result
    }

    private static func integer(_ text: TemplateText, base: Int) -> Int? {
        guard (2...36).contains(base), let plain = withoutSeparators(stripped(text)),
            plain.unicodeScalars.allSatisfy(\.isASCII)
        else { return nil }
        var digits = Substring(plain)
        var sign = ""
        if let first = digits.first, first == "-" || first == "+" {
            sign = first == "-" ? "-" : ""
            digits.removeFirst()
        }
        let prefixes = [2: "0b", 8: "0o", 16: "0x"]
        if let prefix = prefixes[base], digits.lowercased().hasPrefix(prefix) {
            digits = digits.dropFirst(2)
        }
        guard let first = digits.first, first != "-", first != "+" else { return nil }
        return Int(sign + digits, radix: base)
    }

    static func float(_ text: TemplateText) -> Double? {
        guard let plain = withoutSeparators(stripped(text)), !plain.isEmpty else { return nil }
        switch plain.lowercased() {
        case "nan", "+nan", "-nan": return .nan
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: break
        }
        // Swift also reads hexadecimal floats and "nan(…)", which Python does not.
        guard plain.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) })
        else { return nil }
        // Python reads "5." and ".5".
        var padded = plain
        if padded.hasSuffix(".") { padded += "0" }
        padded = padded.replacingOccurrences(of: ".e", with: ".0e")
            .replacingOccurrences(of: ".E", with: ".0E")
        for prefix in [".", "+.", "-."] where padded.hasPrefix(prefix) {
            padded = prefix.dropLast() + "0" + padded.dropFirst(prefix.count - 1)
        }
        return plain.contains(where: \.isNumber) ? Double(padded) : nil
    }

    /// Python's `round(float, digits)`: to the decimal that is nearest to the exact value.
    static func round(_ value: Double, _ digits: Int) -> Double {
        guard value.isFinite, value != 0, digits < 330 else { return value }
        if digits >= 0 { return Double(String(format: "%.\(digits)f", value)) ?? value }
        let unit = pow(10.0, Double(-digits))
        return (value / unit).rounded(.toNearestOrEven) * unit
    }

    static func fileSize(_ bytes: Double, isBinary: Bool) -> String {
        let base = isBinary ? 1024.0 : 1000.0
        if bytes == 1 { return "1 Byte" }
        if bytes < base { return "\(Int(bytes.rounded(.towardZero))) Bytes" }
        let names = ["k", "M", "G", "T", "P", "E", "Z", "Y"]
        var unit = base
        for (index, name) in names.enumerated() {
            unit *= base
            if bytes < unit || index == names.count - 1 {
                let prefix = isBinary ? name.uppercased() + "i" : name
                return String(format: "%.1f", base * bytes / unit) + " \(prefix)B"
            }
        }
        return ""
    }
}
