/// The tests after `is`.
enum JinjaTests {
    static let names: Set<String> = [
        "odd", "even", "divisibleby", "defined", "undefined", "filter", "test", "none",
        "boolean", "false", "true", "integer", "float", "lower", "upper", "string", "mapping",
        "number", "sequence", "iterable", "callable", "sameas", "escaped", "in", "==", "eq",
        "equalto", "!=", "ne", ">", "gt", "greaterthan", ">=", "ge", "<", "lt", "lessthan", "<=",
        "le",
    ]
}

extension JinjaInterpreter {
    func apply(
        test name: String, to value: JinjaValue, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> Bool {
        let takesOne: Set<String> = [
            "divisibleby", "sameas", "in", "==", "eq", "equalto", "!=", "ne", ">", "gt",
            "greaterthan", ">=", "ge", "<", "lt", "lessthan", "<=", "le",
        ]
        var argument = JinjaValue.none
        if takesOne.contains(name) {
            guard
                let given = given.take(
                    name == "divisibleby" ? "num" : name == "in" ? "seq" : "other")
            else { throw failure("the test '\(name)' needs a value") }
            argument = given
        }
        try finish(given, of: "the test '\(name)'")
        switch name {
        case "defined": return !value.isUndefined
        case "undefined": return value.isUndefined
        case "none": return value.isNone
        case "boolean": if case .bool = value { return true } else { return false }
        case "true": if case .bool(true) = value { return true } else { return false }
        case "false": if case .bool(false) = value { return true } else { return false }
        case "integer": if case .int = value { return true } else { return false }
        case "float": if case .float = value { return true } else { return false }
        case "number": return value.number != nil
        case "string": if case .string = value { return true } else { return false }
        case "mapping": if case .dict = value { return true } else { return false }
        case "sequence":
            switch value {
            case .undefined, .string, .list, .tuple, .dict, .range: return true
            default: return false
            }
        case "iterable": return isIterable(value)
        case "callable":
            switch value {
            case .macro, .method, .function, .joiner, .loop: return true
            // Python's Undefined has __call__.
            case .undefined: return true
            default: return false
            }
        case "escaped":
            if case .string(let text) = value { return text.isMarkup }
            return false
        case "odd", "even", "divisibleby":
            let divisor = name == "divisibleby" ? argument : .int(2)
            let rest = try arithmetic(value, .modulo, divisor)
            return JinjaValue.areEqual(rest, .int(name == "odd" ? 1 : 0))
        case "lower": return PythonText.isLower(try string(value).scalars)
        case "upper": return PythonText.isUpper(try string(value).scalars)
        case "filter": return JinjaFilters.support(try string(value).string) != .unknown
        case "test": return JinjaTests.names.contains(try string(value).string)
        case "sameas": return JinjaValue.areIdentical(value, argument)
        case "in": return try contains(argument, value)
        case "==", "eq", "equalto": return JinjaValue.areEqual(value, argument)
        case "!=", "ne": return !JinjaValue.areEqual(value, argument)
        case ">", "gt", "greaterthan": return try compare(value, .greater, argument)
        case ">=", "ge": return try compare(value, .greaterOrEqual, argument)
        case "<", "lt", "lessthan": return try compare(value, .less, argument)
        case "<=", "le": return try compare(value, .lessOrEqual, argument)
        default: throw failure("there is no test '\(name)'")
        }
    }
}
