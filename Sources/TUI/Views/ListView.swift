import Engine
import TerminalKit

/// A list with its filter and, where the width allows, a preview of the selected line.
enum ListView {
    static func draw(
        _ list: ListState, state: State, in area: Rect, on grid: inout Grid
    ) -> Cursor? {
        guard area.rows > 0, area.columns > 0 else { return nil }
        let theme = state.theme
        let popup = theme[.popup]
        let items = ListItems.of(state)
        let selected = min(max(0, list.selected), max(0, items.count - 1))

        // The filter, or the line being typed about the selected item.
        let label: String
        let text: String
        switch list.input?.purpose {
        case .rename: (label, text) = ("Name: ", list.input?.text ?? "")
        case .tag: (label, text) = ("Tags: ", list.input?.text ?? "")
        case .value:
            (label, text) = ("Value: ", list.input?.text ?? "")
        case nil:
            let isSearch = if case .conversations = state.overlay { true } else { false }
            (label, text) = (isSearch ? "Search: " : "Filter: ", list.filter)
        }
        var column = area.column
        column += grid.write(
            label, row: area.row, column: column, style: theme[.muted].on(popup),
            maxWidth: area.columns)
        column += grid.write(
            text, row: area.row, column: column, style: theme[.composer].on(popup),
            maxWidth: max(0, area.endColumn - 1 - column))
        let cursor = Cursor(row: area.row, column: min(column, area.endColumn - 1))

        let preview = self.preview(items.indices.contains(selected) ? items[selected] : nil, state)
        let layout = ListLayout(
            items: items.count, selected: selected, hasPreview: preview != nil, in: area)
        let rows = layout.rows
        if let preview, let side = layout.side {
            draw(preview(side.columns - 3), in: side, theme: theme, on: &grid)
        } else if let preview, let below = layout.below {
            let lines = preview(below.columns).map { line in
                line.restyled { $0 = $0.on(popup) }
            }
            grid.horizontalLine(
                row: below.row, column: below.column, length: below.columns,
                style: theme[.border].on(popup))
            grid.write(lines, in: below.splitTop(1).rest)
        }

        if items.isEmpty {
            grid.write(
                emptyText(state), row: rows.row, column: rows.column,
                style: theme[.muted].on(popup), maxWidth: rows.columns)
            return cursor
        }
        let first = layout.first
        for (offset, item) in items.dropFirst(first).prefix(rows.rows).enumerated() {
            let isSelected = first + offset == selected
            let style = isSelected ? theme[.popupSelection] : popup
            let row = rows.row + offset
            grid.fill(
                Rect(column: rows.column, row: row, columns: rows.columns, rows: 1), style: style)
            draw(
                item, isSelected: isSelected, style: style, state: state, row: row, in: rows,
                on: &grid)
        }
        return cursor
    }

    private static func draw(
        _ item: ListItem, isSelected: Bool, style: Style, state: State, row: Int, in area: Rect,
        on grid: inout Grid
    ) {
        let theme = state.theme
        let mark = item.mark.map { "\($0) " } ?? (item.isCurrent ? "● " : "  ")
        var column = area.column
        column += grid.write(mark, row: row, column: column, style: theme[.accent].on(style))
        let detailStyle = isSelected ? style : theme[.muted].on(style)
        let titleStyle = item.isDimmed && !isSelected ? theme[.muted].on(style) : style
        let isExcerpt = !item.highlights.isEmpty
        let room = area.endColumn - column
        // Half of the line, and whatever the title leaves.
        let half = isExcerpt ? room * 3 / 5 : room / 2
        let detailWidth = min(
            TextWidth.width(of: item.detail),
            max(half, room - 2 - TextWidth.width(of: item.title)))
        let titleRoom = max(0, room - detailWidth - (detailWidth > 0 ? 2 : 0))
        grid.write(
            TextWidth.truncate(item.title, columns: titleRoom), row: row, column: column,
            style: titleStyle)
        guard detailWidth > 0 else { return }
        var detail = Line()
        for (offset, character) in item.detail.enumerated() {
            let isHit = item.highlights.contains { $0.contains(offset) }
            detail.append(
                character.isNewline ? " " : String(character),
                style: isHit ? theme[.match] : detailStyle)
        }
        let shown = detail.truncated(columns: detailWidth)
        grid.write(shown, row: row, column: area.endColumn - shown.width)
    }

    private static func draw(_ lines: [Line], in area: Rect, theme: Theme, on grid: inout Grid) {
        let popup = theme[.popup]
        grid.verticalLine(
            row: area.row, column: area.column + 1, length: area.rows,
            style: theme[.border].on(popup))
        let room = area.splitLeft(3).rest
        grid.write(lines.map { line in line.restyled { $0 = $0.on(popup) } }, in: room)
    }

    private static func emptyText(_ state: State) -> String {
        switch state.overlay {
        case .conversations(let list):
            list.filter.isEmpty
                ? "No conversation is stored yet." : "No message has these words."
        case .disagreements:
            state.disagreements == nil
                ? "The reward model reads the boards you ranked …"
                : "The reward model orders every board you ranked as you did."
        case .models: "No models are known; riposte models pull smollm2 fetches one."
        case .variables: "This template has no variables."
        default: "Nothing has this name."
        }
    }

    /// Lines about an item, for a width; nil where the list has no preview.
    private static func preview(
        _ item: ListItem?, _ state: State
    ) -> ((Int) -> [Line])? {
        guard let item else { return nil }
        switch state.overlay {
        case .templates:
            guard let template = state.session.templates.first(where: { $0.name == item.id })
            else { return nil }
            return { TemplatePreview.lines(template, state: state, width: $0) }
        case .settings:
            let help = SettingKey(rawValue: item.id)?.help ?? "how many replies a message gets"
            let theme = state.theme
            let records = state.session.comparisons.filter {
                $0.kind == .settings && $0.name.split(separator: " ").contains(item.id[...])
            }
            return { width in
                Wrap(width: max(1, width)).lines(help, style: theme[.text])
                    + [Line()]
                    + Wrap(width: max(1, width)).lines(
                        "← → change it, Enter takes a value, \"default\" gives it back to the "
                            + "template. ● marks your own.", style: theme[.muted])
                    + (records.isEmpty ? [] : [Line(), Line("compared", style: theme[.system])])
                    + records.map { record in
                        Line(
                            "\(record.name): wins \(Format.percent(record.winRate ?? 0)) of "
                                + "\(record.comparisons)", style: theme[.text]
                        ).truncated(columns: width)
                    }
            }
        default: return nil
        }
    }
}

/// Where the lines of a list stand, and its preview.
struct ListLayout {
    /// The lines that can be chosen.
    let rows: Rect
    /// The first of them that is shown.
    let first: Int
    /// Room for the preview beside them, or below.
    let side: Rect?
    let below: Rect?

    init(items: Int, selected: Int, hasPreview: Bool, in area: Rect) {
        let body = area.splitTop(area.rows > 4 ? 2 : 1).rest
        if hasPreview, body.columns >= 64 {
            let split = body.splitLeft(min(34, body.columns / 2 - 2))
            (rows, side, below) = (split.left, split.rest, nil)
        } else if hasPreview, body.rows >= 10 {
            let split = body.splitBottom(min(8, body.rows / 2))
            (rows, side, below) = (split.rest, nil, split.bottom)
        } else {
            (rows, side, below) = (body, nil, nil)
        }
        let height = max(1, rows.rows)
        first = max(0, min(selected - height / 2, items - height))
    }

    /// The layout of the list that is open.
    init?(_ state: State) {
        guard let list = state.overlay?.list else { return nil }
        let items = ListItems.of(state)
        let hasPreview =
            switch state.overlay {
            case .templates, .settings: !items.isEmpty
            default: false
            }
        self.init(
            items: items.count, selected: min(max(0, list.selected), max(0, items.count - 1)),
            hasPreview: hasPreview, in: OverlayLayout(state).inside)
    }
}

/// What a template would put around a message.
enum TemplatePreview {
    static func lines(_ template: Template, state: State, width: Int) -> [Line] {
        let theme = state.theme
        let wrap = Wrap(width: max(1, width))
        var lines: [Line] = []
        func add(_ label: String, _ text: String) {
            lines.append(Line(label, style: theme[.system]))
            lines += wrap.lines(text.trimmingWhitespace, style: theme[.text])
        }
        if !template.description.isEmpty {
            lines += wrap.lines(template.description, style: theme[.emphasis])
            lines.append(Line())
        }
        let compared = state.session.comparisons.first {
            $0.kind == .template && $0.name == template.name
        }
        if let compared, let rate = compared.winRate {
            lines += wrap.lines(
                "wins \(Format.percent(rate)) of \(compared.comparisons) compared",
                style: theme[.text])
            lines.append(Line())
        }
        if let system = template.system, !system.isEmpty { add("system", system) }
        for example in template.examples {
            add("user", example.user)
            add("assistant", example.assistant)
        }
        if template.input.trimmingWhitespace != "{{ input }}" { add("input", template.input) }
        if !template.labels.isEmpty {
            add("labels", template.labels.joined(separator: ", "))
        }
        if !template.variables.isEmpty {
            add(
                "variables",
                template.variables.sorted { $0.key < $1.key }
                    .map { "\($0.key) = \($0.value ?? "required")" }.joined(separator: "\n"))
        }
        var sampling: [String] = []
        if let value = template.sampling.temperature {
            sampling.append("temperature \(ComparedSetting.format(Double(value)))")
        }
        if let value = template.sampling.topK { sampling.append("top_k \(value)") }
        if let value = template.sampling.topP {
            sampling.append("top_p \(ComparedSetting.format(Double(value)))")
        }
        if let value = template.sampling.maxTokens { sampling.append("max_tokens \(value)") }
        if !sampling.isEmpty { add("sampling", sampling.joined(separator: ", ")) }
        if template.mode == .plain {
            lines += wrap.lines(
                "Plain text, without the model's chat template.", style: theme[.muted])
        }
        lines.append(Line())
        lines.append(
            Line(template.path.map { "from \($0)" } ?? "built in", style: theme[.muted])
                .truncated(columns: width))
        return lines
    }
}
