/// A rectangle of screen cells, counted from 0 at the upper left.
public struct Rect: Sendable, Equatable, Hashable {
    public var column: Int
    public var row: Int
    public var columns: Int
    public var rows: Int

    /// Negative sizes become empty.
    public init(column: Int, row: Int, columns: Int, rows: Int) {
        self.column = column
        self.row = row
        self.columns = max(0, columns)
        self.rows = max(0, rows)
    }

    public var isEmpty: Bool { columns == 0 || rows == 0 }
    /// One past the last column.
    public var endColumn: Int { column + columns }
    /// One past the last row.
    public var endRow: Int { row + rows }

    public func contains(column: Int, row: Int) -> Bool {
        column >= self.column && column < endColumn && row >= self.row && row < endRow
    }

    public func intersection(_ other: Rect) -> Rect {
        let left = max(column, other.column)
        let top = max(row, other.row)
        return Rect(
            column: left, row: top, columns: min(endColumn, other.endColumn) - left,
            rows: min(endRow, other.endRow) - top)
    }

    /// The rectangle without a margin of so many cells on each side.
    public func inset(columns dx: Int = 1, rows dy: Int = 1) -> Rect {
        Rect(column: column + dx, row: row + dy, columns: columns - 2 * dx, rows: rows - 2 * dy)
    }

    /// The first `count` rows, and what is left below them.
    public func splitTop(_ count: Int) -> (top: Rect, rest: Rect) {
        let taken = min(max(0, count), rows)
        return (
            Rect(column: column, row: row, columns: columns, rows: taken),
            Rect(column: column, row: row + taken, columns: columns, rows: rows - taken)
        )
    }

    /// What is left above, and the last `count` rows.
    public func splitBottom(_ count: Int) -> (rest: Rect, bottom: Rect) {
        let taken = min(max(0, count), rows)
        let split = splitTop(rows - taken)
        return (split.top, split.rest)
    }

    /// The first `count` columns, and what is left to the right of them.
    public func splitLeft(_ count: Int) -> (left: Rect, rest: Rect) {
        let taken = min(max(0, count), columns)
        return (
            Rect(column: column, row: row, columns: taken, rows: rows),
            Rect(column: column + taken, row: row, columns: columns - taken, rows: rows)
        )
    }

    /// What is left, and the last `count` columns.
    public func splitRight(_ count: Int) -> (rest: Rect, right: Rect) {
        let taken = min(max(0, count), columns)
        let split = splitLeft(columns - taken)
        return (split.left, split.rest)
    }

    /// `count` rectangles side by side with `gap` columns between, the left ones wider by a
    /// column where it does not divide.
    public func columnsSplit(_ count: Int, gap: Int = 0) -> [Rect] {
        Self.shares(of: columns, count, gap: gap).map {
            Rect(column: column + $0.start, row: row, columns: $0.length, rows: rows)
        }
    }

    /// `count` rectangles one below the other with `gap` rows between.
    public func rowsSplit(_ count: Int, gap: Int = 0) -> [Rect] {
        Self.shares(of: rows, count, gap: gap).map {
            Rect(column: column, row: row + $0.start, columns: columns, rows: $0.length)
        }
    }

    private static func shares(
        of length: Int, _ count: Int, gap: Int
    ) -> [(start: Int, length: Int)] {
        guard count > 0 else { return [] }
        let room = max(0, length - gap * (count - 1))
        var next = 0
        return (0..<count).map { index in
            let share = room / count + (index < room % count ? 1 : 0)
            defer { next += share + gap }
            return (next, share)
        }
    }
}
