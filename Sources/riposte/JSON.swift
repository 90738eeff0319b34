import Foundation
import JSON
import LanguageModel

/// A JSON value to print. Members keep their order; a number that JSON cannot write is null.
enum JSON {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case array([JSON])
    case object([(String, JSON)])
    /// JSON text that stands as it is.
    case encoded(String)

    /// One line, without spaces.
    var text: String {
        var result = ""
        write(to: &result)
        return result
    }

    private func write(to result: inout String) {
        switch self {
        case .null: result += "null"
        case .bool(let value): result += value ? "true" : "false"
        case .int(let value): result += String(value)
        case .double(let value): result += value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.write(value, to: &result)
        case .encoded(let text): result += text
        case .array(let values):
            result += "["
            for (index, value) in values.enumerated() {
                if index > 0 { result += "," }
                value.write(to: &result)
            }
            result += "]"
        case .object(let members):
            result += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { result += "," }
                Self.write(member.0, to: &result)
                result += ":"
                member.1.write(to: &result)
            }
            result += "}"
        }
    }

    /// Line separators are legal JSON, but end a line for some readers of JSONL.
    private static func write(_ string: String, to result: inout String) {
        JSONEscape.append(string, to: &result) {
            "\u{7f}\u{2028}\u{2029}".unicodeScalars.contains($0)
        }
    }
}

extension JSON {
    /// A value that describes itself, keys in the order of the alphabet.
    init(encoding value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        self = .encoded(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    init(_ value: Double?) { self = value.map(JSON.double) ?? .null }
    init(_ value: Int?) { self = value.map(JSON.int) ?? .null }
    init(_ value: String?) { self = value.map(JSON.string) ?? .null }
    init(_ value: Date) { self = .string(value.formatted(.iso8601)) }

    /// The shortest decimal that reads back as the same Float.
    init(_ value: Float?) {
        self = value.flatMap { Double("\($0)") }.map(JSON.double) ?? .null
    }

    init(ids: [Int32]) { self = .array(ids.map { .int(Int($0)) }) }
}
