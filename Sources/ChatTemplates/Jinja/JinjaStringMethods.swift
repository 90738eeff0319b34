/// Names of Python's string methods.
enum JinjaStringMethods {
    static let names: Set<String> = [
        "capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format",
        "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit",
        "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper",
        "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix",
        "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split",
        "splitlines", "startswith", "strip", "swapcase", "title", "upper", "zfill",
    ]
    /// Those that need types a template has no other way to.
    static let unsupported: Set<String> = ["encode", "maketrans", "translate"]
}

extension JinjaInterpreter {
    func call(
        _ name: String, of text: TemplateText, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue {
        try spend(text.count / 16)
        if let result = try searching(name, text, &given) { return result }
        if let result = try splitting(name, text, &given) { return result }
        if let result = try reshaping(name, text, &given) { return result }
        switch name {
        case "format", "format_map":
            let call = given
            given = JinjaCall()
            return .string(try braceFormat(text, call, isMap: name == "format_map"))
        case "join":
            let items = try elements(given.take("iterable") ?? .none)
            try finish(given, of: "join()")
            for case let item in items {
                guard case .string = item else {
                    throw failure("join() needs strings, not a \(item.typeName)")
                }
            }
            guard text.isMarkup else { return .string(try join(items, with: text)) }
            var escaped: [JinjaValue] = []
            for item in items { escaped.append(.string(try string(item).escaped)) }
            return .string(try join(escaped, with: text).marked(like: text))
        default: break
        }
        try finish(given, of: "\(name)()")
        return try plain(name, text)
    }

    func join(
        _ items: [JinjaValue], with separator: TemplateText
    ) throws(ChatTemplateError) -> TemplateText {
        var result = TemplateText()
        for (index, item) in items.enumerated() {
            let part = try string(item)
            try spend(making: result.count + part.count + separator.count)
            if index > 0 { result.append(separator) }
            result.append(part)
        }
        return result
    }

    // MARK: Arguments

    private func text(
        _ value: JinjaValue?, for name: String
    ) throws(ChatTemplateError) -> TemplateText {
        switch value {
        case .string(let text): return text
        case .undefined(let undefined): throw failure(undefined.reason)
        case nil: throw failure("\(name)() needs a string")
        case let other?: throw failure("\(name)() needs a string, not a \(other.typeName)")
        }
    }

    private func integer(
        _ value: JinjaValue?, for name: String
    ) throws(ChatTemplateError) -> Int? {
        guard let value, !value.isNone else { return nil }
        if case .undefined(let undefined) = value { throw failure(undefined.reason) }
        guard let index = value.index else {
            throw failure("\(name)() needs an integer, not a \(value.typeName)")
        }
        return index
    }

    /// A string or a tuple of them.
    private func alternatives(
        _ value: JinjaValue?, for name: String
    ) throws(ChatTemplateError) -> [TemplateText] {
        guard case .tuple(let items) = value else { return [try text(value, for: name)] }
        var result: [TemplateText] = []
        for item in items { result.append(try text(item, for: name)) }
        return result
    }

    /// The rest of the arguments as the bounds of a part of `count` characters.
    private func bounds(
        _ count: Int, _ given: inout JinjaCall, for name: String
    ) throws(ChatTemplateError) -> Range<Int>? {
        let start = try integer(given.take("start"), for: name)
        let end = try integer(given.take("end"), for: name)
        try finish(given, of: "\(name)()")
        func place(_ bound: Int) -> Int { max(bound < 0 ? bound &+ count : bound, 0) }
        let from = start.map(place) ?? 0
        let to = min(end.map(place) ?? count, count)
        return from <= to ? from..<to : nil
    }

    // MARK: Searching

    private func searching(
        _ name: String, _ text: TemplateText, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue? {
        switch name {
        case "startswith", "endswith":
            let parts = try alternatives(given.take("prefix"), for: name)
            guard let range = try bounds(text.count, &given, for: name) else { return .bool(false) }
            return .bool(
                parts.contains { part in
                    guard part.count <= range.count else { return false }
                    let place =
                        name == "startswith" ? range.lowerBound : range.upperBound - part.count
                    return text.matches(part, at: place)
                })
        case "find", "index", "rfind", "rindex":
            let part = try self.text(given.take("sub"), for: name)
            let range = try bounds(text.count, &given, for: name)
            try spend(searching: text, for: part)
            let place = range.flatMap { range in
                name.hasPrefix("r")
                    ? text.lastIndex(of: part, in: range) : text.firstIndex(of: part, in: range)
            }
            if place == nil, name.hasSuffix("index") { throw failure("the substring is not found") }
            return .int(place ?? -1)
        case "count":
            let part = try self.text(given.take("sub"), for: name)
            guard let range = try bounds(text.count, &given, for: name) else { return .int(0) }
            if part.isEmpty { return .int(range.count + 1) }
            try spend(searching: text, for: part)
            var found = 0
            var position = range.lowerBound
            while let place = text.firstIndex(of: part, in: position..<range.upperBound) {
                found += 1
                position = place + part.count
            }
            return .int(found)
        case "replace":
            let old = try self.text(given.take("old"), for: name)
            let new = try self.text(given.take("new"), for: name)
            let count = try integer(given.take("count"), for: name)
            try finish(given, of: "replace()")
            return .string(
                try replace(old, with: new.escaped(for: text), in: text, atMost: count ?? -1))
        case "removeprefix", "removesuffix":
            let part = try self.text(given.take("part"), for: name)
            try finish(given, of: "\(name)()")
            guard part.count <= text.count else { return .string(text) }
            if name == "removeprefix" {
                return .string(text.matches(part, at: 0) ? text[part.count..<text.count] : text)
            }
            let place = text.count - part.count
            return .string(text.matches(part, at: place) ? text[0..<place] : text)
        default: return nil
        }
    }

    /// A search may have to look at every place for every character of the needle.
    private func spend(
        searching text: TemplateText, for part: TemplateText
    ) throws(ChatTemplateError) {
        let (work, overflows) = text.count.multipliedReportingOverflow(by: max(1, part.count / 64))
        try spend(overflows ? allowance : work / 16)
    }

    func replace(
        _ old: TemplateText, with new: TemplateText, in text: TemplateText, atMost limit: Int
    ) throws(ChatTemplateError) -> TemplateText {
        try spend(searching: text, for: old)
        var result = TemplateText().marked(like: text)
        var position = 0
        var left = limit < 0 ? Int.max : limit
        if old.isEmpty {
            // Between all characters, before the first and after the last.
            while left > 0 {
                try spend(making: result.count + new.count)
                result.append(new)
                left -= 1
                guard position < text.count else { return result }
                result.append(text[position])
                position += 1
            }
            result.append(text[position..<text.count])
            return result
        }
        while left > 0, let place = text.firstIndex(of: old, in: position..<text.count) {
            try spend(1 + (place - position + new.count) / 16)
            guard result.count + new.count <= limits.characters else {
                throw self.limit("it makes a value of more than \(limits.characters) elements")
            }
            result.append(text[position..<place])
            result.append(new)
            position = place + old.count
            left -= 1
        }
        if position == 0, result.isEmpty { return text }
        result.append(text[position..<text.count])
        return result
    }

    // MARK: Splitting

    private func splitting(
        _ name: String, _ text: TemplateText, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue? {
        switch name {
        case "split", "rsplit":
            let separator = given.take("sep")
            let limit = try integer(given.take("maxsplit"), for: name) ?? -1
            try finish(given, of: "\(name)()")
            let parts: [TemplateText]
            if let separator, !separator.isNone {
                let mark = try self.text(separator, for: name)
                guard !mark.isEmpty else { throw failure("\(name)() needs a separator") }
                try spend(searching: text, for: mark)
                parts = try split(text, at: mark, atMost: limit, fromEnd: name == "rsplit")
            } else {
                parts = try splitWords(text, atMost: limit, fromEnd: name == "rsplit")
            }
            return .list(parts.map { .string($0) })
        case "splitlines":
            let keeps = given.take("keepends")?.isTrue ?? false
            try finish(given, of: "splitlines()")
            return .list(try lines(of: text, keepingEnds: keeps).map { .string($0) })
        case "partition", "rpartition":
            let mark = try self.text(given.take("sep"), for: name)
            try finish(given, of: "\(name)()")
            guard !mark.isEmpty else { throw failure("\(name)() needs a separator") }
            let place =
                name == "partition"
                ? text.firstIndex(of: mark) : text.lastIndex(of: mark, in: 0..<text.count)
            guard let place else {
                let empty = JinjaValue.string(TemplateText().marked(like: text))
                return .tuple(
                    name == "partition"
                        ? [.string(text), empty, empty] : [empty, empty, .string(text)])
            }
            return .tuple([
                .string(text[0..<place]), .string(text[place..<place + mark.count]),
                .string(text[place + mark.count..<text.count]),
            ])
        case "strip", "lstrip", "rstrip":
            let chars = given.take("chars")
            try finish(given, of: "\(name)()")
            return .string(
                try strip(text, chars, start: name != "rstrip", end: name != "lstrip"))
        default: return nil
        }
    }

    func strip(
        _ text: TemplateText, _ chars: JinjaValue?, start: Bool = true, end: Bool = true
    ) throws(ChatTemplateError) -> TemplateText {
        var isStripped = PythonText.isSpace
        if let chars, !chars.isNone {
            let set = Set(try self.text(chars, for: "strip").scalars)
            isStripped = { set.contains($0) }
        }
        var low = 0
        var high = text.count
        if start { while low < high, isStripped(text.scalars[low]) { low += 1 } }
        if end { while high > low, isStripped(text.scalars[high - 1]) { high -= 1 } }
        return text[low..<high]
    }

    private func split(
        _ text: TemplateText, at mark: TemplateText, atMost limit: Int, fromEnd: Bool
    ) throws(ChatTemplateError) -> [TemplateText] {
        var parts: [TemplateText] = []
        var left = limit < 0 ? Int.max : limit
        if fromEnd {
            var end = text.count
            while left > 0, let place = text.lastIndex(of: mark, in: 0..<end) {
                try spend()
                parts.append(text[place + mark.count..<end])
                end = place
                left -= 1
            }
            try spend()
            parts.append(text[0..<end])
            return parts.reversed()
        }
        var position = 0
        while left > 0, let place = text.firstIndex(of: mark, in: position..<text.count) {
            try spend()
            parts.append(text[position..<place])
            position = place + mark.count
            left -= 1
        }
        try spend()
        parts.append(text[position..<text.count])
        return parts
    }

    private func splitWords(
        _ text: TemplateText, atMost limit: Int, fromEnd: Bool
    ) throws(ChatTemplateError) -> [TemplateText] {
        let scalars = text.scalars
        var parts: [TemplateText] = []
        var left = limit < 0 ? Int.max : limit
        if fromEnd {
            var end = text.count
            while true {
                while end > 0, PythonText.isSpace(scalars[end - 1]) { end -= 1 }
                if end == 0 { break }
                if left == 0 {
                    try spend()
                    parts.append(text[0..<end])
                    break
                }
                var start = end
                while start > 0, !PythonText.isSpace(scalars[start - 1]) { start -= 1 }
                try spend()
                parts.append(text[start..<end])
                end = start
                left -= 1
            }
            return parts.reversed()
        }
        var start = 0
        while true {
            while start < text.count, PythonText.isSpace(scalars[start]) { start += 1 }
            if start == text.count { break }
            if left == 0 {
                try spend()
                parts.append(text[start..<text.count])
                break
            }
            var end = start
            while end < text.count, !PythonText.isSpace(scalars[end]) { end += 1 }
            try spend()
            parts.append(text[start..<end])
            start = end
            left -= 1
        }
        return parts
    }

    func lines(of text: TemplateText, keepingEnds: Bool = false) throws(ChatTemplateError)
        -> [TemplateText]
    {
        var result: [TemplateText] = []
        var start = 0
        var index = 0
        while index < text.count {
            guard PythonText.isLineBreak(text.scalars[index]) else {
                index += 1
                continue
            }
            let isPair =
                text.scalars[index] == "\r" && index + 1 < text.count
                && text.scalars[index + 1] == "\n"
            let next = index + (isPair ? 2 : 1)
            try spend()
            result.append(text[start..<(keepingEnds ? next : index)])
            start = next
            index = next
        }
        if start < text.count { result.append(text[start..<text.count]) }
        return result
    }

    // MARK: Reshaping

    private func reshaping(
        _ name: String, _ text: TemplateText, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue? {
        switch name {
        case "center", "ljust", "rjust":
            guard let width = try integer(given.take("width"), for: name) else {
                throw failure("\(name)() needs a width")
            }
            let fill = try given.take("fillchar").map { value throws(ChatTemplateError) in
                try self.text(value, for: name)
            }
            try finish(given, of: "\(name)()")
            if let fill, fill.escaped(for: text).count != 1 {
                throw failure("\(name)() fills with exactly one character")
            }
            return .string(try pad(text, to: width, name, with: fill ?? TemplateText(" ")))
        case "zfill":
            guard let width = try integer(given.take("width"), for: name) else {
                throw failure("zfill() needs a width")
            }
            try finish(given, of: "zfill()")
            let hasSign = text.scalars.first == "+" || text.scalars.first == "-"
            try spend(making: max(width, 0))
            var result = text[0..<(hasSign ? 1 : 0)]
            result.append(String(repeating: "0", count: max(0, width - text.count)))
            result.append(text[(hasSign ? 1 : 0)..<text.count])
            return .string(result)
        case "expandtabs":
            let size = try integer(given.take("tabsize"), for: name) ?? 8
            try finish(given, of: "expandtabs()")
            var result = TemplateText().marked(like: text)
            var column = 0
            for (index, scalar) in text.scalars.enumerated() {
                if scalar == "\t" {
                    let width = size > 0 ? size - column % size : 0
                    try spend(making: result.count + width)
                    result.append(String(repeating: " ", count: width))
                    column += width
                } else {
                    result.append(text[index])
                    column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
                }
            }
            return .string(result)
        default: return nil
        }
    }

    func pad(
        _ text: TemplateText, to width: Int, _ side: String, with fill: TemplateText
    ) throws(ChatTemplateError) -> TemplateText {
        let missing = width - text.count
        guard missing > 0 else { return text }
        try spend(making: width)
        // CPython puts the odd one left or right by the parity of both.
        let left =
            side == "ljust" ? 0 : side == "rjust" ? missing : missing / 2 + (missing & width & 1)
        var result = TemplateText().marked(like: text)
        for _ in 0..<left { result.append(fill) }
        result.append(text)
        for _ in 0..<missing - left { result.append(fill) }
        return result
    }

    private func plain(_ name: String, _ text: TemplateText) throws(ChatTemplateError) -> JinjaValue
    {
        let scalars = text.scalars
        func all(_ test: (Unicode.Scalar) -> Bool) -> JinjaValue {
            .bool(!scalars.isEmpty && scalars.allSatisfy(test))
        }
        switch name {
        case "upper": return .string(text.derived(PythonText.upper(scalars)))
        case "lower": return .string(text.derived(PythonText.lower(scalars)))
        case "casefold":
            guard let folded = PythonText.folded(scalars) else {
                throw unsupported("casefold() of letters like ß")
            }
            return .string(text.derived(folded))
        case "capitalize": return .string(text.derived(PythonText.capitalize(scalars)))
        case "title": return .string(text.derived(PythonText.titleCase(scalars)))
        case "swapcase": return .string(text.derived(PythonText.swapCase(scalars)))
        case "isalnum": return all(PythonText.isAlphanumeric)
        case "isalpha": return all(PythonText.isAlphabetic)
        case "isascii": return .bool(scalars.allSatisfy(\.isASCII))
        case "isdecimal": return all(PythonText.isDecimal)
        case "isdigit": return all(PythonText.isDigit)
        case "isnumeric": return all(PythonText.isNumeric)
        case "isspace": return all(PythonText.isSpace)
        case "isprintable": return .bool(scalars.allSatisfy(PythonText.isPrintable))
        case "isidentifier":
            guard let first = scalars.first else { return .bool(false) }
            return .bool(
                JinjaLexer.startsName(first)
                    && scalars.allSatisfy(JinjaLexer.continuesName))
        case "islower": return .bool(PythonText.isLower(scalars))
        case "isupper": return .bool(PythonText.isUpper(scalars))
        case "istitle": return .bool(PythonText.isTitleCased(scalars))
        default: throw unsupported("the string method '\(name)'")
        }
    }
}
