/// Draws blocks of Markdown as lines of a width.
struct MarkdownRenderer {
    let theme: Theme
    let width: Int

    init(theme: Theme, width: Int) {
        self.theme = theme
        self.width = max(1, width)
    }

    private static let bullets = ["•", "◦", "▪"]

    /// Blocks with a blank line between.
    func lines(_ blocks: [MarkdownBlock], base: Style, depth: Int = 0) -> [Line] {
        var result: [Line] = []
        for block in blocks {
            if !result.isEmpty { result.append(Line()) }
            result += lines(block, base: base, depth: depth)
        }
        return result
    }

    func lines(_ block: MarkdownBlock, base: Style, depth: Int = 0) -> [Line] {
        switch block {
        case .heading(let level, let text):
            let roles: [Theme.Role] = [.heading1, .heading2, .heading3]
            let style = base.merging(theme[roles[min(level, 3) - 1]])
            return wrap(MarkdownInline.styled(text, theme: theme, base: style))
        case .paragraph(let text):
            return wrap(MarkdownInline.styled(text, theme: theme, base: base))
        case .code(let language, let lines, _):
            return code(language, lines)
        case .quote(let blocks):
            let inner = narrower(by: 2)
            return inner.lines(blocks, base: base.merging(theme[.quote]), depth: depth).map {
                Line("▌ ", style: theme[.quoteMark]) + $0
            }
        case .list(let list):
            return self.list(list, base: base, depth: depth)
        case .table(let table):
            return self.table(table, base: base)
        case .rule:
            return [Line(String(repeating: "─", count: width), style: theme[.rule])]
        }
    }

    private func wrap(_ text: StyledText) -> [Line] {
        Wrap(width: width).lines(text)
    }

    private func narrower(by columns: Int) -> MarkdownRenderer {
        MarkdownRenderer(theme: theme, width: max(8, width - columns))
    }

    // MARK: Code

    private func code(_ language: String, _ source: [String]) -> [Line] {
        var result = codeLabel(language)
        var highlighter = CodeHighlighter(language: language, theme: theme)
        for line in source { result += codeLines(highlighter.line(line)) }
        return result
    }

    func codeLabel(_ language: String) -> [Line] {
        language.isEmpty ? [] : [Line("  \(language)", style: theme[.codeLabel])]
    }

    func codeLines(_ line: StyledText) -> [Line] {
        Wrap(width: max(1, width - 2), mode: .characters).lines(line).map { Line("  ") + $0 }
    }

    // MARK: Lists

    private func list(_ list: MarkdownList, base: Style, depth: Int) -> [Line] {
        let last = (list.start ?? 1) + list.items.count - 1
        let digits = String(last).count
        var result: [Line] = []
        for (index, item) in list.items.enumerated() {
            if index > 0, !list.isTight { result.append(Line()) }
            var marker: String
            if let start = list.start {
                let number = "\(start + index)."
                marker = String(repeating: " ", count: digits + 1 - number.count) + number
            } else {
                marker = Self.bullets[min(depth, Self.bullets.count - 1)]
            }
            if let isDone = item.isDone { marker = isDone ? "☑" : "☐" }
            let indent = TextWidth.width(of: marker) + 1
            var lines = narrower(by: indent).itemLines(
                item.blocks, isTight: list.isTight, base: base, depth: depth + 1)
            if lines.isEmpty { lines = [Line()] }
            for (number, line) in lines.enumerated() {
                let head =
                    number == 0
                    ? Line(marker, style: theme[.listMarker]) + Line(" ")
                    : Line(String(repeating: " ", count: indent))
                result.append(line.isEmpty && number > 0 ? Line() : head + line)
            }
        }
        return result
    }

    /// An item's blocks; in a tight list nothing stands between its text and a list below it.
    private func itemLines(
        _ blocks: [MarkdownBlock], isTight: Bool, base: Style, depth: Int
    ) -> [Line] {
        guard isTight else { return lines(blocks, base: base, depth: depth) }
        return blocks.flatMap { lines($0, base: base, depth: depth) }
    }

    // MARK: Tables

    private func table(_ table: MarkdownTable, base: Style) -> [Line] {
        let count = table.header.count
        let header = table.header.map {
            MarkdownInline.styled($0, theme: theme, base: base.merging(theme[.tableHeader]))
        }
        let rows = table.rows.map { row in
            row.map { MarkdownInline.styled($0, theme: theme, base: base) }
        }
        let room = width - 3 * (count - 1)
        guard room >= 4 * count else { return stacked(header, rows) }

        var widths = (0..<count).map { column in
            max(1, ([header] + rows).map { Line($0[column]).width }.max() ?? 1)
        }
        // The widest column gives way first, so that narrow ones stay whole.
        while widths.reduce(0, +) > room,
            let widest = widths.indices.max(by: { widths[$0] < widths[$1] })
        {
            let second =
                widths.enumerated().filter { $0.offset != widest }.map(\.element).max() ?? 0
            let excess = widths.reduce(0, +) - room
            widths[widest] = max(4, widths[widest] - max(1, min(excess, widths[widest] - second)))
        }

        var result = tableRow(header, widths, table.alignments)
        var separator = Line()
        for (column, width) in widths.enumerated() {
            if column > 0 { separator.append("─┼─", style: theme[.tableBorder]) }
            separator.append(String(repeating: "─", count: width), style: theme[.tableBorder])
        }
        result.append(separator)
        for row in rows { result += tableRow(row, widths, table.alignments) }
        return result
    }

    private func tableRow(
        _ cells: [StyledText], _ widths: [Int], _ alignments: [MarkdownTable.Alignment]
    ) -> [Line] {
        let wrapped = zip(cells, widths).map { Wrap(width: $1).lines($0) }
        let height = wrapped.map(\.count).max() ?? 1
        return (0..<height).map { row in
            var line = Line()
            for (column, lines) in wrapped.enumerated() {
                if column > 0 { line.append(" │ ", style: theme[.tableBorder]) }
                let cell = row < lines.count ? lines[row] : Line()
                let spare = max(0, widths[column] - cell.width)
                let left: Int
                switch alignments[column] {
                case .left: left = 0
                case .center: left = spare / 2
                case .right: left = spare
                }
                line.append(String(repeating: " ", count: left))
                line.append(cell)
                if column + 1 < wrapped.count {
                    line.append(String(repeating: " ", count: spare - left))
                }
            }
            return line
        }
    }

    /// Too narrow for columns: a line a cell, its header before it.
    private func stacked(_ header: [StyledText], _ rows: [[StyledText]]) -> [Line] {
        var result: [Line] = []
        for row in rows {
            if !result.isEmpty { result.append(Line()) }
            for (name, cell) in zip(header, row) {
                result += Wrap(width: width, hangingIndent: 2).lines(name + StyledText(": ") + cell)
            }
        }
        return rows.isEmpty ? header.flatMap(wrap) : result
    }
}
