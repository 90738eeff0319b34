import Engine
import TerminalKit

/// The replies of a turn, each in a box with its rank and figures.
enum BoardView {
    static func draw(_ state: State, in area: Rect, on grid: inout Grid) {
        guard let board = state.board, !board.isSingle, !area.isEmpty else { return }
        let layout = BoardLayout(state, area: area)
        for candidate in layout.shown {
            guard let rect = layout.rect(of: candidate) else { continue }
            draw(candidate, of: board, state: state, layout: layout, in: rect, on: &grid)
        }
        // Rows of replies above and below, where there are any.
        let hidden = layout.rowCount - layout.visibleRows
        if hidden > 0, layout.columnCount > 0 {
            let theme = state.theme
            let above = layout.firstRow * layout.columnCount
            let below =
                layout.shown.count
                - (layout.firstRow + layout.visibleRows) * layout.columnCount
            if above > 0 {
                grid.write(
                    " ↑ \(above) more ", row: area.row, endColumn: area.endColumn - 1,
                    style: theme[.accent])
            }
            if below > 0 {
                grid.write(
                    " ↓ \(below) more ",
                    row: area.row + layout.visibleRows * layout.cellRows - 1,
                    endColumn: area.endColumn - 1, style: theme[.accent])
            }
        }
    }

    private static func draw(
        _ index: Int, of board: BoardState, state: State, layout: BoardLayout, in rect: Rect,
        on grid: inout Grid
    ) {
        let theme = state.theme
        let candidate = board.candidates[index]
        let isSelected = state.focus == .board && board.selected == index
        let isOut = board.ranking.eliminated.contains(index)
        let border = isSelected ? theme[.borderFocused] : theme[.border]
        let title = title(index, of: board, state: state, isSelected: isSelected)
        let footer = footer(index, of: board, state: state, columns: rect.columns - 6)
        guard rect.rows >= 3 else {
            // No room for a box: one line with what matters most.
            var line = title
            line.append("  ")
            line.append(
                candidate.text.split(separator: "\n").first ?? "",
                style: theme[isOut ? .muted : .text])
            grid.write(
                line.truncated(columns: rect.columns), row: rect.row, column: rect.column)
            return
        }
        let inside = grid.box(
            rect, border: isSelected ? .heavy : .rounded, style: border, title: title,
            footer: footer)
        let text = inside.inset(columns: 1, rows: 0)
        var lines = layout.lines(of: index, in: state)
        if isOut { lines = lines.map { line in line.restyled { $0 = theme[.muted] } } }
        let last = max(0, lines.count - text.rows)
        let top = min(last, board.scroll[index] ?? (candidate.isFinished ? 0 : last))
        grid.write(lines, in: text, from: top)
        if lines.count > text.rows, text.rows > 0 {
            // A thumb in the right edge shows where in the reply one is.
            let size = max(1, text.rows * text.rows / lines.count)
            let place = last > 0 ? (text.rows - size) * top / last : 0
            grid.verticalLine(
                row: text.row + place, column: rect.endColumn - 1, length: size,
                style: theme[.accent], with: "┃")
        }
        if candidate.text.isEmpty {
            let message: String
            switch board.phase {
            case .reading(let done, let total) where total > 0:
                message = "reading the prompt \(done)/\(total)"
            case .complete: message = "(empty)"
            default: message = "…"
            }
            _ = grid.clipped(to: text) {
                $0.write(message, row: text.row, column: text.column, style: theme[.muted])
            }
        }
    }

    private static func title(
        _ index: Int, of board: BoardState, state: State, isSelected: Bool
    ) -> Line {
        let theme = state.theme
        let candidate = board.candidates[index]
        let isOut = board.ranking.eliminated.contains(index)
        var line = Line(
            board.letter(of: index),
            style: theme[isSelected ? .accent : (isOut ? .muted : .title)])
        if isOut {
            line.append(" out, ranks last", style: theme[.muted])
        } else if let rank = board.ranking.ranks[index] {
            line.append(" ")
            line.append(
                " \(rank) ", style: rank == 1 ? theme[.rankFirst] : theme[.rank])
        } else if board.ranking.isAllBad {
            line.append(" bad", style: theme[.error])
        }
        if let reward = candidate.reward, state.showsScores, !board.isBlind {
            line.append(" reward ", style: theme[.muted])
            line.append(Format.signed(reward), style: theme[.reward])
        }
        if let variant = candidate.variant, !board.isBlind {
            line.append(" \(variant)", style: theme[.system])
        }
        if let same = board.foldsDuplicates ? board.duplicates[index] : nil {
            line.append(" ×\(same.count + 1)", style: theme[.warning])
        }
        return line
    }

    /// The most important first; what does not fit is left out.
    private static func footer(
        _ index: Int, of board: BoardState, state: State, columns: Int
    ) -> Line {
        let theme = state.theme
        let candidate = board.candidates[index]
        var line = Line()
        func add(_ text: String, _ style: Style) {
            let separator = line.isEmpty ? "" : " · "
            guard line.width + TextWidth.width(of: separator + text) <= columns else { return }
            line.append(separator, style: theme[.muted])
            line.append(text, style: style)
        }
        if !candidate.isFinished {
            add(
                board.ending.contains(index) ? "ending" : Format.spinner(state.now),
                theme[.accent])
        }
        switch candidate.finishReason {
        case .stop: add("stop", theme[.success])
        case .length: add("cut", theme[.warning])
        case .cancelled, .hopeless: add("stopped", theme[.warning])
        case nil: break
        }
        if candidate.tokenCount > 0 { add("\(candidate.tokenCount) tok", theme[.muted]) }
        if let mean = candidate.meanLogProbability, state.showsScores, !board.isBlind {
            add("\(Format.fixed(mean, 2))/tok", theme[.muted])
        }
        if let speed = candidate.tokensPerSecond, candidate.isFinished {
            add("\(Format.fixed(speed, 0)) tok/s", theme[.muted])
        }
        return line
    }
}
