import Foundation
import TerminalKit

/// Columns for people, aligned by the width characters have on a terminal.
struct TextTable {
    private let header: [String]
    private let right: Set<Int>
    private var rows: [[String]] = []

    /// `right` names the columns aligned to the right. An empty header is not printed.
    init(_ header: [String], right: Set<Int> = []) {
        self.header = header
        self.right = right
    }

    mutating func add(_ row: [String]) { rows.append(row) }

    var isEmpty: Bool { rows.isEmpty }

    var text: String {
        let lines = (header.isEmpty ? [] : [header]) + rows
        var widths: [Int] = []
        for line in lines {
            for (column, cell) in line.enumerated() {
                let width = TextWidth.width(of: cell)
                if column < widths.count {
                    widths[column] = max(widths[column], width)
                } else {
                    widths.append(width)
                }
            }
        }
        var result = ""
        for line in lines {
            var text = ""
            for (column, cell) in line.enumerated() {
                let padding = String(
                    repeating: " ", count: widths[column] - TextWidth.width(of: cell))
                text += right.contains(column) ? padding + cell : cell + padding
                text += "  "
            }
            while text.hasSuffix(" ") { text.removeLast() }
            result += text + "\n"
        }
        return result
    }
}

/// 98362432 → "98.4 MB".
func byteText(_ bytes: Int) -> String {
    var value = Double(bytes)
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 999.5 || unit == "TB" {
            return unit == "B" ? "\(bytes) B" : "\(decimals(value, value < 99.95 ? 1 : 0)) \(unit)"
        }
        value /= 1000
    }
    return "\(bytes) B"
}

/// A number with so many decimals.
func decimals(_ value: Double, _ count: Int) -> String {
    String(format: "%.\(count)f", value)
}
