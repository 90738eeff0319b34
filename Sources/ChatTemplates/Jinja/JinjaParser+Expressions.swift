/// Expressions, from the loosest binding to the tightest, as Jinja's own parser orders them.
extension JinjaParser {
    mutating func expression(
        withConditional: Bool = true
    ) throws(ChatTemplateError) -> JinjaExpression {
        try enter()
        defer { depth -= 1 }
        return withConditional ? try conditional() : try disjunction()
    }

    /// `a + b + c …` makes a tree that leans to the left, and freeing it takes a stack frame
    /// a link.
    private func link(_ links: inout Int) throws(ChatTemplateError) {
        links += 1
        guard links <= 2000 else { throw failure("the expression has too many parts") }
    }

    func isTupleEnd(endsAt word: String? = nil) -> Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .op(.rightParenthesis): true
        case .name(let name): name == word
        default: false
        }
    }

    /// One expression, or several with commas between them: a tuple.
    mutating func tuple(
        withConditional: Bool = true, endsAt word: String? = nil, isParenthesized: Bool = false
    ) throws(ChatTemplateError) -> JinjaExpression {
        let offset = current.offset
        var items: [JinjaExpression] = []
        var isTuple = false
        while true {
            if !items.isEmpty { try expect(.comma) }
            if isTupleEnd(endsAt: word) { break }
            items.append(try expression(withConditional: withConditional))
            guard at(.comma) else { break }
            isTuple = true
        }
        if !isTuple {
            if let only = items.first { return only }
            guard isParenthesized else {
                throw failure("an expression is expected instead of \(current.summary)")
            }
        }
        return JinjaExpression(kind: .tuple(items), offset: offset)
    }

    private mutating func conditional() throws(ChatTemplateError) -> JinjaExpression {
        let offset = current.offset
        let known = unknownNames.count
        var result = try disjunction()
        var links = 0
        defer { depth -= links }
        while at(word: "if") {
            _ = advance()
            // What was read already is the conditional part.
            unknownNames.removeSubrange(known...)
            try enter()
            links += 1
            conditionalDepth += 1
            defer { conditionalDepth -= 1 }
            let test = try disjunction()
            var otherwise: JinjaExpression?
            if take(word: "else") {
                try enter()
                defer { depth -= 1 }
                otherwise = try conditional()
            }
            result = JinjaExpression(
                kind: .conditional(test: test, then: result, otherwise: otherwise),
                offset: offset)
        }
        return result
    }

    private mutating func disjunction() throws(ChatTemplateError) -> JinjaExpression {
        let offset = current.offset
        var left = try conjunction()
        var links = 0
        while take(word: "or") {
            try link(&links)
            left = JinjaExpression(kind: .or(left, try conjunction()), offset: offset)
        }
        return left
    }

    private mutating func conjunction() throws(ChatTemplateError) -> JinjaExpression {
        let offset = current.offset
        var left = try negation()
        var links = 0
        while take(word: "and") {
            try link(&links)
            left = JinjaExpression(kind: .and(left, try negation()), offset: offset)
        }
        return left
    }

    private mutating func negation() throws(ChatTemplateError) -> JinjaExpression {
        let offset = current.offset
        guard take(word: "not") else { return try comparison() }
        try enter()
        defer { depth -= 1 }
        return JinjaExpression(kind: .not(try negation()), offset: offset)
    }

    private mutating func comparison() throws(ChatTemplateError) -> JinjaExpression {
        let offset = current.offset
        let left = try sum()
        var rest: [(JinjaComparison, JinjaExpression)] = []
        while true {
            let comparison: JinjaComparison
            switch current.kind {
            case .op(.equal): comparison = .equal
            case .op(.notEqual): comparison = .notEqual
            case .op(.less): comparison = .less
            case .op(.lessOrEqual): comparison = .lessOrEqual
            case .op(.greater): comparison = .greater
            case .op(.greaterOrEqual): comparison = .greaterOrEqual
            case .name("in"): comparison = .isIn
            case .name("not") where next(is: "in"):
                _ = advance()
                comparison = .notIn
            default:
                return rest.isEmpty
                    ? left : JinjaExpression(kind: .compare(left, rest), offset: offset)
            }
            _ = advance()
            rest.append((comparison, try sum()))
        }
    }

    private mutating func sum() throws(ChatTemplateError) -> JinjaExpression {
        var left = try concatenation()
        var links = 0
        while case .op(let symbol) = current.kind, symbol == .add || symbol == .subtract {
            try link(&links)
            let offset = advance().offset
            left = JinjaExpression(
                kind: .binary(symbol, left, try concatenation()), offset: offset)
        }
        return left
    }

    private mutating func concatenation() throws(ChatTemplateError) -> JinjaExpression {
        let offset = current.offset
        var items = [try product()]
        while take(.tilde) { items.append(try product()) }
        return items.count == 1
            ? items[0] : JinjaExpression(kind: .concat(items), offset: offset)
    }

    private mutating func product() throws(ChatTemplateError) -> JinjaExpression {
        var left = try power()
        var links = 0
        while case .op(let symbol) = current.kind,
            [.multiply, .divide, .floorDivide, .modulo].contains(symbol)
        {
            try link(&links)
            let offset = advance().offset
            left = JinjaExpression(kind: .binary(symbol, left, try power()), offset: offset)
        }
        return left
    }

    private mutating func power() throws(ChatTemplateError) -> JinjaExpression {
        var left = try unary()
        var links = 0
        while at(.power) {
            try link(&links)
            let offset = advance().offset
            left = JinjaExpression(kind: .binary(.power, left, try unary()), offset: offset)
        }
        return left
    }

    private mutating func unary(
        withFilters: Bool = true
    ) throws(ChatTemplateError) -> JinjaExpression {
        try enter()
        defer { depth -= 1 }
        let offset = current.offset
        var result: JinjaExpression
        if take(.subtract) {
            result = JinjaExpression(kind: .negate(try unary(withFilters: false)), offset: offset)
        } else if take(.add) {
            result = JinjaExpression(kind: .plus(try unary(withFilters: false)), offset: offset)
        } else {
            result = try primary()
        }
        result = try postfix(result)
        return withFilters ? try filtersAndTests(result) : result
    }

    private mutating func primary() throws(ChatTemplateError) -> JinjaExpression {
        let token = current
        func constant(_ value: JinjaConstant) -> JinjaExpression {
            JinjaExpression(kind: .constant(value), offset: token.offset)
        }
        switch token.kind {
        case .name(let name):
            _ = try expectName()
            switch name {
            case "true", "True": return constant(.bool(true))
            case "false", "False": return constant(.bool(false))
            case "none", "None": return constant(.none)
            default: return JinjaExpression(kind: .name(name), offset: token.offset)
            }
        case .string:
            // Neighbouring strings are one.
            var text = TemplateText()
            while case .string(let part) = current.kind {
                text.append(part)
                _ = advance()
            }
            return constant(.string(text))
        case .integer(let value):
            _ = advance()
            return constant(.int(value))
        case .float(let value):
            _ = advance()
            return constant(.float(value))
        case .op(.leftParenthesis):
            _ = advance()
            let result = try tuple(isParenthesized: true)
            try expect(.rightParenthesis)
            return result
        case .op(.leftBracket): return try list()
        case .op(.leftBrace): return try dict()
        default: throw failure("\(token.summary) is not expected here")
        }
    }

    private mutating func list() throws(ChatTemplateError) -> JinjaExpression {
        let offset = advance().offset
        var items: [JinjaExpression] = []
        while !at(.rightBracket) {
            if !items.isEmpty { try expect(.comma) }
            if at(.rightBracket) { break }
            items.append(try expression())
        }
        _ = advance()
        return JinjaExpression(kind: .list(items), offset: offset)
    }

    private mutating func dict() throws(ChatTemplateError) -> JinjaExpression {
        let offset = advance().offset
        var items: [(key: JinjaExpression, value: JinjaExpression)] = []
        while !at(.rightBrace) {
            if !items.isEmpty { try expect(.comma) }
            if at(.rightBrace) { break }
            let key = try expression()
            try expect(.colon)
            items.append((key, try expression()))
        }
        _ = advance()
        return JinjaExpression(kind: .dict(items), offset: offset)
    }

    private mutating func postfix(
        _ operand: JinjaExpression
    ) throws(ChatTemplateError) -> JinjaExpression {
        var result = operand
        var links = 0
        defer { depth -= links }
        while true {
            let offset = current.offset
            if take(.dot) {
                if case .integer(let index) = current.kind {
                    let number = advance()
                    let key = JinjaExpression(kind: .constant(.int(index)), offset: number.offset)
                    result = JinjaExpression(kind: .item(result, key), offset: offset)
                } else {
                    // Not a variable: it must not count as a use of `caller` and the like.
                    guard case .name(let name) = current.kind else {
                        throw failure("a name is expected instead of \(current.summary)")
                    }
                    _ = advance()
                    result = JinjaExpression(kind: .attribute(result, name), offset: offset)
                }
            } else if at(.leftBracket) {
                result = JinjaExpression(kind: .item(result, try subscripts()), offset: offset)
            } else if at(.leftParenthesis) {
                result = JinjaExpression(kind: .call(result, try arguments()), offset: offset)
            } else {
                return result
            }
            // A chain is as deep to evaluate as a nest of brackets.
            try enter()
            links += 1
        }
    }

    private mutating func subscripts() throws(ChatTemplateError) -> JinjaExpression {
        let offset = advance().offset
        var items: [JinjaExpression] = []
        while !at(.rightBracket) {
            if !items.isEmpty { try expect(.comma) }
            items.append(try oneSubscript())
        }
        _ = advance()
        if items.count == 1 { return items[0] }
        if items.contains(where: { if case .slice = $0.kind { true } else { false } }) {
            throw unsupported("a subscript of several slices", at: offset)
        }
        return JinjaExpression(kind: .tuple(items), offset: offset)
    }

    private mutating func oneSubscript() throws(ChatTemplateError) -> JinjaExpression {
        let offset = current.offset
        func isEnd() -> Bool { at(.colon) || at(.rightBracket) || at(.comma) }
        var start: JinjaExpression?
        if !at(.colon) {
            start = try expression()
            if !at(.colon) { return start! }
        }
        _ = advance()
        let stop = isEnd() ? nil : try expression()
        var step: JinjaExpression?
        if take(.colon), !at(.rightBracket), !at(.comma) { step = try expression() }
        return JinjaExpression(kind: .slice(start: start, stop: stop, step: step), offset: offset)
    }

    private mutating func arguments() throws(ChatTemplateError) -> JinjaArguments {
        let offset = advance().offset
        var result = JinjaArguments()
        var needsComma = false
        while !at(.rightParenthesis) {
            if needsComma {
                try expect(.comma)
                if at(.rightParenthesis) { break }
            }
            needsComma = true
            if take(.multiply) {
                guard result.spread == nil, result.keywordSpread == nil else {
                    throw failure("the arguments are in the wrong order", at: offset)
                }
                result.spread = try expression()
            } else if take(.power) {
                guard result.keywordSpread == nil else {
                    throw failure("the arguments are in the wrong order", at: offset)
                }
                result.keywordSpread = try expression()
            } else if case .name(let name) = current.kind,
                tokens[position + 1].kind == .op(.assign)
            {
                guard result.keywordSpread == nil else {
                    throw failure("the arguments are in the wrong order", at: offset)
                }
                guard !result.keyword.contains(where: { $0.name == name }) else {
                    throw failure("the argument '\(name)' is given twice")
                }
                position += 2
                result.keyword.append((name, try expression()))
            } else {
                guard result.spread == nil, result.keywordSpread == nil, result.keyword.isEmpty
                else { throw failure("a positional argument follows a named one") }
                result.positional.append(try expression())
            }
        }
        _ = advance()
        return result
    }

    // MARK: Filters and tests

    private mutating func filtersAndTests(
        _ operand: JinjaExpression
    ) throws(ChatTemplateError) -> JinjaExpression {
        var result = operand
        var links = 0
        defer { depth -= links }
        while true {
            let offset = current.offset
            if at(.pipe) {
                result = try filters(result, startsInline: false)!
            } else if at(word: "is") {
                result = try test(result)
            } else if at(.leftParenthesis) {
                result = JinjaExpression(kind: .call(result, try arguments()), offset: offset)
            } else {
                return result
            }
            try enter()
            links += 1
        }
    }

    private mutating func dottedName() throws(ChatTemplateError) -> String {
        var parts: [String] = []
        repeat {
            guard case .name(let part) = current.kind else {
                throw failure("a name is expected instead of \(current.summary)")
            }
            _ = advance()
            parts.append(part)
        } while take(.dot)
        return parts.joined(separator: ".")
    }

    /// `| name(…) | name`; without the first bar where `startsInline`.
    mutating func filters(
        _ operand: JinjaExpression?, startsInline: Bool
    ) throws(ChatTemplateError) -> JinjaExpression? {
        var result = operand
        var isFirst = startsInline
        var links = 0
        defer { depth -= links }
        while isFirst || take(.pipe) {
            isFirst = false
            let offset = current.offset
            let name = try dottedName()
            switch JinjaFilters.support(name) {
            case .known: break
            case .unsupported: throw unsupported("the filter '\(name)'", at: offset)
            case .unknown:
                noteUnknown("there is no filter '\(name)'", at: offset)
            }
            let arguments = at(.leftParenthesis) ? try arguments() : JinjaArguments()
            result = JinjaExpression(
                kind: .filter(result, name: name, arguments), offset: offset)
            try enter()
            links += 1
        }
        return result
    }

    private mutating func test(
        _ operand: JinjaExpression
    ) throws(ChatTemplateError) -> JinjaExpression {
        let offset = advance().offset
        let isNegated = take(word: "not")
        let nameOffset = current.offset
        let name = try dottedName()
        if !JinjaTests.names.contains(name) {
            noteUnknown("there is no test '\(name)'", at: nameOffset)
        }
        var arguments = JinjaArguments()
        switch current.kind {
        case .op(.leftParenthesis):
            arguments = try self.arguments()
        case .name("else"), .name("or"), .name("and"): break
        case .name("is"): throw failure("tests with 'is' cannot be chained")
        case .name, .string, .integer, .float, .op(.leftBracket), .op(.leftBrace):
            arguments.positional = [try postfix(try primary())]
        default: break
        }
        let result = JinjaExpression(kind: .test(operand, name: name, arguments), offset: offset)
        return isNegated ? JinjaExpression(kind: .not(result), offset: offset) : result
    }
}
