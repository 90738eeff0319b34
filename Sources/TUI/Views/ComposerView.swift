import Engine
import TerminalKit

/// The line that the person writes.
enum ComposerView {
    /// Rows that the text takes: at most half the screen.
    static func rows(_ state: State) -> Int {
        layout(state).lines.count
    }

    private static func layout(_ state: State) -> ComposerLayout {
        ComposerLayout(
            shown(state), columns: max(1, state.size.columns),
            maximumRows: max(1, state.size.rows / 2),
            promptStyle: promptStyle(state), textStyle: state.theme[.composer])
    }

    /// Readline's own prompt shows only what it has to say, such as a history search.
    private static func shown(_ state: State) -> ComposerState {
        var composer = state.composer
        if !composer.isSearching {
            composer.prompt =
                composer.isInViCommandMode && !composer.isCommand ? ": " : "› "
        }
        return composer
    }

    private static func promptStyle(_ state: State) -> Style {
        state.focus == .composer && state.overlay == nil
            ? state.theme[.prompt] : state.theme[.muted]
    }

    /// What an empty composer says: what typing would do now.
    private static func placeholder(_ state: State) -> String {
        func key(_ command: Command, _ context: KeyContext) -> String {
            state.keyMap.firstKey(command, in: context) ?? ""
        }
        if state.session.model == nil {
            return state.session.loading == nil
                ? "no model is loaded; \(key(.models, .global)) chooses one"
                : "the model is being loaded"
        }
        if state.focus != .composer {
            return "\(key(.focusComposer, state.focus.keyContext)) comes back here"
        }
        if state.generation.isRunning {
            return "type ahead; \(key(.stop, .composer)) stops the reply"
        }
        if let board = state.board, !board.isSingle, !board.isSubmitted, state.isLastTurn(board) {
            let next =
                board.isUnranked ? "reply \(board.letter(of: board.selected))" : "the best reply"
            return "a message goes on with \(next); \(key(.focusNext, .composer)) ranks first"
        }
        return "write a message, or / for a command"
    }

    /// Draws the composer and returns where the cursor stands.
    static func draw(_ state: State, in area: Rect, on grid: inout Grid) -> Cursor? {
        guard !area.isEmpty else { return nil }
        let layout = layout(state)
        let first = max(0, min(layout.cursor.row - area.rows + 1, layout.lines.count - area.rows))
        grid.write(layout.lines, in: area, from: first)
        if state.composer.isEmpty, !state.composer.isSearching {
            grid.write(
                placeholder(state), row: area.row, column: area.column + 2,
                style: state.theme[.placeholder],
                maxWidth: area.columns - 2)
        }
        guard state.focus == .composer else { return nil }
        return Cursor(
            row: area.row + layout.cursor.row - first, column: area.column + layout.cursor.column)
    }
}
