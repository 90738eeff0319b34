import Foundation

/// Python's operators on numbers, strings and lists. Integers are 64 bits wide: what does not
/// fit is an error, never a wrong number.
extension JinjaInterpreter {
    private func overflow() -> ChatTemplateError { limit("a number does not fit in 64 bits") }

    /// Nil never: throws for what is not a number.
    func needsNumber(
        _ value: JinjaValue, for operation: String
    ) throws(ChatTemplateError) -> JinjaNumber? {
        if let number = value.number { return number }
        if case .undefined(let undefined) = value { throw failure(undefined.reason) }
        throw failure("'\(operation)' does not work on a \(value.typeName)")
    }

    func negate(_ value: JinjaValue) throws(ChatTemplateError) -> JinjaValue {
        switch try needsNumber(value, for: "-") {
        case .int(let number):
            guard number != .min else { throw overflow() }
            return .int(-number)
        case .float(let number): return .float(-number)
        case nil: return value
        }
    }

    func arithmetic(
        _ a: JinjaValue, _ symbol: JinjaOperator, _ b: JinjaValue
    ) throws(ChatTemplateError) -> JinjaValue {
        if symbol == .modulo, case .string(let format) = a {
            if case .undefined(let undefined) = b, undefined.isForbidden {
                throw failure(undefined.reason)
            }
            return .string(try percentFormat(format, b))
        }
        for case .undefined(let undefined) in [a, b] { throw failure(undefined.reason) }
        if let x = a.number, let y = b.number { return try arithmetic(x, symbol, y) }
        switch (symbol, a, b) {
        case (.add, .string(let x), .string(let y)):
            try spend(making: x.count + y.count)
            // Either of them being safe, the other becomes so.
            var result = x.escaped(for: y)
            result.append(y.escaped(for: x))
            return .string(result)
        case (.add, .list(let x), .list(let y)):
            try spend(listing: x.items.count + y.items.count)
            return .list(x.items + y.items)
        case (.add, .tuple(let x), .tuple(let y)):
            try spend(listing: x.count + y.count)
            return .tuple(x + y)
        case (.multiply, _, _):
            if let count = b.index { return try repeated(a, count) }
            if let count = a.index { return try repeated(b, count) }
        default: break
        }
        throw failure(
            "'\(symbol.rawValue)' does not work on a \(a.typeName) and a \(b.typeName)")
    }

    private func repeated(_ value: JinjaValue, _ count: Int) throws(ChatTemplateError) -> JinjaValue
    {
        let count = max(count, 0)
        func total(_ size: Int) -> Int {
            let (total, overflows) = size.multipliedReportingOverflow(by: count)
            return overflows ? .max : total
        }
        switch value {
        case .string(let text):
            try spend(making: total(text.count))
            var result = TemplateText().marked(like: text)
            if !text.isEmpty { for _ in 0..<count { result.append(text) } }
            return .string(result)
        case .list(let list):
            try spend(listing: total(list.items.count))
            guard !list.items.isEmpty else { return .list([]) }
            return .list((0..<count).flatMap { _ in list.items })
        case .tuple(let items):
            try spend(listing: total(items.count))
            guard !items.isEmpty else { return .tuple([]) }
            return .tuple((0..<count).flatMap { _ in items })
        default: throw failure("'*' does not work on a \(value.typeName)")
        }
    }

    private func arithmetic(
        _ a: JinjaNumber, _ symbol: JinjaOperator, _ b: JinjaNumber
    ) throws(ChatTemplateError) -> JinjaValue {
        if case .int(let x) = a, case .int(let y) = b, symbol != .divide {
            return try integerArithmetic(x, symbol, y)
        }
        let (x, y) = (a.double, b.double)
        switch symbol {
        case .add: return .float(x + y)
        case .subtract: return .float(x - y)
        case .multiply: return .float(x * y)
        case .power:
            if x == 0, y < 0 { throw failure("0 cannot be raised to a negative power") }
            if x < 0, y != y.rounded(), y.isFinite {
                throw unsupported("a root of a negative number")
            }
            let result = pow(x, y)
            if result.isInfinite, x.isFinite, y.isFinite {
                throw failure("the result is too large")
            }
            return .float(result)
        default: break
        }
        guard y != 0 else { throw failure("it divides by zero") }
        switch symbol {
        case .divide: return .float(x / y)
        default:
            // CPython's float_divmod: the remainder has the sign of the divisor.
            var remainder = fmod(x, y)
            var quotient = (x - remainder) / y
            if remainder != 0 {
                if (y < 0) != (remainder < 0) {
                    remainder += y
                    quotient -= 1
                }
            } else {
                remainder = y < 0 ? -0.0 : 0.0
            }
            if symbol == .modulo { return .float(remainder) }
            guard quotient != 0 else { return .float(x / y < 0 ? -0.0 : 0.0) }
            var whole = quotient.rounded(.down)
            if quotient - whole > 0.5 { whole += 1 }
            return .float(whole)
        }
    }

    private func integerArithmetic(
        _ x: Int, _ symbol: JinjaOperator, _ y: Int
    ) throws(ChatTemplateError) -> JinjaValue {
        let result: (partialValue: Int, overflow: Bool)
        switch symbol {
        case .add: result = x.addingReportingOverflow(y)
        case .subtract: result = x.subtractingReportingOverflow(y)
        case .multiply: result = x.multipliedReportingOverflow(by: y)
        case .floorDivide, .modulo:
            guard y != 0 else { throw failure("it divides by zero") }
            guard !(x == .min && y == -1) else { throw overflow() }
            let remainder = x % y
            let isOff = remainder != 0 && (remainder < 0) != (y < 0)
            return symbol == .modulo
                ? .int(isOff ? remainder + y : remainder) : .int(x / y - (isOff ? 1 : 0))
        case .power:
            if y < 0 {
                guard x != 0 else { throw failure("0 cannot be raised to a negative power") }
                return .float(pow(Double(x), Double(y)))
            }
            return .int(try power(x, y))
        default: throw failure("'\(symbol.rawValue)' does not work on numbers")
        }
        guard !result.overflow else { throw overflow() }
        return .int(result.partialValue)
    }

    private func power(_ base: Int, _ exponent: Int) throws(ChatTemplateError) -> Int {
        if base == 0 || base == 1 { return exponent == 0 ? 1 : base }
        if base == -1 { return exponent % 2 == 0 ? 1 : -1 }
        guard exponent < 64 else { throw overflow() }
        var result = 1
        for _ in 0..<exponent {
            let (product, overflows) = result.multipliedReportingOverflow(by: base)
            if overflows { throw overflow() }
            result = product
        }
        return result
    }
}
