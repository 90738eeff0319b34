import Engine
import TerminalKit

/// A text shaded by what its selected token attends to, and below the strongest tokens beside
/// a map of layers and heads.
enum AttentionView {
    static func draw(_ view: AttentionViewState, state: State, in area: Rect, on grid: inout Grid) {
        let theme = state.theme
        let popup = theme[.popup]
        let muted = theme[.muted].on(popup)
        guard !view.isLoading else {
            grid.write(
                "The model is reading …", row: area.row, column: area.column, style: muted,
                maxWidth: area.columns)
            return
        }
        let panelRows = min(max(4, view.headCount + 2), area.rows / 2)
        let (text, panel) = area.splitBottom(panelRows)
        let (lines, cursorLine) = layout(view, theme: theme, width: text.columns)
        let first = max(0, min(cursorLine - text.rows * 2 / 3, lines.count - text.rows))
        grid.write(lines.map { line in line.restyled { $0 = $0.on(popup) } }, in: text, from: first)
        guard panel.rows >= 3 else { return }
        grid.horizontalLine(
            row: panel.row, column: panel.column, length: panel.columns,
            style: theme[.border].on(popup))
        let layer = view.layer.map { "layer \($0 + 1)" } ?? "all layers"
        let head = view.head.map { "head \($0 + 1)" } ?? "all heads"
        let token = TokenText.visible(view.tokens[view.cursor].text)
        let caption =
            " \"\(token)\" attends · \(layer) · \(head)"
            + (view.hidesFirst ? " · first token hidden " : " ")
        grid.write(
            TextWidth.truncate(caption, columns: panel.columns - 2), row: panel.row,
            column: panel.column + 2, style: theme[.accent].on(popup))
        let body = panel.splitTop(1).rest
        guard !view.row.isEmpty else {
            grid.write("…", row: body.row, column: body.column, style: muted)
            return
        }
        let mapColumns = view.layerCount + 5
        if body.columns >= mapColumns + 30 {
            let split = body.splitRight(mapColumns)
            drawStrongest(view, theme: theme, in: split.rest.inset(columns: 1, rows: 0), on: &grid)
            drawMap(view, theme: theme, in: split.right, on: &grid)
        } else {
            drawStrongest(view, theme: theme, in: body, on: &grid)
        }
    }

    private static func layout(
        _ view: AttentionViewState, theme: Theme, width: Int
    ) -> (lines: [Line], cursor: Int) {
        TokenText.lines(view.tokens.map(\.text), width: width) { index in
            if index == view.cursor {
                var style = theme[.selection]
                style.attributes.insert(.bold)
                return style
            }
            // Later tokens cannot be seen from here.
            if index > view.cursor { return theme[.muted] }
            let shade = view.shade(index)
            let style = shade > 0 ? theme.attention(shade) : theme[.text]
            return view.tokens[index].isControl && shade == 0 ? theme[.specialToken] : style
        } cursor: {
            $0 == view.cursor
        }
    }

    private static func drawStrongest(
        _ view: AttentionViewState, theme: Theme, in area: Rect, on grid: inout Grid
    ) {
        let popup = theme[.popup]
        for (offset, position) in view.strongest(area.rows).enumerated() {
            let row = area.row + offset
            let weight = Double(view.row[position])
            let name = "\"\(TokenText.visible(view.tokens[position].text))\""
            grid.write(
                TextWidth.pad(name, columns: 16), row: row, column: area.column,
                style: popup, maxWidth: area.columns)
            let width = max(0, min(24, area.columns - 26))
            let bar = Format.bar(view.shade(position), columns: width, theme: theme)
            grid.write(bar.restyled { $0 = $0.on(popup) }, row: row, column: area.column + 17)
            grid.write(
                Format.fixed(weight, 3), row: row, endColumn: area.column + 17 + width + 7,
                style: theme[.muted].on(popup))
        }
    }

    /// How much each head of each layer attends to the token that gets most under the present
    /// selection: a column a layer, a row a head.
    private static func drawMap(
        _ view: AttentionViewState, theme: Theme, in area: Rect, on grid: inout Grid
    ) {
        guard let target = view.strongest(1).first, area.rows > 1 else { return }
        let popup = theme[.popup]
        for head in 0..<min(view.headCount, area.rows) {
            let isChosen = view.head == head
            grid.write(
                "h\(head + 1)", row: area.row + head, column: area.column,
                style: (isChosen ? theme[.accent] : theme[.muted]).on(popup))
            for layer in 0..<view.layerCount where view.weights[layer].indices.contains(head) {
                let weight = Double(view.weights[layer][head][target])
                var style = theme.attention(weight).on(popup)
                let isSelected =
                    (view.layer == nil || view.layer == layer)
                    && (view.head == nil || view.head == head)
                    && (view.layer != nil || view.head != nil)
                if isSelected { style.attributes.insert(.bold) }
                // Without backgrounds the digit alone tells.
                let tenths = min(9, Int(weight * 10))
                grid.write(
                    tenths > 0 ? String(tenths) : (isSelected ? "·" : " "), row: area.row + head,
                    column: area.column + 4 + layer, style: style)
            }
        }
    }
}

/// Tokens set as text: each keeps its own look, and its blanks and line ends show.
enum TokenText {
    static func visible(_ text: String) -> String {
        text.isEmpty ? "∅" : text.replacing("\n", with: "⏎").replacing("\t", with: "⇥")
    }

    /// The lines, and the one in which the cursor is.
    static func lines(
        _ tokens: [String], width: Int, style: (Int) -> Style, cursor isCursor: (Int) -> Bool
    ) -> (lines: [Line], cursor: Int) {
        var lines = [Line()]
        var cursor = 0
        for (index, token) in tokens.enumerated() {
            let shown = visible(token)
            if lines[lines.count - 1].width + TextWidth.width(of: shown) > width,
                !lines[lines.count - 1].isEmpty
            {
                lines.append(Line())
            }
            if isCursor(index) { cursor = lines.count - 1 }
            lines[lines.count - 1].append(shown, style: style(index))
            for character in token where character.isNewline { lines.append(Line()) }
        }
        return (lines, cursor)
    }
}
