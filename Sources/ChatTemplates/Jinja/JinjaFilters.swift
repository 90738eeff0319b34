/// The filters of Jinja 3.1 by what becomes of them here.
enum JinjaFilters {
    enum Support {
        case known
        /// Jinja has it; no chat template needs it.
        case unsupported
        case unknown
    }

    static let known: Set<String> = [
        "abs", "attr", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e",
        "escape", "filesizeformat", "first", "float", "forceescape", "format", "groupby",
        "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min",
        "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr",
        "slice", "sort", "string", "sum", "title", "tojson", "trim", "truncate", "unique",
        "upper", "wordcount",
    ]
    static let unsupported: Set<String> = [
        "pprint", "random", "striptags", "urlencode", "urlize", "wordwrap", "xmlattr",
    ]

    static func support(_ name: String) -> Support {
        known.contains(name) ? .known : unsupported.contains(name) ? .unsupported : .unknown
    }
}

extension JinjaInterpreter {
    func apply(
        filter name: String, to value: JinjaValue, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue {
        try spend()
        if let result = try textFilter(name, value, &given) { return result }
        if let result = try sequenceFilter(name, value, &given) { return result }
        if let result = try numberFilter(name, value, &given) { return result }
        switch name {
        case "default", "d":
            let fallback = given.take("default_value") ?? .text("")
            let countsFalse = given.take("boolean")?.isTrue ?? false
            try finish(given, of: "default")
            return value.isUndefined || (countsFalse && !value.isTrue) ? fallback : value
        case "attr":
            guard let key = given.take("name") else { throw failure("attr needs a name") }
            try finish(given, of: "attr")
            let name = try string(key).string
            if case .dict = value {
                // Only true attributes, not items.
                return try attribute(name, of: value, allowsItem: false)
            }
            return try attribute(name, of: value)
        case "tojson": return .string(try toJSON(value, &given))
        default: throw failure("there is no filter '\(name)'")
        }
    }

    private func toJSON(
        _ value: JinjaValue, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> TemplateText {
        var writer = JinjaJSONWriter()
        if let ensures = given.take("ensure_ascii") { writer.ensuresASCII = ensures.isTrue }
        if let indent = given.take("indent"), !indent.isNone {
            if case .string(let text) = indent {
                writer.indent = text
            } else if let width = indent.index {
                try spend(making: max(width, 0))
                writer.indent = TemplateText(String(repeating: " ", count: max(width, 0)))
            } else {
                throw failure("the indent of tojson is a number or a string")
            }
            writer.itemSeparator = TemplateText(",")
        }
        if let separators = given.take("separators"), !separators.isNone {
            let parts = try elements(separators)
            guard parts.count == 2 else { throw failure("tojson needs two separators") }
            writer.itemSeparator = try string(parts[0])
            writer.keySeparator = try string(parts[1])
        }
        if let sorts = given.take("sort_keys") { writer.sortsKeys = sorts.isTrue }
        try finish(given, of: "tojson")
        return try writer.write(value, with: self)
    }

    // MARK: Numbers

    private func numberFilter(
        _ name: String, _ value: JinjaValue, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue? {
        switch name {
        case "abs":
            try finish(given, of: name)
            switch try needsNumber(value, for: "abs") {
            case .int(let number): return number < 0 ? try negate(.int(number)) : .int(number)
            case .float(let number): return .float(abs(number))
            case nil: return value
            }
        case "int":
            let fallback = given.take("default") ?? .int(0)
            let base = given.take("base")?.index ?? 10
            try finish(given, of: name)
            return try PythonParsing.int(value, base: base, self) ?? fallback
        case "float":
            let fallback = given.take("default") ?? .float(0)
            try finish(given, of: name)
            if case .undefined(let undefined) = value { throw failure(undefined.reason) }
            if let number = value.number { return .float(number.double) }
            if case .string(let text) = value, let number = PythonParsing.float(text) {
                return .float(number)
            }
            return fallback
        case "round":
            let precision = given.take("precision") ?? .int(0)
            let method = try given.take("method").map { value throws(ChatTemplateError) in
                try string(value).string
            }
            try finish(given, of: name)
            return try round(value, precision, method ?? "common")
        case "filesizeformat":
            let isBinary = given.take("binary")?.isTrue ?? false
            try finish(given, of: name)
            var bytes = value.number?.double
            if case .string(let text) = value { bytes = PythonParsing.float(text) }
            guard let bytes else { throw failure("filesizeformat needs a number") }
            return .text(PythonParsing.fileSize(bytes, isBinary: isBinary))
        default: return nil
        }
    }

    private func round(
        _ value: JinjaValue, _ precision: JinjaValue, _ method: String
    ) throws(ChatTemplateError) -> JinjaValue {
        guard ["common", "ceil", "floor"].contains(method) else {
            throw failure("round works by 'common', 'ceil' or 'floor'")
        }
        guard let digits = precision.index, abs(max(digits, -400)) <= 400 else {
            throw failure("the precision of round is an integer of at most 400")
        }
        guard let number = try needsNumber(value, for: "round") else { return value }
        if method == "common" {
            switch number {
            case .int(let integer):
                if digits >= 0 { return .int(integer) }
                guard digits > -19 else { return .int(0) }
                var unit = 1
                for _ in 0..<(-digits) { unit *= 10 }
                let rest = ((integer % unit) + unit) % unit
                let floor = integer.subtractingReportingOverflow(rest)
                guard !floor.overflow else { throw limit("a number does not fit in 64 bits") }
                let isUp =
                    rest * 2 > unit || (rest * 2 == unit && (floor.partialValue / unit) % 2 != 0)
                return try isUp
                    ? arithmetic(.int(floor.partialValue), .add, .int(unit))
                    : .int(floor.partialValue)
            case .float(let double): return .float(PythonParsing.round(double, digits))
            }
        }
        // func(value * 10**precision) / 10**precision, in Python's arithmetic.
        let unit = try arithmetic(.int(10), .power, .int(digits))
        let scaled = try arithmetic(self.value(of: number), .multiply, unit)
        guard let double = scaled.number?.double, double.isFinite else {
            throw failure("round needs a finite number")
        }
        let whole = method == "ceil" ? double.rounded(.up) : double.rounded(.down)
        guard let integer = Int(exactly: whole) else {
            throw limit("a number does not fit in 64 bits")
        }
        return try arithmetic(.int(integer), .divide, unit)
    }
}
