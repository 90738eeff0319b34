import Foundation
import JSON
import LanguageModel

/// The values of a JSONL text with their line numbers; blank lines are passed over.
struct JSONLines: Sequence {
    private let lines: [(Int, JSONValue)]

    /// - Throws: ``EngineError/invalidFile(path:line:reason:)`` for the first broken line.
    init(_ data: Data, path: String) throws {
        var lines: [(Int, JSONValue)] = []
        var number = 0
        try data.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                number += 1
                let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
                let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                start = end + 1
                if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) { continue }
                do {
                    lines.append((number, try JSONValue(parsing: line)))
                } catch let error as JSONSyntaxError {
                    throw EngineError.invalidFile(
                        path: path, line: number,
                        reason: "not valid JSON at column \(error.column): \(error.reason)")
                }
            }
        }
        self.lines = lines
    }

    func makeIterator() -> IndexingIterator<[(Int, JSONValue)]> { lines.makeIterator() }
}
