/// Python's ideas of characters and strings, where they differ from Swift's.
enum PythonText {
    /// `str.isspace` of one character, which is also what `\s` and `strip()` mean.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029,
            0x202F, 0x205F, 0x3000:
            true
        default: false
        }
    }

    static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    static func isAlphabetic(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            true
        default: false
        }
    }

    static func isDecimal(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .decimalNumber
    }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.numericType {
        case .decimal, .digit: true
        default: false
        }
    }

    static func isNumeric(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.numericType != nil
    }

    static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        isAlphabetic(scalar) || isNumeric(scalar)
    }

    static func isCased(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isCased }

    /// Whether `repr` shows the character itself.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == " " { return true }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator:
            return false
        default: return true
        }
    }

    static func upper(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        scalars.flatMap { $0.properties.uppercaseMapping.unicodeScalars }
    }

    static func lower(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        scalars.indices.flatMap { lower(at: $0, in: scalars) }
    }

    /// `casefold`, where that is the same as small letters; nil for the few others, as ß.
    static func folded(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar]? {
        var result: [Unicode.Scalar] = []
        for scalar in scalars {
            guard scalar.properties.changesWhenCaseFolded else {
                result.append(scalar)
                continue
            }
            let small = scalar.properties.lowercaseMapping.unicodeScalars
            guard !small.contains(where: \.properties.changesWhenCaseFolded) else { return nil }
            result += small
        }
        return result
    }

    static func title(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        Array(scalar.properties.titlecaseMapping.unicodeScalars)
    }

    /// The one context-dependent mapping: a sigma that ends a word is final.
    static func lower(at index: Int, in scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard scalars[index] == "Σ" else {
            return Array(scalars[index].properties.lowercaseMapping.unicodeScalars)
        }
        func isSkipped(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isCaseIgnorable }
        let before = scalars[..<index].last { !isSkipped($0) }
        let after = scalars[(index + 1)...].first { !isSkipped($0) }
        let isFinal = (before.map(isCased) ?? false) && !(after.map(isCased) ?? false)
        return [isFinal ? "ς" : "σ"]
    }

    static func capitalize(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard let first = scalars.first else { return [] }
        return title(first) + scalars.indices.dropFirst().flatMap { lower(at: $0, in: scalars) }
    }

    static func titleCase(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var isInWord = false
        for index in scalars.indices {
            result += isInWord ? lower(at: index, in: scalars) : title(scalars[index])
            isInWord = isCased(scalars[index])
        }
        return result
    }

    static func swapCase(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        scalars.indices.flatMap { index -> [Unicode.Scalar] in
            let properties = scalars[index].properties
            if properties.isUppercase { return lower(at: index, in: scalars) }
            if properties.isLowercase { return Array(properties.uppercaseMapping.unicodeScalars) }
            return [scalars[index]]
        }
    }

    static func isUpper(_ scalars: [Unicode.Scalar]) -> Bool {
        hasCase(scalars) && !scalars.contains { $0.properties.isLowercase || isTitle($0) }
    }

    static func isLower(_ scalars: [Unicode.Scalar]) -> Bool {
        hasCase(scalars) && !scalars.contains { $0.properties.isUppercase || isTitle($0) }
    }

    static func isTitle(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .titlecaseLetter
    }

    private static func hasCase(_ scalars: [Unicode.Scalar]) -> Bool {
        scalars.contains { $0.properties.isUppercase || $0.properties.isLowercase || isTitle($0) }
    }

    static func isTitleCased(_ scalars: [Unicode.Scalar]) -> Bool {
        var isInWord = false
        var found = false
        for scalar in scalars {
            if scalar.properties.isUppercase || isTitle(scalar) {
                if isInWord { return false }
                isInWord = true
                found = true
            } else if scalar.properties.isLowercase {
                if !isInWord { return false }
                found = true
            } else {
                isInWord = false
            }
        }
        return found
    }

    /// `repr(str)`: quoted, with escapes.
    static func repr(_ text: TemplateText) -> TemplateText {
        let quote: Unicode.Scalar =
            text.scalars.contains("'") && !text.scalars.contains("\"") ? "\"" : "'"
        var result = TemplateText()
        result.append(quote, isTrusted: true)
        for (index, scalar) in text.scalars.enumerated() {
            let isTrusted = text.isTrusted || text.isTrusted(at: index)
            switch scalar {
            case quote, "\\":
                result.append("\\", isTrusted: isTrusted)
                result.append(scalar, isTrusted: isTrusted)
            case "\n": result.append("\\n", isTrusted: isTrusted)
            case "\r": result.append("\\r", isTrusted: isTrusted)
            case "\t": result.append("\\t", isTrusted: isTrusted)
            default:
                if isPrintable(scalar) {
                    result.append(scalar, isTrusted: isTrusted)
                } else {
                    result.append(escape(scalar), isTrusted: isTrusted)
                }
            }
        }
        result.append(quote, isTrusted: true)
        return result
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let hex = String(scalar.value, radix: 16)
        func padded(_ width: Int) -> String {
            String(repeating: "0", count: max(0, width - hex.count)) + hex
        }
        switch scalar.value {
        case ..<0x100: return "\\x" + padded(2)
        case ..<0x10000: return "\\u" + padded(4)
        default: return "\\U" + padded(8)
        }
    }
}
