import Engine
import TerminalKit

/// The whole screen from the state alone.
func render(_ state: State, _ size: ScreenSize) -> Frame {
    var state = state
    state.size = size
    let background = state.theme[.text]
    var grid = Grid(size: size, style: background)
    let layout = ScreenLayout(state)
    TranscriptView.draw(state, in: layout.transcript, on: &grid)
    BoardView.draw(state, in: layout.board, on: &grid)
    StatusView.drawActivity(state, in: layout.activity, on: &grid)
    StatusView.drawRule(state, in: layout.rule, on: &grid)
    var cursor = ComposerView.draw(state, in: layout.composer, on: &grid)
    StatusView.drawStatus(state, in: layout.status, on: &grid)
    StatusView.drawHints(state, in: layout.hints, on: &grid)
    if state.overlay != nil {
        cursor = OverlayView.draw(state, on: &grid)
    }
    let title = state.session.title.isEmpty ? "riposte" : "\(state.session.title) – riposte"
    return Frame(grid: grid, cursor: cursor, title: title)
}
