/// A screen, or a part of one, in memory: rows of cells. Drawing outside is clipped.
public struct Grid: Sendable, Equatable {
    public let columns: Int
    public let rows: Int
    /// Drawing changes only cells inside of it. At first the whole grid.
    public private(set) var clip: Rect
    /// Row by row.
    var cells: [Cell]

    /// Blank; negative sizes become empty.
    public init(columns: Int, rows: Int, style: Style = .plain) {
        self.columns = max(0, columns)
        self.rows = max(0, rows)
        clip = Rect(column: 0, row: 0, columns: columns, rows: rows)
        cells = Array(
            repeating: Cell(" ", style: style), count: self.columns * self.rows)
    }

    public init(size: ScreenSize, style: Style = .plain) {
        self.init(columns: size.columns, rows: size.rows, style: style)
    }

    public var bounds: Rect { Rect(column: 0, row: 0, columns: columns, rows: rows) }
    public var size: ScreenSize { ScreenSize(columns: columns, rows: rows) }

    /// The cell at a place inside the grid.
    public subscript(row row: Int, column column: Int) -> Cell {
        precondition(bounds.contains(column: column, row: row), "outside the grid")
        return cells[row * columns + column]
    }

    /// The cells of one row.
    public func row(_ row: Int) -> ArraySlice<Cell> {
        cells[row * columns..<(row + 1) * columns]
    }

    /// Draws with the clip narrowed to `rect`.
    public mutating func clipped<Result>(
        to rect: Rect, _ body: (inout Grid) throws -> Result
    ) rethrows -> Result {
        let before = clip
        clip = clip.intersection(rect)
        defer { clip = before }
        return try body(&self)
    }

    /// Puts a cell's content at a place; `width` 2 takes the next column too. A wide character
    /// that is half outside, or half overwritten, leaves a blank.
    mutating func put(_ text: String, width: Int, row: Int, column: Int, style: Style) {
        guard row >= clip.row, row < clip.endRow else { return }
        if width == 2 {
            let left = column >= clip.column && column < clip.endColumn
            let right = column + 1 >= clip.column && column + 1 < clip.endColumn
            if left && right {
                separate(row: row, column: column)
                separate(row: row, column: column + 1)
                cells[row * columns + column] = Cell(text, style: style)
                cells[row * columns + column + 1] = Cell("", style: style)
            } else if left {
                put(" ", width: 1, row: row, column: column, style: style)
            } else if right {
                put(" ", width: 1, row: row, column: column + 1, style: style)
            }
        } else if column >= clip.column && column < clip.endColumn {
            separate(row: row, column: column)
            cells[row * columns + column] = Cell(text, style: style)
        }
    }

    /// Blanks the other half of a wide character of which one cell is about to be replaced.
    private mutating func separate(row: Int, column: Int) {
        let index = row * columns + column
        if cells[index].text.isEmpty {
            if column > 0 { cells[index - 1].text = " " }
            cells[index].text = " "
        } else if column + 1 < columns, cells[index + 1].text.isEmpty {
            cells[index + 1].text = " "
        }
    }
}

extension Grid: CustomStringConvertible {
    /// The text of the rows, without blanks at their ends, each followed by a line end: what
    /// golden files hold.
    public var description: String {
        var result = ""
        for row in 0..<rows {
            var line = ""
            var pending = 0
            for cell in self.row(row) {
                if cell.text == " " {
                    pending += 1
                } else {
                    line += String(repeating: " ", count: pending) + cell.text
                    pending = 0
                }
            }
            result += line + "\n"
        }
        return result
    }
}
