/// Where names live, as Jinja decides when it compiles a template.
///
/// A name that a scope assigns before it reads it belongs to that scope from the start: a loop
/// or a macro inside, run before the assignment, finds it undefined, even where the caller gave
/// the template a value of this name. So each scope gets an ``JinjaStatement/Kind/unset(_:)``
/// of such names at its head; everything else follows from looking names up while it runs.
struct JinjaNames {
    /// Names of the scopes around this one.
    private let outer: Set<String>
    /// Names this scope reads or assigns.
    private var names: Set<String> = []
    private var assigned: Set<String> = []
    private var unset: Set<String> = []

    private init(outer: Set<String>) { self.outer = outer }

    /// The body of a scope with what ``unset`` has to say, and so every scope inside.
    ///
    /// - Parameters:
    ///   - parameters: names that have a value when the body starts.
    ///   - reading: expressions that belong to the scope but stand outside its body.
    static func scope(
        _ body: [JinjaStatement], outer: Set<String>, parameters: [String] = [],
        reading: [JinjaExpression] = []
    ) -> [JinjaStatement] {
        var scope = JinjaNames(outer: outer)
        for name in parameters { scope.give(name) }
        for expression in reading { scope.read(expression) }
        scope.visit(body)
        let known = outer.union(scope.names)
        var result = inner(body, outer: known)
        if let first = body.first, !scope.unset.isEmpty {
            let statement = JinjaStatement(
                kind: .unset(scope.unset.sorted()), offset: first.offset)
            result.insert(statement, at: 0)
        }
        return result
    }

    // MARK: Names of one scope

    private mutating func give(_ name: String) {
        assigned.insert(name)
        names.insert(name)
    }

    private mutating func assign(_ name: String) {
        assigned.insert(name)
        guard names.insert(name).inserted, !outer.contains(name) else { return }
        unset.insert(name)
    }

    private mutating func read(_ name: String) {
        if !outer.contains(name) { names.insert(name) }
    }

    private mutating func assign(_ target: JinjaTarget) {
        switch target {
        case .name(let name): assign(name)
        case .tuple(let targets): for target in targets { assign(target) }
        case .namespace(let name, _): read(name)
        }
    }

    /// Statements of the scope itself; what has a scope of its own is not entered.
    private mutating func visit(_ body: [JinjaStatement]) {
        for statement in body {
            switch statement.kind {
            case .data, .unset, .block, .breakLoop, .continueLoop: break
            case .output(let expression): read(expression)
            case .condition(let branches, let otherwise):
                visit(branches: branches, otherwise: otherwise)
            case .loop(let loop): read(loop.iterable)
            case .set(let target, let expression):
                read(expression)
                assign(target)
            case .setBlock(let target, _, _): assign(target)
            case .with(let values, _): for (_, value) in values { read(value) }
            case .macro(let macro): assign(macro.name)
            case .callBlock(_, let call): read(call)
            case .filterBlock(let filter, _): read(filter)
            }
        }
    }

    /// What only some branches assign comes from the caller where they are not taken.
    private mutating func visit(
        branches: [(test: JinjaExpression, body: [JinjaStatement])],
        otherwise: [JinjaStatement]
    ) {
        guard let first = branches.first else { return visit(otherwise) }
        read(first.test)
        var taken = self
        taken.visit(first.body)
        var others: [JinjaNames] = []
        // Each 'elif' sees the names of those before it.
        var elif = self
        for branch in branches.dropFirst() {
            elif.visit(branches: [branch], otherwise: [])
        }
        others.append(elif)
        var last = self
        last.visit(otherwise)
        others.append(last)
        var some: Set<String> = []
        for branch in [taken] + others {
            some.formUnion(branch.assigned)
            names.formUnion(branch.names)
            unset.formUnion(branch.unset)
        }
        unset.subtract(some.subtracting(assigned))
        assigned.formUnion(some)
    }

    /// Chains lean to the left: that way is gone in a loop, which keeps the stack flat.
    private mutating func read(_ expression: JinjaExpression) {
        var next: JinjaExpression? = expression
        while let expression = next {
            next = nil
            switch expression.kind {
            case .constant: break
            case .name(let name): read(name)
            case .list(let items), .tuple(let items), .concat(let items):
                for item in items { read(item) }
            case .dict(let items):
                for (key, value) in items {
                    read(key)
                    read(value)
                }
            case .attribute(let inner, _), .not(let inner), .negate(let inner), .plus(let inner):
                next = inner
            case .item(let left, let right), .and(let left, let right), .or(let left, let right),
                .binary(_, let left, let right):
                read(right)
                next = left
            case .slice(let start, let stop, let step):
                for case let part? in [start, stop, step] { read(part) }
            case .call(let callee, let arguments):
                read(arguments)
                next = callee
            case .filter(let inner, _, let arguments):
                read(arguments)
                next = inner
            case .test(let inner, _, let arguments):
                read(arguments)
                next = inner
            case .compare(let left, let rest):
                for (_, right) in rest { read(right) }
                next = left
            case .conditional(let test, let then, let otherwise):
                read(then)
                if let otherwise { read(otherwise) }
                next = test
            }
        }
    }

    private mutating func read(_ arguments: JinjaArguments) {
        for value in arguments.positional { read(value) }
        for (_, value) in arguments.keyword { read(value) }
        if let spread = arguments.spread { read(spread) }
        if let spread = arguments.keywordSpread { read(spread) }
    }

    // MARK: Scopes inside

    private static func inner(_ body: [JinjaStatement], outer: Set<String>) -> [JinjaStatement] {
        body.map { statement in
            JinjaStatement(kind: inner(statement.kind, outer: outer), offset: statement.offset)
        }
    }

    private static func inner(
        _ kind: JinjaStatement.Kind, outer: Set<String>
    ) -> JinjaStatement.Kind {
        switch kind {
        case .condition(let branches, let otherwise):
            return .condition(
                branches.map { ($0.test, inner($0.body, outer: outer)) },
                otherwise: inner(otherwise, outer: outer))
        case .loop(var loop):
            loop.body = scope(
                loop.body, outer: outer, parameters: ["loop"] + names(of: loop.target))
            loop.otherwise = scope(loop.otherwise, outer: outer)
            return .loop(loop)
        case .setBlock(let target, let filter, let body):
            return .setBlock(target, filter: filter, body: scope(body, outer: outer))
        case .with(let values, let body):
            let parameters = values.flatMap { names(of: $0.0) }
            return .with(values, body: scope(body, outer: outer, parameters: parameters))
        case .macro(let macro): return .macro(inner(macro, outer: outer))
        case .callBlock(let body, let call):
            return .callBlock(inner(body, outer: outer), call: call)
        case .filterBlock(let filter, let body):
            return .filterBlock(filter, body: scope(body, outer: outer))
        case .block(let name, let isScoped, let body):
            // A named block sees what has a value when it runs.
            return .block(
                name: name, isScoped: isScoped,
                body: scope(body, outer: name == nil ? outer : []))
        case .data, .output, .unset, .set, .breakLoop, .continueLoop: return kind
        }
    }

    private static func inner(_ macro: JinjaMacro, outer: Set<String>) -> JinjaMacro {
        var macro = macro
        var parameters = macro.signature.names
        if macro.usesCaller { parameters.append("caller") }
        if macro.usesVarargs { parameters.append("varargs") }
        if macro.usesKwargs { parameters.append("kwargs") }
        macro.body = scope(
            macro.body, outer: outer, parameters: parameters, reading: macro.signature.defaults)
        return macro
    }

    private static func names(of target: JinjaTarget) -> [String] {
        switch target {
        case .name(let name): [name]
        case .tuple(let targets): targets.flatMap { names(of: $0) }
        case .namespace: []
        }
    }
}
