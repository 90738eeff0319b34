/// Where the terminal's cursor stands.
public struct Cursor: Sendable, Equatable {
    public var row: Int
    public var column: Int

    public init(row: Int, column: Int) {
        self.row = row
        self.column = column
    }
}

/// The size of the screen in cells.
public struct ScreenSize: Sendable, Equatable, Hashable {
    public var columns: Int
    public var rows: Int

    public init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }
}

/// All that a terminal shows at one moment.
public struct Frame: Sendable, Equatable {
    public var grid: Grid
    /// Nil hides the cursor.
    public var cursor: Cursor?
    /// The window's title; nil leaves it alone.
    public var title: String?

    public init(grid: Grid, cursor: Cursor? = nil, title: String? = nil) {
        self.grid = grid
        self.cursor = cursor
        self.title = title
    }
}
