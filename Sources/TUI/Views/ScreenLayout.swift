import Engine
import TerminalKit

/// Where the parts of the screen stand. From the bottom: key hints, status line, composer, a
/// rule, a line for what is going on, and above them transcript and board. A small screen goes
/// without the less important ones.
struct ScreenLayout: Equatable {
    var transcript = Rect(column: 0, row: 0, columns: 0, rows: 0)
    var board = Rect(column: 0, row: 0, columns: 0, rows: 0)
    var activity = Rect(column: 0, row: 0, columns: 0, rows: 0)
    var rule = Rect(column: 0, row: 0, columns: 0, rows: 0)
    var composer = Rect(column: 0, row: 0, columns: 0, rows: 0)
    var status = Rect(column: 0, row: 0, columns: 0, rows: 0)
    var hints = Rect(column: 0, row: 0, columns: 0, rows: 0)
    /// Transcript and board together: what an overlay may cover.
    var main: Rect

    init(_ state: State) {
        let size = state.size
        let whole = Rect(column: 0, row: 0, columns: size.columns, rows: size.rows)
        let rows = size.rows
        var rest = whole
        if rows >= 12 { (rest, hints) = rest.splitBottom(1) }
        if rows >= 3 { (rest, status) = rest.splitBottom(1) }
        let composerRows = ComposerView.rows(state)
        (rest, composer) = rest.splitBottom(min(composerRows, max(1, rest.rows)))
        if rows >= 8 { (rest, rule) = rest.splitBottom(1) }
        if rows >= 10 { (rest, activity) = rest.splitBottom(StatusView.activityRows(state)) }
        main = rest
        guard let board = state.board, !board.isSingle else {
            transcript = rest
            return
        }
        if let rows = state.boardRows {
            let split = rest.splitBottom(max(3, min(rows, rest.rows)))
            (transcript, self.board) = (split.rest, split.bottom)
            return
        }
        // The board gets the room it needs; the end of the transcript stays in sight.
        let keeps = rest.rows >= 16 ? min(6, rest.rows / 4) : (rest.rows >= 10 ? 2 : 0)
        let wanted = BoardLayout.wantedRows(
            state, columns: rest.columns, limit: rest.rows - keeps)
        // Directly below a short transcript, so that question and replies stay together.
        let room = rest.rows - wanted
        let text = TranscriptLayout(state, area: rest).contentRows(limit: room)
        let split = rest.splitTop(min(room, text))
        transcript = split.top
        self.board = split.rest.splitTop(wanted).top
    }
}
