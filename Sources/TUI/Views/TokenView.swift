import Engine
import Foundation
import TerminalKit

/// The tokens of a reply by their probability, and what else could have stood at the cursor.
enum TokenView {
    static func title(_ view: TokenViewState, state: State) -> Line {
        Line(
            "\(view.title): tokens by probability",
            style: state.theme[.title].on(state.theme[.popup]))
    }

    static func draw(_ view: TokenViewState, state: State, in area: Rect, on grid: inout Grid) {
        let theme = state.theme
        let popup = theme[.popup]
        guard !view.isLoading else {
            grid.write(
                "The model is reading the reply …", row: area.row, column: area.column,
                style: theme[.muted].on(popup), maxWidth: area.columns)
            return
        }
        guard !view.tokens.isEmpty else {
            grid.write(
                "The reply has no tokens.", row: area.row, column: area.column,
                style: theme[.muted].on(popup), maxWidth: area.columns)
            return
        }
        let (text, panel) = area.splitBottom(min(12, area.rows / 2))
        let (lines, cursorLine) = layout(view, theme: theme, width: text.columns)
        let first = max(0, min(cursorLine - text.rows / 2, lines.count - text.rows))
        grid.write(lines.map { line in line.restyled { $0 = $0.on(popup) } }, in: text, from: first)
        drawAlternatives(view, theme: theme, in: panel, on: &grid)
    }

    /// The lines, and the one the cursor is in.
    private static func layout(
        _ view: TokenViewState, theme: Theme, width: Int
    ) -> (lines: [Line], cursor: Int) {
        TokenText.lines(view.tokens.map(\.text), width: width) { index in
            let token = view.tokens[index]
            var style =
                token.logProbability.map { theme.probability(exp(Double($0))) } ?? theme[.muted]
            if index < view.promptCount { style.attributes.insert(.dim) }
            if index == view.cursor { style.attributes.insert(.reverse) }
            return style
        } cursor: {
            $0 == view.cursor
        }
    }

    private static func drawAlternatives(
        _ view: TokenViewState, theme: Theme, in area: Rect, on grid: inout Grid
    ) {
        guard area.rows >= 2, view.tokens.indices.contains(view.cursor) else { return }
        let popup = theme[.popup]
        let token = view.tokens[view.cursor]
        grid.horizontalLine(
            row: area.row, column: area.column, length: area.columns,
            style: theme[.border].on(popup))
        let isPrompt = view.cursor < view.promptCount
        let place =
            isPrompt
            ? " prompt token \(view.cursor + 1) of \(view.promptCount) "
            : " token \(view.cursor - view.promptCount + 1) of \(view.tokens.count - view.promptCount) "
        var caption = Line(place, style: theme[.muted].on(popup))
        if let value = token.logProbability {
            caption.append(
                "· probability \(Format.percent(exp(Double(value)))) ",
                style: theme[.muted].on(popup))
        }
        grid.write(
            caption.truncated(columns: area.columns - 2), row: area.row, column: area.column + 2)
        for (index, other) in token.alternatives.prefix(area.rows - 1).enumerated() {
            let isSelected = index == view.alternative
            let style = isSelected ? theme[.popupSelection] : popup
            let row = area.row + 1 + index
            grid.fill(
                Rect(column: area.column, row: row, columns: area.columns, rows: 1), style: style)
            let share = exp(Double(other.logProbability))
            let isTaken = other.id == token.id
            grid.write(
                isTaken ? "●" : " ", row: row, column: area.column, style: theme[.accent].on(style))
            grid.write(
                TextWidth.pad("\"\(TokenText.visible(other.text))\"", columns: 22), row: row,
                column: area.column + 2, style: style, maxWidth: max(0, area.columns - 2))
            let bar = Format.bar(share, columns: max(0, min(30, area.columns - 36)), theme: theme)
            grid.write(
                bar.restyled { $0 = $0.on(style) }, row: row, column: area.column + 26)
            grid.write(
                Format.percent(share), row: row, endColumn: area.column + 26 + bar.width + 6,
                style: style)
        }
    }
}
