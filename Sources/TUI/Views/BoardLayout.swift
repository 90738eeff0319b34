import Engine
import TerminalKit

/// The board as a grid of boxes: side by side where each has at least ``narrowest`` columns,
/// in as many rows as that takes; rows that do not fit scroll with the selection.
struct BoardLayout {
    static let narrowest = 36
    static let gap = 1
    /// A box of fewer rows shows too little of its reply.
    static let lowest = 6

    let area: Rect
    let columnCount: Int
    let rowCount: Int
    let cellRows: Int
    /// Rows of boxes on the screen at once, and the first of them.
    let visibleRows: Int
    let firstRow: Int
    /// Candidates shown, in display order.
    let shown: [Int]
    /// Characters that all begin with, where the first different word is marked.
    let commonPrefix: Int?

    init(_ state: State) {
        self.init(state, area: ScreenLayout(state).board)
    }

    init(_ state: State, area: Rect) {
        self.area = area
        guard let board = state.board, !area.isEmpty else {
            (columnCount, rowCount, cellRows, visibleRows, firstRow) = (1, 0, 0, 0, 0)
            (shown, commonPrefix) = ([], nil)
            return
        }
        // Not before all is written: a mark that moves is no help.
        let prefix = board.marksDifferences && board.isComplete ? board.commonPrefixLength : 0
        // Where nothing is common every first word would be marked.
        commonPrefix = prefix > 0 ? prefix : nil
        shown = board.isZoomed ? [board.selected] : board.visible
        columnCount = Self.columns(for: shown.count, width: area.columns)
        rowCount = (shown.count + columnCount - 1) / max(1, columnCount)
        let even = rowCount > 0 ? area.rows / rowCount : area.rows
        if even >= Self.lowest || rowCount <= 1 {
            visibleRows = rowCount
            cellRows = even
        } else {
            visibleRows = max(1, min(rowCount, area.rows / Self.lowest))
            cellRows = area.rows / visibleRows
        }
        let place = shown.firstIndex(of: board.selected) ?? 0
        let selectedRow = place / max(1, columnCount)
        firstRow = max(0, min(selectedRow - visibleRows / 2, rowCount - visibleRows))
    }

    /// Columns of boxes for so many replies: as many as fit, then evened out over the rows.
    static func columns(for count: Int, width: Int) -> Int {
        guard count > 1 else { return 1 }
        let fit = max(1, min(count, (width + gap) / (narrowest + gap)))
        let rows = (count + fit - 1) / fit
        return (count + rows - 1) / rows
    }

    /// Rows that show all replies whole, at most `limit`.
    static func wantedRows(_ state: State, columns width: Int, limit: Int) -> Int {
        guard let board = state.board, limit > 0 else { return 0 }
        let shown = board.isZoomed ? [board.selected] : board.visible
        let columns = columns(for: shown.count, width: width)
        let rows = (shown.count + columns - 1) / columns
        let inner = (width - gap * (columns - 1)) / columns - 4
        var longest = 1
        for index in shown {
            let count = Wrap(width: max(1, min(inner, ReplyText.widestText)))
                .lines(board.candidates[index].text).count
            longest = max(longest, count)
            if (longest + 2) * rows >= limit { return limit }
        }
        // Never lower than a box that is shown whole, so that short replies all are.
        return min(limit, max(lowest, longest + 2) * rows)
    }

    /// Rows of text inside a box.
    var textRows: Int { max(0, cellRows - 2) }

    /// Where a candidate's box stands; nil where it is scrolled away.
    func rect(of candidate: Int) -> Rect? {
        guard let place = shown.firstIndex(of: candidate) else { return nil }
        let row = place / columnCount - firstRow
        guard row >= 0, row < visibleRows else { return nil }
        let strip = Rect(
            column: area.column, row: area.row + row * cellRows, columns: area.columns,
            rows: cellRows)
        return strip.columnsSplit(columnCount, gap: Self.gap)[place % columnCount]
    }

    func candidate(column: Int, row: Int) -> Int? {
        shown.first { rect(of: $0)?.contains(column: column, row: row) == true }
    }

    /// The lines of a candidate's text in its box.
    func lines(of candidate: Int, in state: State) -> [Line] {
        guard let board = state.board, board.candidates.indices.contains(candidate) else {
            return []
        }
        let width = area.columns - Self.gap * (columnCount - 1)
        let inner = max(1, width / columnCount - 4)
        let text = board.candidates[candidate].text
        var lines = ReplyText.reply(text, width: inner, theme: state.theme)
        if let commonPrefix {
            lines = ReplyText.marking(
                lines, source: text, prefix: commonPrefix,
                style: state.theme[.difference])
        }
        return lines
    }
}
