/// A block of Markdown, as models write it: CommonMark with tables, task lists and
/// strikethrough, without HTML, reference links and indented code.
indirect enum MarkdownBlock: Equatable {
    case heading(level: Int, text: String)
    case paragraph(String)
    /// `isClosed` is false while the closing fence has not come yet.
    case code(language: String, lines: [String], isClosed: Bool)
    case quote([MarkdownBlock])
    case list(MarkdownList)
    case table(MarkdownTable)
    case rule
}

struct MarkdownList: Equatable {
    struct Item: Equatable {
        /// Nil for an ordinary item, else whether its box is ticked.
        var isDone: Bool?
        var blocks: [MarkdownBlock]
    }

    /// The first number; nil for bullets.
    var start: Int?
    /// No blank lines stand between items.
    var isTight: Bool
    var items: [Item]
}

struct MarkdownTable: Equatable {
    enum Alignment: Equatable { case left, center, right }
    var header: [String]
    var alignments: [Alignment]
    var rows: [[String]]
}

/// Cuts lines into blocks.
struct MarkdownParser {
    private let lines: [Substring]
    private var next = 0
    /// Deeper nesting than this is text: a model that has lost its way may nest without end.
    private let depth: Int
    private static let deepest = 12

    /// Blocks with the number of the line on which each begins.
    static func parse(_ lines: [Substring], depth: Int = 0) -> [(line: Int, block: MarkdownBlock)] {
        var parser = MarkdownParser(lines: lines, depth: depth)
        return parser.blocks()
    }

    private init(lines: [Substring], depth: Int) {
        self.lines = lines
        self.depth = depth
    }

    private mutating func blocks() -> [(line: Int, block: MarkdownBlock)] {
        var result: [(line: Int, block: MarkdownBlock)] = []
        while next < lines.count {
            if Self.isBlank(lines[next]) {
                next += 1
                continue
            }
            let line = next
            result.append((line, block()))
        }
        return result
    }

    private mutating func block() -> MarkdownBlock {
        let line = lines[next]
        if let fence = Fence(line) { return code(fence) }
        if let heading = Self.heading(line) {
            next += 1
            return heading
        }
        if Self.isRule(line) {
            next += 1
            return .rule
        }
        if depth < Self.deepest {
            if Self.trimmed(line).hasPrefix(">") { return quote() }
            if let marker = ListMarker(line) { return list(marker) }
        }
        if let table = table() { return table }
        return paragraph()
    }

    // MARK: Code

    /// The line that opens a block of code.
    struct Fence {
        var indent: Int
        var mark: Character
        var count: Int
        var language: String

        init?(_ line: Substring) {
            indent = MarkdownParser.indent(of: line)
            let text = MarkdownParser.trimmed(line)
            guard let first = text.first, first == "`" || first == "~" else { return nil }
            mark = first
            count = text.prefix { $0 == first }.count
            guard count >= 3 else { return nil }
            let info = text.dropFirst(count)
            guard first == "~" || !info.contains("`") else { return nil }
            language = String(
                info.trimmingPrefix { $0 == " " }.prefix { !$0.isWhitespace && $0 != "{" })
        }

        func isClosed(by line: Substring) -> Bool {
            let text = MarkdownParser.trimmed(line)
            return text.count >= count && text.allSatisfy { $0 == mark }
        }

        /// A line of the code, without the fence's own indentation.
        func content(_ line: Substring) -> String {
            String(MarkdownParser.unindented(line, by: indent))
        }
    }

    private mutating func code(_ fence: Fence) -> MarkdownBlock {
        next += 1
        var content: [String] = []
        while next < lines.count {
            let line = lines[next]
            next += 1
            if fence.isClosed(by: line) {
                return .code(language: fence.language, lines: content, isClosed: true)
            }
            content.append(fence.content(line))
        }
        return .code(language: fence.language, lines: content, isClosed: false)
    }

    // MARK: Headings, rules, paragraphs

    private static func heading(_ line: Substring) -> MarkdownBlock? {
        let text = trimmed(line)
        let level = text.prefix { $0 == "#" }.count
        guard (1...6).contains(level), indent(of: line) < 4 else { return nil }
        let rest = text.dropFirst(level)
        guard rest.isEmpty || rest.first == " " || rest.first == "\t" else { return nil }
        var title = trimmed(rest)
        // A closing sequence of number signs is no part of the title.
        let bare = title.reversed().drop { $0 == "#" }
        if bare.count < title.count, bare.first == " " || bare.isEmpty {
            title = trimmed(title.prefix(bare.count))
        }
        return .heading(level: level, text: String(title))
    }

    private static func isRule(_ line: Substring) -> Bool {
        guard let first = line.first(where: { $0 != " " && $0 != "\t" }), "-*_".contains(first)
        else { return false }
        let marks = line.filter { $0 != " " && $0 != "\t" && $0 != "\r" }
        return marks.count >= 3 && marks.allSatisfy { $0 == first }
    }

    private mutating func paragraph() -> MarkdownBlock {
        var text: [Substring] = []
        while next < lines.count {
            let line = lines[next]
            if Self.isBlank(line) { break }
            if !text.isEmpty {
                let bare = Self.trimmed(line)
                if bare.allSatisfy({ $0 == "=" })
                    || (bare.count > 1 && bare.allSatisfy { $0 == "-" })
                {
                    next += 1
                    return .heading(
                        level: bare.first == "=" ? 1 : 2,
                        text: text.map { String(Self.trimmed($0)) }.joined(separator: " "))
                }
                if startsBlock(line) { break }
            }
            text.append(line)
            next += 1
        }
        // Blanks at a line's end mean a forced line end; those at its start nothing.
        return .paragraph(
            text.map { String($0.drop { $0 == " " || $0 == "\t" }) }.joined(separator: "\n"))
    }

    /// Whether a line ends a paragraph before it.
    private func startsBlock(_ line: Substring) -> Bool {
        if Fence(line) != nil || Self.heading(line) != nil || Self.isRule(line) { return true }
        if depth >= Self.deepest { return false }
        if Self.trimmed(line).hasPrefix(">") { return true }
        guard let marker = ListMarker(line) else { return false }
        // A year at the start of a line is no list.
        return !marker.isEmpty && (marker.number ?? 1) == 1
    }

    // MARK: Quotes

    private mutating func quote() -> MarkdownBlock {
        var inner: [Substring] = []
        while next < lines.count {
            let text = Self.trimmed(lines[next])
            if text.first == ">" {
                let rest = text.dropFirst()
                inner.append(rest.first == " " ? rest.dropFirst() : rest)
            } else if text.isEmpty || startsBlock(lines[next])
                || inner.last.map(Self.isBlank) == true
            {
                break
            } else {
                // A lazy line goes on with the paragraph.
                inner.append(text)
            }
            next += 1
        }
        return .quote(Self.parse(inner, depth: depth + 1).map(\.block))
    }

    // MARK: Lists

    private struct ListMarker {
        var indent: Int
        /// Columns to the item's text.
        var width: Int
        var number: Int?
        var mark: Character
        var isEmpty: Bool

        init?(_ line: Substring) {
            indent = MarkdownParser.indent(of: line)
            let text = line.drop { $0 == " " || $0 == "\t" }
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            var rest = text.dropFirst(digits.count)
            guard let mark = rest.first else { return nil }
            if digits.isEmpty {
                guard "-*+•".contains(mark) else { return nil }
            } else {
                guard mark == "." || mark == ")", digits.count <= 9 else { return nil }
                number = Int(digits)
            }
            self.mark = mark
            rest = rest.dropFirst()
            guard rest.isEmpty || rest.first == " " || rest.first == "\t" else { return nil }
            let blanks = rest.prefix { $0 == " " || $0 == "\t" }.count
            isEmpty = blanks == rest.count
            // More than four blanks belong to the text.
            width = indent + digits.count + 1 + (isEmpty || blanks > 4 ? 1 : blanks)
        }

        func continues(_ other: ListMarker) -> Bool {
            (number == nil) == (other.number == nil) && mark == other.mark
        }
    }

    private mutating func list(_ first: ListMarker) -> MarkdownBlock {
        var list = MarkdownList(start: first.number, isTight: true, items: [])
        var sawBlank = false
        while next < lines.count, let marker = ListMarker(lines[next]), marker.continues(first),
            marker.indent < first.width, !Self.isRule(lines[next])
        {
            if sawBlank { list.isTight = false }
            var inner = [Self.unindented(lines[next], by: marker.width, markerIncluded: true)]
            next += 1
            sawBlank = false
            var isParagraphOpen = !marker.isEmpty
            while next < lines.count {
                let line = lines[next]
                if Self.isBlank(line) {
                    sawBlank = true
                    isParagraphOpen = false
                    inner.append("")
                } else if Self.indent(of: line) >= min(marker.width, marker.indent + 2) {
                    if sawBlank, ListMarker(line) == nil { list.isTight = false }
                    inner.append(Self.unindented(line, by: marker.width))
                    sawBlank = false
                    isParagraphOpen = true
                } else if isParagraphOpen, !startsBlock(line), ListMarker(line) == nil {
                    inner.append(Self.trimmed(line))
                } else {
                    break
                }
                next += 1
            }
            list.items.append(item(inner))
        }
        return .list(list)
    }

    private func item(_ lines: [Substring]) -> MarkdownList.Item {
        var lines = lines
        var isDone: Bool?
        if let first = lines.first {
            for (mark, done) in [("[ ] ", false), ("[x] ", true), ("[X] ", true)]
            where first.hasPrefix(mark) {
                isDone = done
                lines[0] = first.dropFirst(mark.count)
            }
        }
        return MarkdownList.Item(
            isDone: isDone, blocks: Self.parse(lines, depth: depth + 1).map(\.block))
    }

    // MARK: Tables

    private mutating func table() -> MarkdownBlock? {
        guard next + 1 < lines.count, lines[next].utf8.contains(0x7c),
            let alignments = Self.alignments(lines[next + 1])
        else { return nil }
        let header = Self.cells(lines[next])
        guard header.count == alignments.count else { return nil }
        next += 2
        var rows: [[String]] = []
        while next < lines.count, !Self.isBlank(lines[next]), lines[next].utf8.contains(0x7c) {
            var row = Self.cells(lines[next])
            while row.count < header.count { row.append("") }
            rows.append(Array(row.prefix(header.count)))
            next += 1
        }
        return .table(MarkdownTable(header: header, alignments: alignments, rows: rows))
    }

    private static func alignments(_ line: Substring) -> [MarkdownTable.Alignment]? {
        guard line.contains("-") else { return nil }
        var result: [MarkdownTable.Alignment] = []
        for cell in cells(line) {
            let dashes = cell.drop { $0 == ":" }
            let (left, right) = (cell.hasPrefix(":"), cell.hasSuffix(":"))
            let bare = right ? dashes.dropLast() : dashes
            guard !bare.isEmpty, bare.allSatisfy({ $0 == "-" }) else { return nil }
            result.append(left && right ? .center : right ? .right : .left)
        }
        return result.isEmpty ? nil : result
    }

    /// Cells between bars; a bar after a backslash or in code is text.
    private static func cells(_ line: Substring) -> [String] {
        var cells: [String] = []
        var cell = ""
        var isEscaped = false
        var inCode = false
        for character in trimmed(line) {
            if isEscaped {
                cell += character == "|" ? "|" : "\\\(character)"
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "|", !inCode {
                cells.append(cell)
                cell = ""
            } else {
                if character == "`" { inCode.toggle() }
                cell.append(character)
            }
        }
        if isEscaped { cell += "\\" }
        cells.append(cell)
        if cells.count > 1, isBlank(Substring(cells[0])) { cells.removeFirst() }
        if cells.count > 1, let last = cells.last, isBlank(Substring(last)) { cells.removeLast() }
        return cells.map { String(trimmed(Substring($0))) }
    }

    // MARK: Lines

    static func isBlank(_ line: Substring) -> Bool {
        line.allSatisfy { $0 == " " || $0 == "\t" || $0 == "\r" }
    }

    static func trimmed(_ line: Substring) -> Substring {
        var line = line.drop { $0 == " " || $0 == "\t" }
        while let last = line.last, last == " " || last == "\t" || last == "\r" {
            line.removeLast()
        }
        return line
    }

    /// Columns of blanks at the start.
    static func indent(of line: Substring) -> Int {
        var columns = 0
        for character in line {
            if character == " " {
                columns += 1
            } else if character == "\t" {
                columns += 4 - columns % 4
            } else {
                break
            }
        }
        return columns
    }

    /// The line without up to so many columns at its start: blanks, or also a list's marker.
    static func unindented(
        _ line: Substring, by columns: Int, markerIncluded: Bool = false
    ) -> Substring {
        var rest = line
        var dropped = 0
        while dropped < columns, let first = rest.first {
            if first == "\t" {
                dropped += 4 - dropped % 4
            } else if first == " " || markerIncluded {
                dropped += 1
            } else {
                break
            }
            rest = rest.dropFirst()
        }
        return rest
    }
}
