import Foundation
import Testing

@testable import TerminalKit

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

extension Grid {
    /// The styles by letter: `.` is plain, then `a`, `b`, … in order of appearance, with a
    /// legend below.
    var styleDescription: String {
        var letters: [Style: Character] = [.plain: "."]
        var legend: [(Character, Style)] = []
        let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        var result = ""
        for row in 0..<rows {
            for cell in self.row(row) {
                if letters[cell.style] == nil {
                    let letter = legend.count < alphabet.count ? alphabet[legend.count] : "#"
                    letters[cell.style] = letter
                    legend.append((letter, cell.style))
                }
                result.append(letters[cell.style] ?? "#")
            }
            result += "\n"
        }
        for (letter, style) in legend { result += "\(letter): \(style.summary)\n" }
        return result
    }
}

extension Style {
    /// Foreground, background and attributes, as `75 on 235, bold`.
    fileprivate var summary: String {
        let named: [(Attributes, String)] = [
            (.bold, "bold"), (.dim, "dim"), (.italic, "italic"), (.underline, "underline"),
            (.reverse, "reverse"), (.strikethrough, "strikethrough"),
        ]
        let set = named.filter { attributes.contains($0.0) }.map(\.1)
        return ([Self.summary(foreground) + " on " + Self.summary(background)] + set)
            .joined(separator: ", ")
    }

    private static func summary(_ color: Color) -> String {
        switch color {
        case .terminal: "terminal"
        case .indexed(let index): String(index)
        }
    }
}
