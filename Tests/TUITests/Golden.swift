import Foundation
import Testing

/// Compares a text with the golden file of that name in Goldens/. A missing file is written
/// and fails, so that it is read before it is committed; so does a different one where
/// RIPOSTE_RECORD_GOLDENS is set.
func expectGolden(
    _ actual: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    let recorded = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Goldens").appending(path: name)
    let isRecording = ProcessInfo.processInfo.environment["RIPOSTE_RECORD_GOLDENS"] != nil
    guard let data = try? Data(contentsOf: recorded), !isRecording else {
        try? FileManager.default.createDirectory(
            at: recorded.deletingLastPathComponent(), withIntermediateDirectories: true)
        try? Data(actual.utf8).write(to: recorded)
        Issue.record("recorded \(name); read it, then run again", sourceLocation: sourceLocation)
        return
    }
    let expected = String(decoding: data, as: UTF8.self)
    guard actual != expected else { return }
    let actualLines = actual.split(separator: "\n", omittingEmptySubsequences: false)
    let expectedLines = expected.split(separator: "\n", omittingEmptySubsequences: false)
    var difference = ""
    for index in 0..<max(actualLines.count, expectedLines.count) {
        let (old, new) = (
            expectedLines.indices.contains(index) ? expectedLines[index] : nil,
            actualLines.indices.contains(index) ? actualLines[index] : nil
        )
        guard old != new else { continue }
        if let old { difference += "-\(index + 1): \(old)\n" }
        if let new { difference += "+\(index + 1): \(new)\n" }
    }
    Issue.record("\(name) differs:\n\(difference)", sourceLocation: sourceLocation)
}
