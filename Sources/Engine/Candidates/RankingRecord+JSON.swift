import Foundation
import JSON
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
