import Foundation

extension JinjaInterpreter {
    /// - Parameter operand: what the first filter of a filter block or block set works on.
    func evaluate(
        _ expression: JinjaExpression, in scope: JinjaScope, operand: JinjaValue? = nil
    ) throws(ChatTemplateError) -> JinjaValue {
        try enter()
        defer { leave() }
        try spend()
        offset = expression.offset
        switch expression.kind {
        case .constant(let constant): return value(of: constant)
        case .name(let name):
            return scope.lookup(name)
                ?? .undefined(JinjaUndefined(reason: "'\(name)' is undefined"))
        case .list(let items): return .list(try evaluate(all: items, in: scope))
        case .tuple(let items): return .tuple(try evaluate(all: items, in: scope))
        case .dict(let items):
            let dict = JinjaDict()
            for (key, value) in items {
                let spelled = try evaluate(key, in: scope)
                dict.set(try hashed(spelled), try evaluate(value, in: scope), spelled: spelled)
            }
            return .dict(dict)
        case .attribute(let object, let name):
            let value = try evaluate(object, in: scope)
            offset = expression.offset
            return try attribute(name, of: value)
        case .item(let object, let index):
            let value = try evaluate(object, in: scope)
            if case .slice(let start, let stop, let step) = index.kind {
                return try slice(value, start, stop, step, in: scope, offset: expression.offset)
            }
            let key = try evaluate(index, in: scope)
            offset = expression.offset
            return try item(key, of: value)
        case .slice: throw failure("a slice has no place here")
        case .call(let callee, let arguments):
            return try call(
                callee, arguments, in: scope, offset: expression.offset, caller: nil)
        case .filter(let inner, let name, let arguments):
            let value: JinjaValue
            if let inner {
                value = try evaluate(inner, in: scope, operand: operand)
            } else if let operand {
                value = operand
            } else {
                throw failure("the filter '\(name)' has nothing to work on")
            }
            var given = try evaluate(arguments, in: scope)
            offset = expression.offset
            return try apply(filter: name, to: value, &given)
        case .test(let inner, let name, let arguments):
            let value = try evaluate(inner, in: scope)
            var given = try evaluate(arguments, in: scope)
            offset = expression.offset
            return .bool(try apply(test: name, to: value, &given))
        case .not(let inner): return .bool(!(try isTrue(inner, in: scope)))
        case .negate(let inner), .plus(let inner):
            let value = try evaluate(inner, in: scope)
            offset = expression.offset
            if case .negate = expression.kind { return try negate(value) }
            guard let number = try needsNumber(value, for: "+") else { return value }
            return self.value(of: number)
        case .and, .or, .binary: return try evaluateChain(expression, in: scope)
        case .concat(let items):
            var result = TemplateText()
            for item in items {
                let text = try string(try evaluate(item, in: scope))
                try spend(making: result.count + text.count)
                result.append(text)
            }
            return .string(result)
        case .compare(let left, let rest):
            var value = try evaluate(left, in: scope)
            for (comparison, right) in rest {
                let next = try evaluate(right, in: scope)
                offset = expression.offset
                guard try compare(value, comparison, next) else { return .bool(false) }
                value = next
            }
            return .bool(true)
        case .conditional(let test, let then, let otherwise):
            if try isTrue(test, in: scope) { return try evaluate(then, in: scope) }
            if let otherwise { return try evaluate(otherwise, in: scope) }
            return .undefined(
                JinjaUndefined(
                    reason: "the inline if has no else and its condition is false"))
        }
    }

    /// `a + b + c …` leans to the left; going down it in a loop keeps the stack flat.
    private func evaluateChain(
        _ expression: JinjaExpression, in scope: JinjaScope
    ) throws(ChatTemplateError) -> JinjaValue {
        var links: [JinjaExpression] = []
        var head = expression
        descent: while true {
            switch head.kind {
            case .and(let left, _), .or(let left, _), .binary(_, let left, _):
                links.append(head)
                head = left
            default: break descent
            }
        }
        var value = try evaluate(head, in: scope)
        for link in links.reversed() {
            try spend()
            switch link.kind {
            case .and(_, let right):
                if try truth(value) { value = try evaluate(right, in: scope) }
            case .or(_, let right):
                if !(try truth(value)) { value = try evaluate(right, in: scope) }
            case .binary(let symbol, _, let right):
                let other = try evaluate(right, in: scope)
                offset = link.offset
                value = try arithmetic(value, symbol, other)
            default: break
            }
        }
        return value
    }

    private func truth(_ value: JinjaValue) throws(ChatTemplateError) -> Bool {
        if case .loop(let loop) = value { return try loop.count() > 0 }
        return value.isTrue
    }

    private func evaluate(
        all items: [JinjaExpression], in scope: JinjaScope
    ) throws(ChatTemplateError) -> [JinjaValue] {
        var result: [JinjaValue] = []
        result.reserveCapacity(items.count)
        for item in items { result.append(try evaluate(item, in: scope)) }
        return result
    }

    private func value(of constant: JinjaConstant) -> JinjaValue {
        switch constant {
        case .none: .none
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .float(let value): .float(value)
        case .string(let text): .string(text)
        }
    }

    func value(of number: JinjaNumber) -> JinjaValue {
        switch number {
        case .int(let value): .int(value)
        case .float(let value): .float(value)
        }
    }

    func hashed(_ value: JinjaValue) throws(ChatTemplateError) -> JinjaKey {
        guard let key = JinjaKey(value) else {
            throw failure("a \(value.typeName) cannot be a key")
        }
        return key
    }

    // MARK: Comparison

    func compare(
        _ a: JinjaValue, _ comparison: JinjaComparison, _ b: JinjaValue
    ) throws(ChatTemplateError) -> Bool {
        switch comparison {
        case .equal: return JinjaValue.areEqual(a, b)
        case .notEqual: return !JinjaValue.areEqual(a, b)
        case .isIn: return try contains(b, a)
        case .notIn: return !(try contains(b, a))
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            guard let order = try order(a, b) else { return false }
            switch comparison {
            case .less: return order < 0
            case .lessOrEqual: return order <= 0
            case .greater: return order > 0
            default: return order >= 0
            }
        }
    }

    /// Nil for NaN, which has no order but may be compared.
    func order(_ a: JinjaValue, _ b: JinjaValue) throws(ChatTemplateError) -> Int? {
        if let order = JinjaValue.compare(a, b) { return order }
        if a.number != nil, b.number != nil { return nil }
        for case .undefined(let undefined) in [a, b] { throw failure(undefined.reason) }
        throw failure("a \(a.typeName) and a \(b.typeName) cannot be ordered")
    }

    func contains(_ container: JinjaValue, _ value: JinjaValue) throws(ChatTemplateError) -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let part) = value else {
                throw failure("'in' a string needs a string on its left, not a \(value.typeName)")
            }
            try spend(text.count / 16)
            return text.firstIndex(of: part) != nil
        case .dict(let dict): return try hasKey(value, dict)
        case .view(let view) where view.kind == .keys: return try hasKey(value, view.dict)
        case .range(let range):
            guard let number = value.number else { return false }
            guard case .some(let whole) = Int(exactly: number.double), range.count > 0 else {
                return false
            }
            let distance = whole - range.start
            return distance % range.step == 0 && distance / range.step >= 0
                && distance / range.step < range.count
        case .iterator(let iterator):
            while let item = try iterator.next() {
                try spend()
                if JinjaValue.areEqual(item, value) { return true }
            }
            return false
        default:
            let items = try elements(container)
            try spend(items.count)
            return items.contains { JinjaValue.areEqual($0, value) }
        }
    }

    private func hasKey(_ value: JinjaValue, _ dict: JinjaDict) throws(ChatTemplateError) -> Bool {
        switch value {
        case .list, .dict, .view: throw failure("a \(value.typeName) cannot be a key")
        default: return JinjaKey(value).map(dict.contains) ?? false
        }
    }

    // MARK: Items

    func item(_ key: JinjaValue, of object: JinjaValue) throws(ChatTemplateError) -> JinjaValue {
        switch object {
        case .undefined(let undefined): throw failure(undefined.reason)
        case .dict(let dict):
            if let hashed = JinjaKey(key), let value = dict[hashed] { return value }
        case .list(let list):
            if let value = element(list.items.count, key, { list.items[$0] }) { return value }
        case .tuple(let items):
            if let value = element(items.count, key, { items[$0] }) { return value }
        case .string(let text):
            if let value = element(text.count, key, { .string(text[$0]) }) { return value }
        case .range(let range):
            if let value = element(range.count, key, { .int(range[$0]) }) { return value }
        default: break
        }
        if case .string(let name) = key {
            return try attribute(name.string, of: object, allowsItem: false)
        }
        let spelled = try repr(key).string
        return .undefined(
            JinjaUndefined(reason: "\(object.typeName) object has no element \(spelled)"))
    }

    private func element(
        _ count: Int, _ key: JinjaValue, _ get: (Int) -> JinjaValue
    ) -> JinjaValue? {
        guard let index = key.index else { return nil }
        let place = index < 0 ? index &+ count : index
        return place >= 0 && place < count ? get(place) : nil
    }

    private func slice(
        _ value: JinjaValue, _ start: JinjaExpression?, _ stop: JinjaExpression?,
        _ step: JinjaExpression?, in scope: JinjaScope, offset place: Int
    ) throws(ChatTemplateError) -> JinjaValue {
        func bound(_ expression: JinjaExpression?) throws(ChatTemplateError) -> Int? {
            guard let expression else { return nil }
            let bound = try evaluate(expression, in: scope)
            if bound.isNone { return nil }
            guard let index = bound.index else {
                offset = expression.offset
                if case .undefined(let undefined) = bound { throw failure(undefined.reason) }
                throw failure("a slice needs integers, not a \(bound.typeName)")
            }
            return index
        }
        let (from, to, by) = (try bound(start), try bound(stop), try bound(step))
        offset = place
        switch value {
        case .undefined(let undefined): throw failure(undefined.reason)
        case .string(let text):
            guard let slice = JinjaSlice(from, to, by) else {
                throw failure("the step of a slice must not be 0")
            }
            let indices = slice.indices(text.count)
            try spend(making: indices.count)
            if by ?? 1 == 1 {
                return .string(text[indices.start..<indices.start + indices.count])
            }
            var result = TemplateText().marked(like: text)
            for place in 0..<indices.count { result.append(text[indices[place]]) }
            return .string(result)
        case .list(let list):
            return .list(try slice(list.items, from, to, by))
        case .tuple(let items):
            return .tuple(try slice(items, from, to, by))
        case .range: return .list(try slice(try elements(value), from, to, by))
        default:
            throw failure("a \(value.typeName) has no slices")
        }
    }

    private func slice(
        _ items: [JinjaValue], _ from: Int?, _ to: Int?, _ by: Int?
    ) throws(ChatTemplateError) -> [JinjaValue] {
        guard let slice = JinjaSlice(from, to, by) else {
            throw failure("the step of a slice must not be 0")
        }
        let indices = slice.indices(items.count)
        try spend(listing: indices.count)
        return (0..<indices.count).map { items[indices[$0]] }
    }
}

/// Python's rules for the bounds of a slice.
struct JinjaSlice {
    let start: Int?
    let stop: Int?
    let step: Int

    init?(_ start: Int?, _ stop: Int?, _ step: Int?) {
        guard step != 0 else { return nil }
        self.start = start
        self.stop = stop
        self.step = step ?? 1
    }

    /// Places in a sequence of so many elements.
    func indices(_ count: Int) -> JinjaRange {
        func clamp(_ bound: Int, _ low: Int, _ high: Int) -> Int {
            min(max(bound < 0 ? bound + count : bound, low), high)
        }
        if step > 0 {
            let from = start.map { clamp($0, 0, count) } ?? 0
            let to = stop.map { clamp($0, 0, count) } ?? count
            return JinjaRange(start: from, stop: to, step: step)
        }
        let from = start.map { clamp($0, -1, count - 1) } ?? count - 1
        let to = stop.map { clamp($0, -1, count - 1) } ?? -1
        return JinjaRange(start: from, stop: to, step: step)
    }
}
