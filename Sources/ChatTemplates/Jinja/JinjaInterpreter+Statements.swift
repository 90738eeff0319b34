extension JinjaInterpreter {
    /// How a body ended.
    enum Flow {
        case normal
        case broke
        case continued
    }

    func run(
        _ body: [JinjaStatement], in scope: JinjaScope
    ) throws(ChatTemplateError) -> Flow {
        try enter()
        defer { leave() }
        for statement in body {
            let flow = try run(statement, in: scope)
            if flow != .normal { return flow }
        }
        return .normal
    }

    private func run(
        _ statement: JinjaStatement, in scope: JinjaScope
    ) throws(ChatTemplateError) -> Flow {
        try spend()
        offset = statement.offset
        switch statement.kind {
        case .data(let text): try write(text)
        case .output(let expression):
            let value = try evaluate(expression, in: scope)
            offset = statement.offset
            try write(try string(value))
        case .unset(let names):
            for name in names {
                let undefined = JinjaUndefined(
                    reason: "'\(name)' is undefined", isUnassigned: true)
                scope.set(name, .undefined(undefined))
            }
        case .condition(let branches, let otherwise):
            for branch in branches where try isTrue(branch.test, in: scope) {
                return try run(branch.body, in: scope)
            }
            return try run(otherwise, in: scope)
        case .loop(let loop):
            let iterable = try evaluate(loop.iterable, in: scope)
            try run(loop, over: iterable, in: scope, depth0: 0)
        case .set(let target, let expression):
            let value = try evaluate(expression, in: scope)
            offset = statement.offset
            try assign(value, to: target, in: scope)
        case .setBlock(let target, let filter, let body):
            var value = JinjaValue.string(try captured(body, in: JinjaScope(parent: scope)))
            if let filter { value = try evaluate(filter, in: scope, operand: value) }
            offset = statement.offset
            try assign(value, to: target, in: scope)
        case .with(let values, let body):
            let inner = JinjaScope(parent: scope)
            for (target, expression) in values {
                try assign(try evaluate(expression, in: scope), to: target, in: inner)
            }
            return try run(body, in: inner)
        case .macro(let macro):
            scope.set(macro.name, .macro(JinjaMacroValue(macro, scope: scope)))
        case .callBlock(let body, let call):
            guard case .call(let callee, let arguments) = call.kind else { break }
            let caller = JinjaValue.macro(JinjaMacroValue(body, scope: scope))
            let result = try self.call(
                callee, arguments, in: scope, offset: call.offset, caller: caller)
            try write(try string(result))
        case .filterBlock(let filter, let body):
            let text = try captured(body, in: JinjaScope(parent: scope))
            // Jinja writes the result as it is, without str().
            guard case .string(let result) = try evaluate(filter, in: scope, operand: .string(text))
            else { throw failure("the filter of a filter block must give a string") }
            try write(result)
        case .block(let name, let isScoped, let body):
            // A named block sees the template's own variables, not those of loops around it.
            let parent = name == nil || isScoped ? scope : root
            return try run(body, in: JinjaScope(parent: parent, isBlock: name != nil))
        case .breakLoop: return .broke
        case .continueLoop: return .continued
        }
        return .normal
    }

    private func captured(
        _ body: [JinjaStatement], in scope: JinjaScope
    ) throws(ChatTemplateError) -> TemplateText {
        try capture { () throws(ChatTemplateError) in _ = try run(body, in: scope) }
    }

    func isTrue(
        _ expression: JinjaExpression, in scope: JinjaScope
    ) throws(ChatTemplateError) -> Bool {
        let value = try evaluate(expression, in: scope)
        if case .loop(let loop) = value { return try loop.count() > 0 }
        return value.isTrue
    }

    // MARK: Loops

    func run(
        _ loop: JinjaLoop, over iterable: JinjaValue, in scope: JinjaScope, depth0: Int
    ) throws(ChatTemplateError) {
        try enter()
        defer { leave() }
        var source = try iterate(iterable)
        var count = try self.count(iterable)
        if let filter = loop.filter {
            let all = source
            count = nil
            source = JinjaIterator { [self] () throws(ChatTemplateError) in
                while let item = try all.next() {
                    let inner = JinjaScope(parent: scope)
                    try assign(item, to: loop.target, in: inner)
                    if try isTrue(filter, in: inner) {
                        // The test unpacked the item: what comes out is a tuple.
                        if case .tuple = loop.target { return .tuple(try elements(item)) }
                        return item
                    }
                }
                return nil
            }
        }
        let state = JinjaLoopState(
            loop, scope: scope, depth0: depth0, source: source, count: count)
        // As in Jinja, the else branch runs unless some turn of the loop ran to its end: also
        // where the first turn broke off.
        var runsElse = true
        while let item = try state.advance() {
            try spend()
            let inner = JinjaScope(parent: scope)
            inner.set("loop", .loop(state))
            try assign(item, to: loop.target, in: inner)
            let flow = try run(loop.body, in: inner)
            if flow == .normal { runsElse = false }
            if flow == .broke { break }
        }
        if runsElse { _ = try run(loop.otherwise, in: JinjaScope(parent: scope)) }
    }

    /// `loop(…)` of a recursive loop: the loop again, over a part of its own data.
    func recurse(
        _ state: JinjaLoopState, over iterable: JinjaValue
    ) throws(ChatTemplateError) -> JinjaValue {
        guard state.loop.isRecursive else {
            throw failure("the loop is called but not marked 'recursive'")
        }
        return .string(
            try capture { () throws(ChatTemplateError) in
                try run(state.loop, over: iterable, in: state.scope, depth0: state.depth0 + 1)
            })
    }

    func attribute(
        _ name: String, of loop: JinjaLoopState
    ) throws(ChatTemplateError) -> JinjaValue? {
        switch name {
        case "index": .int(loop.index0 + 1)
        case "index0": .int(loop.index0)
        case "revindex": .int(try loop.count() - loop.index0)
        case "revindex0": .int(try loop.count() - loop.index0 - 1)
        case "first": .bool(loop.index0 == 0)
        case "last": .bool(try loop.peek() == nil)
        case "length": .int(try loop.count())
        case "depth": .int(loop.depth0 + 1)
        case "depth0": .int(loop.depth0)
        case "previtem":
            loop.previous ?? .undefined(JinjaUndefined(reason: "there is no previous item"))
        case "nextitem":
            try loop.peek() ?? .undefined(JinjaUndefined(reason: "there is no next item"))
        case "cycle", "changed": .method(JinjaMethod(.loop(loop), name))
        default: nil
        }
    }

    // MARK: Assignment

    func assign(
        _ value: JinjaValue, to target: JinjaTarget, in scope: JinjaScope
    ) throws(ChatTemplateError) {
        switch target {
        case .name(let name): scope.set(name, value)
        case .tuple(let targets):
            let items = try elements(value)
            guard items.count == targets.count else {
                throw failure(
                    "\(targets.count) values are needed, and there are \(items.count)")
            }
            for (target, item) in zip(targets, items) {
                try assign(item, to: target, in: scope)
            }
        case .namespace(let name, let attribute):
            guard case .namespace(let namespace) = scope.lookup(name) else {
                throw failure("'\(name)' is not a namespace, so it has no attributes to set")
            }
            guard !attribute.hasPrefix("_") else {
                throw failure("a namespace attribute must not start with '_'")
            }
            namespace.values.set(TemplateText(attribute), value)
        }
    }
}
