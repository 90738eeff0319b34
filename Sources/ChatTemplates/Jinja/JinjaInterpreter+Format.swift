import Foundation
import JSON

/// `'%s' % value` and `'{}'.format(value)`.
extension JinjaInterpreter {
    /// How one value is to be spelled.
    struct FormatSpec {
        var fill: TemplateText = TemplateText(" ")
        /// `<`, `>`, `^`, `=`; nil is the type's own.
        var align: Unicode.Scalar?
        /// `+`, ` ` or nil.
        var sign: Unicode.Scalar?
        var isAlternate = false
        var width = 0
        var grouping: Unicode.Scalar?
        var precision: Int?
        var type: Unicode.Scalar?
    }

    // MARK: %

    func percentFormat(
        _ format: TemplateText, _ value: JinjaValue
    ) throws(ChatTemplateError) -> TemplateText {
        var arguments: [JinjaValue]
        if case .tuple(let items) = value { arguments = items } else { arguments = [value] }
        var used = 0
        var usesNames = false
        func next() throws(ChatTemplateError) -> JinjaValue {
            guard used < arguments.count else {
                throw failure("there are not enough values for the format")
            }
            used += 1
            return arguments[used - 1]
        }
        var result = TemplateText().marked(like: format)
        let scalars = format.scalars
        var index = 0
        while index < scalars.count {
            guard scalars[index] == "%" else {
                let start = index
                while index < scalars.count, scalars[index] != "%" { index += 1 }
                result.append(format[start..<index])
                continue
            }
            index += 1
            var spec = FormatSpec()
            var named: JinjaValue?
            if index < scalars.count, scalars[index] == "(" {
                var end = index + 1
                var open = 1
                while end < scalars.count {
                    if scalars[end] == "(" { open += 1 }
                    if scalars[end] == ")" { open -= 1 }
                    if open == 0 { break }
                    end += 1
                }
                guard end < scalars.count else {
                    throw failure("a name in the format is not closed")
                }
                guard case .dict(let dict) = value else {
                    throw failure("names in a format need a dict")
                }
                let name = format[index + 1..<end]
                guard let found = dict[.string(name)] else {
                    throw failure("the format names '\(name.string)', which is not there")
                }
                named = found
                usesNames = true
                index = end + 1
            }
            flags: while index < scalars.count {
                switch scalars[index] {
                case "-": spec.align = "<"
                case "0": if spec.align == nil { spec.fill = TemplateText("0") }
                case "+": spec.sign = "+"
                case " ": if spec.sign == nil { spec.sign = " " }
                case "#": spec.isAlternate = true
                default: break flags
                }
                index += 1
            }
            if spec.align == "<" { spec.fill = TemplateText(" ") }
            if spec.fill.scalars.first == "0" { spec.align = "=" }
            if spec.align == nil { spec.align = ">" }
            spec.width = try count(in: scalars, &index, next: next) ?? 0
            if spec.width < 0 {
                spec.align = "<"
                spec.fill = TemplateText(" ")
                spec.width = -spec.width
            }
            if index < scalars.count, scalars[index] == "." {
                index += 1
                spec.precision = max(0, try count(in: scalars, &index, next: next) ?? 0)
            }
            while index < scalars.count, ["l", "h", "L"].contains(scalars[index]) { index += 1 }
            guard index < scalars.count else { throw failure("the format ends too early") }
            let type = scalars[index]
            index += 1
            if type == "%" {
                result.append("%", isTrusted: true)
                continue
            }
            let item: JinjaValue
            if let named { item = named } else { item = try next() }
            try spend(making: result.count + spec.width)
            result.append(try percent(item, type, spec, escapes: format.isMarkup))
        }
        if !usesNames, used < arguments.count {
            // What has items by key or number, other than a tuple, needs no place in the format.
            switch value {
            case .dict, .list, .range, .undefined: break
            default: throw failure("the format does not use all values")
            }
        }
        return result
    }

    private func count(
        in scalars: [Unicode.Scalar], _ index: inout Int,
        next: () throws(ChatTemplateError) -> JinjaValue
    ) throws(ChatTemplateError) -> Int? {
        if index < scalars.count, scalars[index] == "*" {
            index += 1
            guard let width = try next().index else {
                throw failure("'*' in a format needs an integer")
            }
            try spend(making: abs(max(width, -Int.max)))
            return width
        }
        return try digits(in: scalars, &index)
    }

    private func digits(
        in scalars: [Unicode.Scalar], _ index: inout Int
    ) throws(ChatTemplateError) -> Int? {
        var value: Int?
        while index < scalars.count, ("0"..."9").contains(scalars[index]) {
            value = (value ?? 0) * 10 + Int(scalars[index].value - 0x30)
            try spend(making: value ?? 0)
            index += 1
        }
        return value
    }

    private func percent(
        _ value: JinjaValue, _ type: Unicode.Scalar, _ spec: FormatSpec, escapes: Bool
    ) throws(ChatTemplateError) -> TemplateText {
        var spec = spec
        switch type {
        case "s", "r", "a":
            var text = type == "s" ? try string(value) : try repr(value)
            if escapes { text = text.escaped }
            if type == "a", !text.scalars.allSatisfy(\.isASCII) { throw unsupported("'%a'") }
            if let precision = spec.precision { text = text[0..<min(precision, text.count)] }
            if spec.align == "=" { (spec.align, spec.fill) = (">", TemplateText(" ")) }
            return try aligned(text, spec)
        case "c":
            if spec.align == "=" { (spec.align, spec.fill) = (">", TemplateText(" ")) }
            if case .string(let text) = value, text.count == 1 { return try aligned(text, spec) }
            guard let code = value.index,
                let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init)
            else { throw failure("'%c' needs a character") }
            return try aligned(TemplateText([scalar]), spec)
        case "d", "i", "u":
            guard let number = try needsNumber(value, for: "%\(type)") else { break }
            let integer: Int
            switch number {
            case .int(let value): integer = value
            case .float(let value):
                guard let whole = Int(exactly: value.rounded(.towardZero)) else {
                    throw failure("'%\(type)' needs a number that fits")
                }
                integer = whole
            }
            return try integerText(integer, "d", spec)
        case "x", "X", "o":
            guard let integer = value.index else { throw failure("'%\(type)' needs an integer") }
            return try integerText(integer, type, spec)
        case "e", "E", "f", "F", "g", "G":
            guard let number = try needsNumber(value, for: "%\(type)") else { break }
            spec.type = type
            return try floatText(number.double, spec)
        default: break
        }
        throw failure("the format has no '%\(type)'")
    }

    // MARK: {}

    func braceFormat(
        _ format: TemplateText, _ call: JinjaCall, isMap: Bool
    ) throws(ChatTemplateError) -> TemplateText {
        var call = call
        if isMap {
            guard call.keyword.isEmpty, call.positional.count == 1,
                case .dict(let dict) = call.positional[0]
            else { throw failure("format_map() needs one dict") }
            call = JinjaCall()
            for (key, value) in zip(dict.keys, dict.values) {
                if case .string(let name) = key { call.keyword.append((name.string, value)) }
            }
        }
        var automatic: Int? = 0
        return try braceFormat(format, call, &automatic, depth: 2)
    }

    private func braceFormat(
        _ format: TemplateText, _ call: JinjaCall, _ automatic: inout Int?, depth: Int
    ) throws(ChatTemplateError) -> TemplateText {
        guard depth > 0 else { throw failure("the format is nested too deep") }
        var result = TemplateText().marked(like: format)
        let scalars = format.scalars
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            guard scalar == "{" || scalar == "}" else {
                let start = index
                while index < scalars.count, scalars[index] != "{", scalars[index] != "}" {
                    index += 1
                }
                result.append(format[start..<index])
                continue
            }
            if index + 1 < scalars.count, scalars[index + 1] == scalar {
                result.append(format[index])
                index += 2
                continue
            }
            guard scalar == "{" else { throw failure("a single '}' stands in the format") }
            var end = index + 1
            var open = 1
            while end < scalars.count {
                if scalars[end] == "{" { open += 1 }
                if scalars[end] == "}" { open -= 1 }
                if open == 0 { break }
                end += 1
            }
            guard end < scalars.count else { throw failure("a '{' in the format is not closed") }
            let field = try field(format[index + 1..<end], call, &automatic, depth: depth)
            try spend(making: result.count + field.count)
            result.append(field)
            index = end + 1
        }
        return result
    }

    private func field(
        _ field: TemplateText, _ call: JinjaCall, _ automatic: inout Int?, depth: Int
    ) throws(ChatTemplateError) -> TemplateText {
        let scalars = field.scalars
        var end = 0
        var brackets = 0
        while end < scalars.count {
            if scalars[end] == "[" { brackets += 1 }
            if scalars[end] == "]" { brackets -= 1 }
            if brackets <= 0, scalars[end] == ":" || scalars[end] == "!" { break }
            end += 1
        }
        var value = try fieldValue(field[0..<end], call, &automatic)
        var specText = TemplateText()
        if end < scalars.count, scalars[end] == "!" {
            guard end + 1 < scalars.count else { throw failure("a conversion is missing") }
            switch scalars[end + 1] {
            case "s": value = .string(try string(value))
            case "r": value = .string(try repr(value))
            default: throw failure("the format has no conversion '!\(scalars[end + 1])'")
            }
            end += 2
        }
        if end < scalars.count {
            guard scalars[end] == ":" else { throw failure("':' is expected in the format") }
            specText = try braceFormat(
                field[end + 1..<scalars.count], call, &automatic, depth: depth - 1)
        }
        if case .string(let text) = value, text.isMarkup, field.isMarkup, !specText.isEmpty {
            throw failure("escaped text takes no format")
        }
        return try format(value, specText).escaped(for: field)
    }

    private func fieldValue(
        _ name: TemplateText, _ call: JinjaCall, _ automatic: inout Int?
    ) throws(ChatTemplateError) -> JinjaValue {
        let scalars = name.scalars
        var index = 0
        while index < scalars.count, scalars[index] != ".", scalars[index] != "[" { index += 1 }
        let head = name[0..<index].string
        var value: JinjaValue
        var place = Int(head)
        if head.isEmpty {
            guard let next = automatic else {
                throw failure("numbered and unnumbered fields are mixed in the format")
            }
            place = next
            automatic = next + 1
        } else if place != nil {
            if let next = automatic, next > 0 {
                throw failure("numbered and unnumbered fields are mixed in the format")
            }
            automatic = nil
        }
        if let place {
            guard call.positional.indices.contains(place) else {
                throw failure("there are not enough values for the format")
            }
            value = call.positional[place]
        } else {
            guard let found = call.keyword.first(where: { $0.name == head }) else {
                throw failure("the format names '\(head)', which is not there")
            }
            value = found.value
        }
        while index < scalars.count {
            let start = index + 1
            if scalars[index] == "." {
                index = start
                while index < scalars.count, scalars[index] != ".", scalars[index] != "[" {
                    index += 1
                }
                value = try attribute(name[start..<index].string, of: value)
            } else {
                index = start
                while index < scalars.count, scalars[index] != "]" { index += 1 }
                guard index < scalars.count else { throw failure("a '[' is not closed") }
                let key = name[start..<index]
                value = try item(Int(key.string).map { .int($0) } ?? .string(key), of: value)
                index += 1
            }
        }
        return value
    }

    private func spec(_ text: TemplateText) throws(ChatTemplateError) -> FormatSpec {
        var spec = FormatSpec()
        let scalars = text.scalars
        var index = 0
        let aligns: Set<Unicode.Scalar> = ["<", ">", "^", "="]
        if scalars.count > 1, aligns.contains(scalars[1]) {
            spec.fill = text[0]
            spec.align = scalars[1]
            index = 2
        } else if let first = scalars.first, aligns.contains(first) {
            spec.align = first
            index = 1
        }
        if index < scalars.count, ["+", "-", " "].contains(scalars[index]) {
            spec.sign = scalars[index] == "-" ? nil : scalars[index]
            index += 1
        }
        if index < scalars.count, scalars[index] == "#" {
            spec.isAlternate = true
            index += 1
        }
        if index < scalars.count, scalars[index] == "0" {
            if spec.align == nil { (spec.fill, spec.align) = (TemplateText("0"), "=") }
            index += 1
        }
        spec.width = try digits(in: scalars, &index) ?? 0
        if index < scalars.count, scalars[index] == "," || scalars[index] == "_" {
            spec.grouping = scalars[index]
            index += 1
        }
        if index < scalars.count, scalars[index] == "." {
            index += 1
            guard let precision = try digits(in: scalars, &index) else {
                throw failure("a precision is missing in the format")
            }
            spec.precision = precision
        }
        if index < scalars.count {
            spec.type = scalars[index]
            index += 1
        }
        guard index == scalars.count else {
            throw failure("the format '\(text.string)' is invalid")
        }
        return spec
    }

    func format(_ value: JinjaValue, _ specText: TemplateText) throws(ChatTemplateError)
        -> TemplateText
    {
        if specText.isEmpty { return try string(value) }
        var spec = try spec(specText)
        switch value {
        case .string(let text):
            guard spec.type == nil || spec.type == "s",
                spec.align != "=" || spec.fill.scalars == ["0"],
                spec.sign == nil, spec.grouping == nil
            else { throw failure("the format '\(specText.string)' does not fit a string") }
            if spec.align == "=" { spec.align = "<" }
            spec.align = spec.align ?? "<"
            return try aligned(text[0..<min(spec.precision ?? text.count, text.count)], spec)
        case .int, .bool:
            spec.align = spec.align ?? ">"
            let integer = value.index ?? 0
            switch spec.type {
            case nil where value.typeName == "bool" || spec.precision == nil, "d", "n":
                guard spec.precision == nil else { break }
                return try integerText(integer, "d", spec)
            case "x", "X", "o", "b":
                return try integerText(integer, spec.type!, spec)
            case "e", "E", "f", "F", "g", "G", "%":
                return try floatText(Double(integer), spec)
            default: break
            }
        case .float(let number):
            spec.align = spec.align ?? ">"
            switch spec.type {
            case nil, "e", "E", "f", "F", "g", "G", "%": return try floatText(number, spec)
            default: break
            }
        case .undefined, .none:
            break
        default: break
        }
        throw failure("the format '\(specText.string)' does not fit a \(value.typeName)")
    }

    // MARK: Numbers

    private func integerText(
        _ value: Int, _ type: Unicode.Scalar, _ spec: FormatSpec
    ) throws(ChatTemplateError) -> TemplateText {
        let radix: Int
        var prefix = ""
        switch type {
        case "x": (radix, prefix) = (16, "0x")
        case "X": (radix, prefix) = (16, "0X")
        case "o": (radix, prefix) = (8, "0o")
        case "b": (radix, prefix) = (2, "0b")
        default: radix = 10
        }
        var digits = String(value.magnitude, radix: radix, uppercase: type == "X")
        if let precision = spec.precision, precision > digits.count {
            try spend(making: precision)
            digits = String(repeating: "0", count: precision - digits.count) + digits
        }
        let group = radix == 10 ? 3 : 4
        return try number(
            isNegative: value < 0, prefix: spec.isAlternate ? prefix : "", digits, "", group, spec)
    }

    private func floatText(_ value: Double, _ spec: FormatSpec) throws(ChatTemplateError)
        -> TemplateText
    {
        let precision = spec.precision
        if let precision, precision > 400 { throw limit("a precision is above 400") }
        var text: String
        let size = abs(value)
        let hash = spec.isAlternate ? "#" : ""
        switch spec.type {
        case "f", "F": text = String(format: "%\(hash).\(precision ?? 6)f", size)
        case "e", "E": text = String(format: "%\(hash).\(precision ?? 6)e", size)
        case "g", "G": text = String(format: "%\(hash).\(precision ?? 6)g", size)
        case "%": text = String(format: "%.\(precision ?? 6)f", size * 100) + "%"
        default:
            if let precision {
                // Like 'g', but with a digit after the point.
                text = String(format: "%.\(max(precision, 1))g", size)
                if size.isFinite, !text.contains("."), !text.contains("e") { text += ".0" }
            } else {
                text = PythonNumber.repr(size)
            }
        }
        if !size.isFinite { text = size.isNaN ? "nan" : "inf" + (spec.type == "%" ? "%" : "") }
        if let type = spec.type, ["F", "E", "G"].contains(type) { text = text.uppercased() }
        let whole = text.prefix { $0.isNumber }
        return try number(
            isNegative: value.sign == .minus && !value.isNaN, prefix: "", String(whole),
            String(text.dropFirst(whole.count)), 3, spec)
    }

    private func number(
        isNegative: Bool, prefix: String, _ digits: String, _ rest: String, _ group: Int,
        _ spec: FormatSpec
    ) throws(ChatTemplateError) -> TemplateText {
        let sign = isNegative ? "-" : spec.sign.map { String(Character($0)) } ?? ""
        var whole = digits
        func grouped(_ digits: String) -> String {
            guard let mark = spec.grouping else { return digits }
            var result = ""
            for (index, digit) in digits.enumerated() {
                if index > 0, (digits.count - index) % group == 0 {
                    result.unicodeScalars.append(mark)
                }
                result.append(digit)
            }
            return result
        }
        if spec.align == "=" {
            try spend(making: spec.width)
            let used = sign.count + prefix.count + rest.count
            if spec.fill.scalars == ["0"] {
                // Zeros are grouped with the digits, as Python does it.
                while grouped(whole).count + used < spec.width { whole = "0" + whole }
                if grouped(whole).first.map({ !$0.isNumber }) ?? false { whole = "0" + whole }
                return TemplateText(sign + prefix + grouped(whole) + rest)
            }
            var result = TemplateText(sign + prefix)
            let body = grouped(whole) + rest
            for _ in 0..<max(0, spec.width - result.count - body.count) { result.append(spec.fill) }
            result.append(body)
            return result
        }
        return try aligned(TemplateText(sign + prefix + grouped(whole) + rest), spec)
    }

    private func aligned(_ text: TemplateText, _ spec: FormatSpec) throws(ChatTemplateError)
        -> TemplateText
    {
        let missing = spec.width - text.count
        guard missing > 0 else { return text }
        try spend(making: spec.width)
        let left = spec.align == "<" ? 0 : spec.align == "^" ? missing / 2 : missing
        var result = TemplateText()
        for _ in 0..<left { result.append(spec.fill) }
        result.append(text)
        for _ in 0..<missing - left { result.append(spec.fill) }
        return result
    }
}
