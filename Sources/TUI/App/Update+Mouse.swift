import Engine
import TerminalKit

extension State {
    mutating func use(_ event: MouseEvent) -> [Effect] {
        if overlay != nil { return useOnOverlay(event) }
        let step = 3
        let layout = ScreenLayout(self)
        let onBoard = layout.board.contains(column: event.column, row: event.row)
        switch event.kind {
        case .wheelUp, .wheelDown:
            let lines = event.kind == .wheelUp ? -step : step
            guard onBoard, board != nil else {
                transcript.scroll = TranscriptLayout(self).scrolled(by: lines)
                return []
            }
            if let index = BoardLayout(self).candidate(column: event.column, row: event.row) {
                board?.selected = index
            }
            return scrollCandidate(by: lines)
        case .press:
            if onBoard {
                // The upper edge is a handle.
                isDraggingBoard = event.row == layout.board.row
                if let index = BoardLayout(self).candidate(column: event.column, row: event.row) {
                    board?.selected = index
                    focus = .board
                }
            } else if layout.composer.contains(column: event.column, row: event.row) {
                return perform(.focusComposer)
            } else if layout.transcript.contains(column: event.column, row: event.row) {
                selectMessage(at: event.row)
            }
        case .drag:
            if isDraggingBoard { resizeBoard(to: layout.main.endRow - event.row) }
        case .release: isDraggingBoard = false
        }
        return []
    }

    private mutating func selectMessage(at row: Int) {
        guard let block = TranscriptLayout(self).block(atRow: row),
            transcript.messages.indices.contains(block)
        else { return }
        focus = .messages
        transcript.selected = block
    }

    /// A click selects a line of a list, another one takes it; beside the page it closes it.
    private mutating func useOnOverlay(_ event: MouseEvent) -> [Effect] {
        switch event.kind {
        case .wheelUp: return useOverlay(.up)
        case .wheelDown: return useOverlay(.down)
        case .release, .drag: return []
        case .press: break
        }
        guard OverlayLayout(self).frame.contains(column: event.column, row: event.row) else {
            return closeOverlay()
        }
        guard let layout = ListLayout(self), var list = overlay?.list, list.input == nil,
            layout.rows.contains(column: event.column, row: event.row)
        else { return [] }
        let index = layout.first + event.row - layout.rows.row
        guard index < ListItems.of(self).count else { return [] }
        if index == list.selected { return useOverlay(.choose) }
        list.selected = index
        overlay?.list = list
        return []
    }
}
