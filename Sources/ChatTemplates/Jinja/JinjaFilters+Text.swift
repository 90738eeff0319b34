extension JinjaInterpreter {
    func textFilter(
        _ name: String, _ value: JinjaValue, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue? {
        switch name {
        case "upper", "lower", "capitalize":
            let text = try string(value)
            return try call(name, of: text, &given)
        case "title":
            try finish(given, of: name)
            let text = try string(value)
            return .string(text.derived(titleFilter(text.scalars)).plain)
        case "string":
            try finish(given, of: name)
            return .string(try string(value))
        case "safe":
            try finish(given, of: name)
            var text = try string(value)
            text.isMarkup = true
            return .string(text)
        case "escape", "e", "forceescape":
            try finish(given, of: name)
            let text = try string(value)
            return .string((name == "forceescape" ? text.plain : text).escaped)
        case "trim":
            let chars = given.take("chars")
            try finish(given, of: name)
            return .string(try strip(try string(value), chars))
        case "replace":
            let old = given.take("old")
            let new = given.take("new")
            let count = given.take("count")
            try finish(given, of: name)
            guard let old, let new else { throw failure("replace needs two strings") }
            let limit = count.map { $0.isNone ? -1 : $0.index } ?? -1
            guard let limit else { throw failure("the count of replace is an integer") }
            return .string(
                try replace(
                    try string(old), with: try string(new), in: try string(value),
                    atMost: limit
                ).plain)
        case "center":
            guard let width = (given.take("width") ?? .int(80)).index else {
                throw failure("center needs a width")
            }
            try finish(given, of: name)
            return .string(
                try pad(try string(value), to: width, name, with: TemplateText(" ")))
        case "indent": return .string(try indent(value, &given))
        case "truncate": return try truncate(value, &given)
        case "wordcount":
            try finish(given, of: name)
            var words = 0
            var isInWord = false
            for scalar in try string(value).scalars {
                let isWord = scalar == "_" || PythonText.isAlphanumeric(scalar)
                if isWord, !isInWord { words += 1 }
                isInWord = isWord
            }
            return .int(words)
        case "format":
            let format = try string(value)
            if !given.keyword.isEmpty {
                guard given.positional.isEmpty else {
                    throw failure("format takes either positional or named values")
                }
                let dict = JinjaDict()
                for (name, value) in given.keyword { dict.set(TemplateText(name), value) }
                given.keyword = []
                return .string(try percentFormat(format, .dict(dict)))
            }
            let values = given.positional
            given.positional = []
            return .string(try percentFormat(format, .tuple(values)))
        default: return nil
        }
    }

    /// Jinja's own idea of a title: a letter after a space, a hyphen or an opening bracket.
    private func titleFilter(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var start = 0
        func flush(to end: Int) {
            guard start < end else { return }
            result += PythonText.upper([scalars[start]])
            result += PythonText.lower(Array(scalars[(start + 1)..<end]))
        }
        for (index, scalar) in scalars.enumerated() {
            if PythonText.isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar) {
                flush(to: index)
                result.append(scalar)
                start = index + 1
            }
        }
        flush(to: scalars.count)
        return result
    }

    private func indent(
        _ value: JinjaValue, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> TemplateText {
        let width = given.take("width") ?? .int(4)
        let indentsFirst = given.take("first")?.isTrue ?? false
        let indentsBlank = given.take("blank")?.isTrue ?? false
        try finish(given, of: "indent")
        guard case .string(var text) = value else {
            if case .undefined(let undefined) = value { throw failure(undefined.reason) }
            throw failure("indent needs a string, not a \(value.typeName)")
        }
        let margin: TemplateText
        if case .string(let spelled) = width {
            margin = spelled
        } else if let count = width.index {
            try spend(making: max(count, 0))
            margin = TemplateText(String(repeating: " ", count: max(count, 0)))
        } else {
            throw failure("the width of indent is a number or a string")
        }
        // Jinja adds a newline before it splits, so that a last line break is kept.
        text.append("\n", isTrusted: true)
        let lines = try lines(of: text)
        guard !margin.isMarkup else { throw unsupported("indent by escaped text") }
        var result = (indentsFirst ? margin : TemplateText()).marked(like: text)
        for (index, line) in lines.enumerated() {
            if index > 0 {
                result.append("\n", isTrusted: true)
                if indentsBlank || !line.isEmpty { result.append(margin) }
            }
            try spend(making: result.count + line.count)
            result.append(line)
        }
        return result
    }

    private func truncate(
        _ value: JinjaValue, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue {
        guard let length = (given.take("length") ?? .int(255)).index else {
            throw failure("truncate needs a length")
        }
        let cutsWords = given.take("killwords")?.isTrue ?? false
        let end = try string(given.take("end") ?? .text("..."))
        let leeway = given.take("leeway").flatMap { $0.isNone ? nil : $0.index } ?? 5
        try finish(given, of: "truncate")
        guard length >= end.count, leeway >= 0 else {
            throw failure("truncate needs a length of at least \(end.count)")
        }
        guard let count = try count(value) else {
            throw failure("truncate needs a string, not a \(value.typeName)")
        }
        // Whatever is short enough stays what it is.
        if length >= count || count - length <= leeway { return value }
        guard case .string(let text) = value else {
            throw failure("truncate needs a string, not a \(value.typeName)")
        }
        var result = text[0..<(length - end.count)]
        if !cutsWords, let space = result.scalars.lastIndex(of: " ") { result = result[0..<space] }
        result.append(end.escaped(for: text))
        return .string(result)
    }
}
