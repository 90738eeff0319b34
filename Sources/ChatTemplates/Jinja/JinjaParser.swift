/// Builds the statements of a template from its tokens; Jinja 3.1's grammar with the
/// loop-controls extension and transformers' `generation` block.
///
/// What Jinja knows and chat templates do not use (inheritance, includes, autoescape) is an
/// error here, so that no template is half understood.
struct JinjaParser {
    let source: [Unicode.Scalar]
    var tokens: [JinjaToken]
    var position = 0
    /// Nesting of expressions and statements at this point; bounded against hostile input.
    var depth = 0
    static let deepest = 150
    /// Filters and tests that do not exist. Inside an `if` they are errors only when they are
    /// reached, as in Jinja, so templates can ask whether a filter is there.
    var unknownNames: [ChatTemplateError] = []
    var conditionalDepth = 0
    private var loopDepth = 0
    private var macroNames: [Set<String>] = []

    init(source: [Unicode.Scalar]) throws(ChatTemplateError) {
        self.source = source
        var lexer = JinjaLexer(source: source)
        tokens = try lexer.tokenize()
    }

    mutating func parse() throws(ChatTemplateError) -> [JinjaStatement] {
        let statements = try body(until: [], opener: nil)
        if let error = unknownNames.first { throw error }
        return JinjaNames.scope(statements, outer: [])
    }

    mutating func noteUnknown(_ reason: String, at offset: Int) {
        if conditionalDepth == 0 { unknownNames.append(failure(reason, at: offset)) }
    }

    // MARK: Tokens

    var current: JinjaToken { tokens[position] }

    mutating func advance() -> JinjaToken {
        let token = tokens[position]
        if position < tokens.count - 1 { position += 1 }
        return token
    }

    func failure(_ reason: String, at offset: Int? = nil) -> ChatTemplateError {
        .syntax(JinjaPosition.locate(offset ?? current.offset, in: source), reason)
    }

    func unsupported(_ feature: String, at offset: Int) -> ChatTemplateError {
        .unsupported(JinjaPosition.locate(offset, in: source), feature)
    }

    func at(_ symbol: JinjaOperator) -> Bool { current.kind == .op(symbol) }

    func at(word: String) -> Bool { current.kind == .name(word) }

    func next(is word: String) -> Bool {
        position + 1 < tokens.count && tokens[position + 1].kind == .name(word)
    }

    mutating func take(_ symbol: JinjaOperator) -> Bool {
        guard at(symbol) else { return false }
        _ = advance()
        return true
    }

    mutating func take(word: String) -> Bool {
        guard at(word: word) else { return false }
        _ = advance()
        return true
    }

    mutating func expect(_ symbol: JinjaOperator) throws(ChatTemplateError) {
        guard take(symbol) else {
            throw failure("'\(symbol.rawValue)' is expected instead of \(current.summary)")
        }
    }

    mutating func expectName() throws(ChatTemplateError) -> String {
        guard case .name(let name) = current.kind else {
            throw failure("a name is expected instead of \(current.summary)")
        }
        if macroNames.last != nil { macroNames[macroNames.count - 1].insert(name) }
        _ = advance()
        return name
    }

    private mutating func expectBlockEnd() throws(ChatTemplateError) {
        guard current.kind == .blockEnd else {
            throw failure("'%}' is expected instead of \(current.summary)")
        }
        _ = advance()
    }

    mutating func enter() throws(ChatTemplateError) {
        depth += 1
        guard depth <= Self.deepest else { throw failure("it is nested too deep") }
    }

    // MARK: Statements

    /// Statements up to a tag of one of these names, which stays the current token; up to the
    /// end of the template where there are none.
    private mutating func body(
        until ends: Set<String>, opener: (name: String, offset: Int)?
    ) throws(ChatTemplateError) -> [JinjaStatement] {
        try enter()
        defer { depth -= 1 }
        var result: [JinjaStatement] = []
        while true {
            let token = advance()
            switch token.kind {
            case .data(let text):
                result.append(.init(kind: .data(TemplateText(text)), offset: token.offset))
            case .variableBegin:
                let offset = current.offset
                let value = try tuple()
                guard current.kind == .variableEnd else {
                    throw failure("'}}' is expected instead of \(current.summary)")
                }
                _ = advance()
                result.append(.init(kind: .output(value), offset: offset))
            case .blockBegin:
                guard case .name(let name) = current.kind else {
                    throw failure("the name of a tag is expected instead of \(current.summary)")
                }
                if ends.contains(name) { return result }
                let offset = current.offset
                if let statement = try statement(name, at: offset) {
                    result += statement
                }
                try expectBlockEnd()
            case .end:
                guard let opener else { return result }
                throw failure("'\(opener.name)' is not closed", at: opener.offset)
            default:
                throw failure("\(token.summary) is not expected here", at: token.offset)
            }
        }
    }

    /// The rest of a tag, then statements up to one of `ends`.
    private mutating func statements(
        until ends: String..., opener: String, at offset: Int
    ) throws(ChatTemplateError) -> [JinjaStatement] {
        _ = take(.colon)
        try expectBlockEnd()
        return try body(until: Set(ends), opener: (opener, offset))
    }

    /// Statements with a scope of their own: an `if` around them does not count there.
    private mutating func scope(
        until ends: String..., opener: String, at offset: Int
    ) throws(ChatTemplateError) -> [JinjaStatement] {
        let outer = conditionalDepth
        conditionalDepth = 0
        defer { conditionalDepth = outer }
        _ = take(.colon)
        try expectBlockEnd()
        return try body(until: Set(ends), opener: (opener, offset))
    }

    private mutating func statement(
        _ name: String, at offset: Int
    ) throws(ChatTemplateError) -> [JinjaStatement]? {
        _ = advance()
        func one(_ kind: JinjaStatement.Kind) -> [JinjaStatement] {
            [.init(kind: kind, offset: offset)]
        }
        switch name {
        case "if": return one(try condition(at: offset))
        case "for": return one(try loop(at: offset))
        case "set": return one(try set(at: offset))
        case "with": return one(try with(at: offset))
        case "macro": return one(try macro(at: offset))
        case "call": return one(try callBlock(at: offset))
        case "filter":
            let filter = try filters(nil, startsInline: true)
            let body = try scope(until: "endfilter", opener: name, at: offset)
            _ = advance()
            return one(.filterBlock(filter!, body: body))
        case "block": return one(try block(at: offset))
        case "generation":
            let body = try scope(until: "endgeneration", opener: name, at: offset)
            _ = advance()
            return one(.block(name: nil, isScoped: true, body: body))
        case "print":
            var result: [JinjaStatement] = []
            while current.kind != .blockEnd {
                if !result.isEmpty { try expect(.comma) }
                let place = current.offset
                result.append(.init(kind: .output(try expression()), offset: place))
            }
            return result
        case "break", "continue":
            guard loopDepth > 0 else {
                throw failure("'\(name)' stands outside a loop", at: offset)
            }
            return one(name == "break" ? .breakLoop : .continueLoop)
        case "include", "import", "from", "extends", "autoescape", "do", "trans", "debug":
            throw unsupported("the tag '\(name)'", at: offset)
        default:
            throw failure("there is no tag '\(name)' here", at: offset)
        }
    }

    private mutating func condition(at offset: Int) throws(ChatTemplateError) -> JinjaStatement.Kind
    {
        conditionalDepth += 1
        defer { conditionalDepth -= 1 }
        var branches: [(test: JinjaExpression, body: [JinjaStatement])] = []
        while true {
            let test = try tuple(withConditional: false)
            let body = try statements(until: "elif", "else", "endif", opener: "if", at: offset)
            branches.append((test, body))
            if take(word: "elif") { continue }
            guard take(word: "else") else {
                _ = advance()
                return .condition(branches, otherwise: [])
            }
            let otherwise = try statements(until: "endif", opener: "if", at: offset)
            _ = advance()
            return .condition(branches, otherwise: otherwise)
        }
    }

    private mutating func loop(at offset: Int) throws(ChatTemplateError) -> JinjaStatement.Kind {
        let target = try target(endsAt: "in")
        guard take(word: "in") else {
            throw failure("'in' is expected instead of \(current.summary)")
        }
        let iterable = try tuple(withConditional: false, endsAt: "recursive")
        let filter = take(word: "if") ? try expression() : nil
        let isRecursive = take(word: "recursive")
        loopDepth += 1
        let body = try scope(until: "endfor", "else", opener: "for", at: offset)
        loopDepth -= 1
        var otherwise: [JinjaStatement] = []
        if take(word: "else") {
            otherwise = try scope(until: "endfor", opener: "for", at: offset)
        }
        _ = advance()
        return .loop(
            JinjaLoop(
                target: target, iterable: iterable, filter: filter, body: body,
                otherwise: otherwise, isRecursive: isRecursive))
    }

    private mutating func set(at offset: Int) throws(ChatTemplateError) -> JinjaStatement.Kind {
        let target = try target(allowsNamespace: true)
        if take(.assign) { return .set(target, try tuple()) }
        let filter = try filters(nil, startsInline: false)
        let body = try scope(until: "endset", opener: "set", at: offset)
        _ = advance()
        return .setBlock(target, filter: filter, body: body)
    }

    private mutating func with(at offset: Int) throws(ChatTemplateError) -> JinjaStatement.Kind {
        var values: [(JinjaTarget, JinjaExpression)] = []
        while current.kind != .blockEnd {
            if !values.isEmpty { try expect(.comma) }
            let target = try target()
            try expect(.assign)
            values.append((target, try expression()))
        }
        let body = try scope(until: "endwith", opener: "with", at: offset)
        _ = advance()
        return .with(values, body: body)
    }

    private mutating func signature() throws(ChatTemplateError) -> JinjaSignature {
        var result = JinjaSignature()
        try expect(.leftParenthesis)
        while !at(.rightParenthesis) {
            if !result.names.isEmpty { try expect(.comma) }
            result.names.append(try expectName())
            if take(.assign) {
                result.defaults.append(try expression())
            } else if !result.defaults.isEmpty {
                throw failure("a parameter without a default follows one that has one")
            }
        }
        _ = advance()
        return result
    }

    /// A macro's or call block's parts after its signature.
    private mutating func macroBody(
        _ name: String, _ signature: JinjaSignature, end: String, opener: String, at offset: Int
    ) throws(ChatTemplateError) -> JinjaMacro {
        macroNames.append([])
        let outerLoops = loopDepth
        loopDepth = 0
        let body = try scope(until: end, opener: opener, at: offset)
        loopDepth = outerLoops
        _ = advance()
        let names = macroNames.removeLast()
        if !macroNames.isEmpty { macroNames[macroNames.count - 1].formUnion(names) }
        return JinjaMacro(
            name: name, signature: signature, body: body,
            usesCaller: names.contains("caller"), usesVarargs: names.contains("varargs"),
            usesKwargs: names.contains("kwargs"))
    }

    private mutating func macro(at offset: Int) throws(ChatTemplateError) -> JinjaStatement.Kind {
        let name = try expectName()
        let signature = try signature()
        return .macro(
            try macroBody(name, signature, end: "endmacro", opener: "macro", at: offset))
    }

    private mutating func callBlock(at offset: Int) throws(ChatTemplateError) -> JinjaStatement.Kind
    {
        let signature = at(.leftParenthesis) ? try signature() : JinjaSignature()
        let place = current.offset
        let call = try expression()
        guard case .call = call.kind else {
            throw failure("a call is expected after 'call'", at: place)
        }
        let body = try macroBody("caller", signature, end: "endcall", opener: "call", at: offset)
        return .callBlock(body, call: call)
    }

    private mutating func block(at offset: Int) throws(ChatTemplateError) -> JinjaStatement.Kind {
        let name = try expectName()
        let isScoped = take(word: "scoped")
        if at(word: "required") { throw unsupported("a required block", at: offset) }
        let body = try scope(until: "endblock", opener: "block", at: offset)
        _ = advance()
        _ = take(word: name)
        return .block(name: name, isScoped: isScoped, body: body)
    }

    // MARK: Targets

    private mutating func target(
        allowsNamespace: Bool = false, endsAt end: String? = nil
    ) throws(ChatTemplateError) -> JinjaTarget {
        var items: [JinjaTarget] = []
        var isTuple = false
        while true {
            if !items.isEmpty { try expect(.comma) }
            if isTupleEnd(endsAt: end) || at(.assign) { break }
            items.append(try singleTarget(allowsNamespace: allowsNamespace))
            guard at(.comma) else { break }
            isTuple = true
        }
        if isTuple { return .tuple(items) }
        guard let only = items.first else {
            throw failure("a name to assign to is expected instead of \(current.summary)")
        }
        return only
    }

    private mutating func singleTarget(
        allowsNamespace: Bool
    ) throws(ChatTemplateError) -> JinjaTarget {
        try enter()
        defer { depth -= 1 }
        if take(.leftParenthesis) {
            let inner = try target(allowsNamespace: false)
            try expect(.rightParenthesis)
            return inner
        }
        let offset = current.offset
        let name = try expectName()
        if ["true", "false", "none", "True", "False", "None"].contains(name) {
            throw failure("'\(name)' cannot be assigned to", at: offset)
        }
        if allowsNamespace, take(.dot) {
            return .namespace(name, attribute: try expectName())
        }
        return .name(name)
    }
}
