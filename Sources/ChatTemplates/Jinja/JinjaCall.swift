/// The evaluated arguments of a call. Taking one away leaves the rest, so that what is left
/// at the end is what the callee does not know.
struct JinjaCall {
    var positional: [JinjaValue] = []
    var keyword: [(name: String, value: JinjaValue)] = []

    mutating func takeKeyword(_ name: String) -> JinjaValue? {
        guard let index = keyword.firstIndex(where: { $0.name == name }) else { return nil }
        return keyword.remove(at: index).value
    }

    /// The next positional argument, or the keyword argument of this name.
    mutating func take(_ name: String) -> JinjaValue? {
        positional.isEmpty ? takeKeyword(name) : positional.removeFirst()
    }
}

extension JinjaInterpreter {
    func evaluate(
        _ arguments: JinjaArguments, in scope: JinjaScope
    ) throws(ChatTemplateError) -> JinjaCall {
        var result = JinjaCall()
        for argument in arguments.positional {
            result.positional.append(try evaluate(argument, in: scope))
        }
        if let spread = arguments.spread {
            let items = try elements(try evaluate(spread, in: scope))
            try spend(listing: items.count)
            result.positional += items
        }
        for (name, value) in arguments.keyword {
            result.keyword.append((name, try evaluate(value, in: scope)))
        }
        if let spread = arguments.keywordSpread {
            let value = try evaluate(spread, in: scope)
            guard case .dict(let dict) = value else {
                throw failure("'**' needs a dict, not a \(value.typeName)")
            }
            try spend(dict.count)
            for (key, value) in zip(dict.keys, dict.values) {
                guard case .string(let name) = key else {
                    throw failure("the names of arguments must be strings")
                }
                result.keyword.append((name.string, value))
            }
        }
        return result
    }

    /// Nothing may be left of the arguments.
    func finish(_ call: JinjaCall, of callee: String) throws(ChatTemplateError) {
        if let extra = call.keyword.first {
            throw failure("\(callee) takes no argument '\(extra.name)'")
        }
        if !call.positional.isEmpty { throw failure("\(callee) is given too many arguments") }
    }

    func call(
        _ callee: JinjaExpression, _ arguments: JinjaArguments, in scope: JinjaScope,
        offset place: Int, caller: JinjaValue?
    ) throws(ChatTemplateError) -> JinjaValue {
        let target = try evaluate(callee, in: scope)
        var given = try evaluate(arguments, in: scope)
        if let caller { given.keyword.append(("caller", caller)) }
        offset = callee.offset
        return try call(target, &given)
    }

    func call(_ target: JinjaValue, _ given: inout JinjaCall) throws(ChatTemplateError)
        -> JinjaValue
    {
        try spend()
        switch target {
        case .undefined(let undefined): throw failure(undefined.reason)
        case .macro(let macro): return try call(macro, given)
        case .function(let function): return try call(function, &given)
        case .method(let method): return try call(method, &given)
        case .loop(let loop):
            guard let iterable = given.take("iterable") else {
                throw failure("loop() needs what to go over")
            }
            try finish(given, of: "loop()")
            return try recurse(loop, over: iterable)
        case .joiner(let joiner):
            try finish(given, of: "joiner()")
            defer { joiner.isUsed = true }
            return joiner.isUsed ? joiner.separator : .text("")
        default: throw failure("a \(target.typeName) cannot be called")
        }
    }

    private func call(
        _ value: JinjaMacroValue, _ given: JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue {
        var given = given
        let macro = value.macro
        let signature = macro.signature
        let place = offset
        let scope = JinjaScope(parent: value.scope)
        let firstDefault = signature.names.count - signature.defaults.count
        let title = "the macro '\(macro.name)'"
        for (index, name) in signature.names.enumerated() {
            if !given.positional.isEmpty {
                scope.set(name, given.positional.removeFirst())
            } else if let named = given.takeKeyword(name) {
                scope.set(name, named)
            } else if index >= firstDefault {
                // Defaults see the parameters before them.
                scope.set(
                    name, try evaluate(signature.defaults[index - firstDefault], in: scope))
            } else {
                scope.set(
                    name,
                    .undefined(JinjaUndefined(reason: "parameter '\(name)' was not provided")))
            }
        }
        offset = place
        if macro.usesCaller, !signature.names.contains("caller") {
            scope.set(
                "caller",
                given.takeKeyword("caller")
                    ?? .undefined(JinjaUndefined(reason: "No caller defined")))
        }
        if macro.usesKwargs {
            let dict = JinjaDict()
            for (name, value) in given.keyword { dict.set(TemplateText(name), value) }
            given.keyword = []
            scope.set("kwargs", .dict(dict))
        }
        if macro.usesVarargs {
            scope.set("varargs", .tuple(given.positional))
            given.positional = []
        }
        try finish(given, of: title)
        return .string(
            try capture { () throws(ChatTemplateError) in
                _ = try run(macro.body, in: scope)
            })
    }
}
