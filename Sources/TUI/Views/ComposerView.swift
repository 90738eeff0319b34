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
            let isCommandMode = composer.mode == "vi" || composer.mode == "vi-command"
            composer.prompt = isCommandMode ? ": " : (composer.isCommand ? "/ " : "› ")
            if composer.isCommand { composer.prompt = "› " }
        }
        return composer
    }

    private static func promptStyle(_ state: State) -> Style {
        state.focus == .composer && state.overlay == nil
            ? state.theme[.prompt] : state.theme[.muted]
    }

    /// Draws the composer and returns where the cursor stands.
    static func draw(_ state: State, in area: Rect, on grid: inout Grid) -> Cursor? {
        guard !area.isEmpty else { return nil }
        let layout = layout(state)
        let first = max(0, min(layout.cursor.row - area.rows + 1, layout.lines.count - area.rows))
        grid.write(layout.lines, in: area, from: first)
        if state.composer.isEmpty, !state.composer.isSearching {
            let text: String
            if state.session.model == nil {
                text =
                    state.session.loading == nil
                    ? "no model is loaded; F3 chooses one" : "the model is being loaded"
            } else if state.focus != .composer {
                text = "Esc comes back here"
            } else {
                text =
                    state.generation.isRunning
                    ? "type ahead; Esc stops the reply" : "write a message, or / for a command"
            }
            grid.write(
                text, row: area.row, column: area.column + 2, style: state.theme[.placeholder],
                maxWidth: area.columns - 2)
        }
        guard state.focus == .composer else { return nil }
        return Cursor(
            row: area.row + layout.cursor.row - first, column: area.column + layout.cursor.column)
    }
}
