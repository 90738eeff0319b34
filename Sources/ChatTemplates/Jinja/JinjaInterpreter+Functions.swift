import Foundation

/// The functions every template sees, as transformers defines them.
extension JinjaInterpreter {
    func call(
        _ function: JinjaFunction, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue {
        switch function {
        case .range: return try range(given)
        case .dict:
            let dict = try dict(&given, of: "dict()")
            return .dict(dict)
        case .namespace:
            let namespace = JinjaNamespace()
            namespace.values = try dict(&given, of: "namespace()")
            for case .string(let name) in namespace.values.keys where name.scalars.first == "_" {
                throw failure("a namespace attribute must not start with '_'")
            }
            return .namespace(namespace)
        case .cycler:
            guard !given.positional.isEmpty else { throw failure("cycler() needs an item") }
            let cycler = JinjaCycler(given.positional)
            given.positional = []
            try finish(given, of: "cycler()")
            return .cycler(cycler)
        case .joiner:
            let separator = given.take("sep") ?? .text(", ")
            try finish(given, of: "joiner()")
            return .joiner(JinjaJoiner(separator))
        case .raiseException:
            let message = given.take("message") ?? .none
            try finish(given, of: "raise_exception()")
            throw ChatTemplateError.raised(
                JinjaPosition.locate(offset, in: source), try string(message).string)
        case .strftimeNow:
            guard case .string(let format) = given.take("format") else {
                throw failure("strftime_now() needs a format")
            }
            try finish(given, of: "strftime_now()")
            return .string(format.derived(PythonTime.format(now(), format.string)).plain)
        case .lipsum: throw unsupported("lipsum()")
        }
    }

    private func range(_ given: JinjaCall) throws(ChatTemplateError) -> JinjaValue {
        guard given.keyword.isEmpty, (1...3).contains(given.positional.count) else {
            throw failure("range() takes one to three integers")
        }
        var bounds: [Int] = []
        for value in given.positional {
            if case .undefined(let undefined) = value { throw failure(undefined.reason) }
            guard let bound = value.index else {
                throw failure("range() needs integers, not a \(value.typeName)")
            }
            // Bounds beyond this could not be counted without overflow.
            guard abs(bound.clamped) < 1 << 60 else { throw limit("a range is too large") }
            bounds.append(bound)
        }
        let range =
            bounds.count == 1
            ? JinjaRange(start: 0, stop: bounds[0], step: 1)
            : JinjaRange(
                start: bounds[0], stop: bounds[1], step: bounds.count == 3 ? bounds[2] : 1)
        guard range.step != 0 else { throw failure("the step of range() must not be 0") }
        guard range.count <= 100_000 else {
            throw failure("a range of more than 100000 numbers is not allowed")
        }
        return .range(range)
    }

    /// Python's `dict(mapping or pairs, **more)`.
    private func dict(
        _ given: inout JinjaCall, of callee: String
    ) throws(ChatTemplateError) -> JinjaDict {
        let result = JinjaDict()
        if !given.positional.isEmpty {
            let first = given.positional.removeFirst()
            switch first {
            case .dict(let dict):
                try spend(dict.count)
                for (key, value) in zip(dict.keys, dict.values) {
                    result.set(try hashed(key), value, spelled: key)
                }
            case .namespace(let namespace):
                let dict = namespace.values
                try spend(dict.count)
                for (key, value) in zip(dict.keys, dict.values) {
                    result.set(try hashed(key), value, spelled: key)
                }
            default:
                for pair in try elements(first) {
                    try spend()
                    let parts = try elements(pair)
                    guard parts.count == 2 else {
                        throw failure("\(callee) needs pairs of key and value")
                    }
                    result.set(try hashed(parts[0]), parts[1], spelled: parts[0])
                }
            }
        }
        for (name, value) in given.keyword { result.set(TemplateText(name), value) }
        given.keyword = []
        try finish(given, of: callee)
        return result
    }
}

extension Int {
    /// Itself, but with a magnitude that fits.
    fileprivate var clamped: Int { self == .min ? .max : self }
}

/// `datetime.strftime` of a time without a time zone.
enum PythonTime {
    static func format(_ date: Date, _ format: String) -> String {
        let seconds = date.timeIntervalSince1970
        var time = time_t(seconds.rounded(.down))
        let microseconds = Int((seconds - seconds.rounded(.down)) * 1_000_000)
        var parts = tm()
        localtime_r(&time, &parts)
        // What strftime of C does differently is replaced before it sees it.
        var pattern = ""
        var rest = Substring(format)
        while let mark = rest.firstIndex(of: "%") {
            pattern += rest[..<mark]
            let letter = rest.index(after: mark)
            guard letter < rest.endIndex else {
                pattern += "%"
                rest = ""
                break
            }
            switch rest[letter] {
            case "f": pattern += String(String(1_000_000 + microseconds).dropFirst())
            case "z", "Z": break
            default: pattern += rest[mark...letter]
            }
            rest = rest[rest.index(after: letter)...]
        }
        pattern += rest
        guard !pattern.isEmpty else { return "" }
        // A trailing mark tells an empty result from one that does not fit.
        var buffer = [CChar](repeating: 0, count: 256 + 64 * pattern.utf8.count)
        let length = strftime(&buffer, buffer.count, pattern + "|", &parts)
        guard length > 0 else { return "" }
        return String(decoding: buffer[..<(length - 1)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
