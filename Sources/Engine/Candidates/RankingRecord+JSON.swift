import Foundation
import LanguageModel

extension RankingRecord {
    /// One line of our K-way JSONL, without the line's end. Dates are ISO 8601.
    public func jsonLine() throws -> String {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// Reads a line that ``jsonLine()`` wrote.
    public init(jsonLine: Data) throws {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        do {
            self = try decoder.decode(RankingRecord.self, from: jsonLine)
        } catch let error as DecodingError {
            throw EngineError.inference(reason: Self.reason(error))
        }
        guard replies.allSatisfy({ variants.indices.contains($0.variant) }) else {
            throw EngineError.inference(reason: "a reply names a variant that is not there")
        }
    }

    init(_ value: JSONValue) throws {
        try self.init(jsonLine: Data(value.text.utf8))
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "\"\(key.stringValue)\" is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context),
            .dataCorrupted(let context):
            "\"\(context.codingPath.last?.stringValue ?? "")\" has the wrong type"
        @unknown default: "it cannot be read"
        }
    }
}

extension JSONValue {
    /// JSON text of the value, on one line.
    public var text: String {
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .int(let value): return String(value)
        case .double(let value):
            if value.isFinite { return value.description }
            return value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
        case .string(let value): return Self.quoted(value)
        case .array(let values):
            return "[" + values.map(\.text).joined(separator: ", ") + "]"
        case .object(let members):
            let pairs = members.map { "\(Self.quoted($0.key)): \($0.value.text)" }
            return "{" + pairs.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..."\u{1f}", "\u{7f}":
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
