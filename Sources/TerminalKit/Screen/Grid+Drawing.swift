extension Grid {
    /// Writes one line of text from a place, cluster by cluster, and returns the columns it
    /// took. What does not fit in `maxWidth` (or the clip) is cut off; a wide character is never
    /// halved. Line ends and controls are left out, a tab is one blank.
    @discardableResult
    public mutating func write(
        _ text: some StringProtocol, row: Int, column: Int, style: Style = .plain,
        maxWidth: Int = .max
    ) -> Int {
        let visible = row >= clip.row && row < clip.endRow
        var used = 0
        Grapheme.forEach(in: text) { grapheme in
            guard grapheme.width > 0 else { return true }
            guard grapheme.width <= maxWidth - used else { return false }
            if visible, column + used < clip.endColumn {
                if grapheme.ascii < 0x80 {
                    let character = grapheme.ascii == 0x09 ? 0x20 : grapheme.ascii
                    put(
                        String(UnicodeScalar(character)), width: 1, row: row,
                        column: column + used, style: style)
                } else {
                    var place = column + used
                    TextWidth.cells(of: text[grapheme.range.lowerBound]) { cell, width in
                        put(cell, width: width, row: row, column: place, style: style)
                        place += width
                    }
                }
            }
            used += grapheme.width
            return true
        }
        return used
    }

    /// Writes a styled line from a place, and returns the columns it took.
    @discardableResult
    public mutating func write(
        _ line: Line, row: Int, column: Int, maxWidth: Int = .max
    ) -> Int {
        var used = 0
        for run in line.runs {
            let width = write(
                run.text, row: row, column: column + used, style: run.style,
                maxWidth: maxWidth - used)
            used += width
            if used >= maxWidth { break }
        }
        return used
    }

    /// Writes lines from the top of a rectangle, from the `first`th on, clipped to it.
    public mutating func write(_ lines: some Collection<Line>, in rect: Rect, from first: Int = 0) {
        clipped(to: rect) { grid in
            for (offset, line) in lines.dropFirst(max(0, first)).prefix(rect.rows).enumerated() {
                grid.write(line, row: rect.row + offset, column: rect.column)
            }
        }
    }

    /// Writes text whose end stands before `endColumn`.
    public mutating func write(
        _ text: String, row: Int, endColumn: Int, style: Style = .plain
    ) {
        write(text, row: row, column: endColumn - TextWidth.width(of: text), style: style)
    }

    /// Fills a rectangle with one cell.
    public mutating func fill(_ rect: Rect, with text: String = " ", style: Style = .plain) {
        let area = rect.intersection(clip)
        for row in area.row..<area.endRow {
            for column in area.column..<area.endColumn {
                put(text, width: 1, row: row, column: column, style: style)
            }
        }
    }

    /// Changes the styles in a rectangle and leaves its text.
    public mutating func restyle(_ rect: Rect, _ change: (inout Style) -> Void) {
        let area = rect.intersection(clip)
        for row in area.row..<area.endRow {
            for column in area.column..<area.endColumn {
                change(&cells[row * columns + column].style)
            }
        }
    }

    /// Copies another grid with its upper left at a place.
    public mutating func draw(_ other: Grid, row: Int, column: Int) {
        for y in 0..<other.rows {
            for x in 0..<other.columns {
                let cell = other.cells[y * other.columns + x]
                guard !cell.text.isEmpty else { continue }
                let isWide =
                    x + 1 < other.columns && other.cells[y * other.columns + x + 1].text.isEmpty
                put(
                    cell.text, width: isWide ? 2 : 1, row: row + y, column: column + x,
                    style: cell.style)
            }
        }
    }

    /// A part of the grid as a grid of its own; blank where the rectangle is outside.
    public func subgrid(_ rect: Rect) -> Grid {
        var result = Grid(columns: rect.columns, rows: rect.rows)
        result.draw(self, row: -rect.row, column: -rect.column)
        return result
    }

    public mutating func horizontalLine(
        row: Int, column: Int, length: Int, style: Style = .plain, with text: String = "─"
    ) {
        for offset in 0..<max(0, length) {
            put(text, width: 1, row: row, column: column + offset, style: style)
        }
    }

    public mutating func verticalLine(
        row: Int, column: Int, length: Int, style: Style = .plain, with text: String = "│"
    ) {
        for offset in 0..<max(0, length) {
            put(text, width: 1, row: row + offset, column: column, style: style)
        }
    }

    /// The glyphs of a frame.
    public enum Border: Sendable {
        case single, rounded, double, heavy, ascii

        /// Horizontal, vertical, then the corners from the upper left, clockwise.
        var glyphs: [String] {
            switch self {
            case .single: ["─", "│", "┌", "┐", "┘", "└"]
            case .rounded: ["─", "│", "╭", "╮", "╯", "╰"]
            case .double: ["═", "║", "╔", "╗", "╝", "╚"]
            case .heavy: ["━", "┃", "┏", "┓", "┛", "┗"]
            case .ascii: ["-", "|", "+", "+", "+", "+"]
            }
        }
    }

    /// Draws a frame around the inside of a rectangle, with a title in its upper edge and a
    /// note in its lower one, and returns the room inside.
    @discardableResult
    public mutating func box(
        _ rect: Rect, border: Border = .rounded, style: Style = .plain, title: Line? = nil,
        footer: Line? = nil
    ) -> Rect {
        guard rect.columns >= 2, rect.rows >= 2 else { return rect.inset() }
        let glyphs = border.glyphs
        let (top, bottom) = (rect.row, rect.endRow - 1)
        let (left, right) = (rect.column, rect.endColumn - 1)
        for row in [top, bottom] {
            horizontalLine(
                row: row, column: left + 1, length: rect.columns - 2, style: style,
                with: glyphs[0])
        }
        for column in [left, right] {
            verticalLine(
                row: top + 1, column: column, length: rect.rows - 2, style: style, with: glyphs[1])
        }
        put(glyphs[2], width: 1, row: top, column: left, style: style)
        put(glyphs[3], width: 1, row: top, column: right, style: style)
        put(glyphs[4], width: 1, row: bottom, column: right, style: style)
        put(glyphs[5], width: 1, row: bottom, column: left, style: style)
        for (label, row) in [(title, top), (footer, bottom)] {
            guard let label, rect.columns >= 6 else { continue }
            let shown = label.truncated(columns: rect.columns - 6)
            guard shown.width > 0 else { continue }
            put(" ", width: 1, row: row, column: left + 2, style: style)
            let used = write(shown, row: row, column: left + 3)
            put(" ", width: 1, row: row, column: left + 3 + used, style: style)
        }
        return rect.inset()
    }
}
