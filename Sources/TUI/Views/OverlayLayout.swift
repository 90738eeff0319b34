import Engine
import TerminalKit

/// Where a page or list stands over the conversation.
struct OverlayLayout {
    let frame: Rect
    /// The room for text.
    let inside: Rect

    init(_ state: State) {
        let size = state.size
        let layout = ScreenLayout(state)
        // Notices, composer, status line and hints stay in sight; a small screen is covered whole.
        let isNarrow = size.columns < 60 || size.rows < 16
        let below =
            layout.hints.rows + layout.status.rows
            + (isNarrow ? 0 : layout.composer.rows + layout.rule.rows + layout.activity.rows)
        let room = Rect(
            column: 0, row: 0, columns: size.columns, rows: max(0, size.rows - below))
        let isList = state.overlay?.list != nil
        // A strip of the conversation beside the frame would only disturb.
        let columns = size.columns < 110 ? room.columns : min(room.columns - 4, isList ? 96 : 104)
        var rows = isNarrow || room.rows < 26 ? room.rows : room.rows - 2
        if isList, !isNarrow {
            let count = Self.itemLimit(state)
            rows = min(rows, max(12, count))
        }
        if case .tour = state.overlay {
            // Five lines need no page.
            let width = columns - (isNarrow ? 2 : 4)
            rows = min(rows, HelpView.tour(state, width: max(1, width)).count + 2)
        }
        frame = Rect(
            column: (room.columns - columns) / 2, row: max(0, (room.rows - rows) / 2),
            columns: columns, rows: rows)
        inside = isNarrow ? frame.inset(columns: 1, rows: 1) : frame.inset(columns: 2, rows: 1)
    }

    /// Lines the list has without its filter, so that its frame does not jump while one types.
    private static func itemLimit(_ state: State) -> Int {
        switch state.overlay {
        case .templates: max(20, state.session.templates.count + 5)
        case .models: state.session.models.count + 5
        case .settings: SettingKey.allCases.count + 5
        case .variables: (state.session.template?.variables.count ?? 0) + 5
        case .links: state.linkTexts.count + 5
        default: .max / 2
        }
    }
}
