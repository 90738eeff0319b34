import Engine
import TerminalKit

/// What lies over the conversation.
enum OverlayView {
    /// Draws it, and returns where the cursor stands.
    static func draw(_ state: State, on grid: inout Grid) -> Cursor? {
        guard let overlay = state.overlay else { return nil }
        let layout = OverlayLayout(state)
        let popup = state.theme[.popup]
        grid.fill(layout.frame, style: popup)
        let border = state.theme[.borderFocused].on(popup)
        var title = Line(title(of: overlay, state: state), style: state.theme[.title].on(popup))
        if case .tokens(let view) = overlay { title = TokenView.title(view, state: state) }
        grid.box(layout.frame, border: .rounded, style: border, title: title)
        switch overlay {
        case .tokens(let view):
            TokenView.draw(view, state: state, in: layout.inside, on: &grid)
            return nil
        case .attention(let view):
            AttentionView.draw(view, state: state, in: layout.inside, on: &grid)
            return nil
        default: break
        }
        if let list = overlay.list {
            return ListView.draw(list, state: state, in: layout.inside, on: &grid)
        }
        if let page = overlay.page {
            let lines = pageLines(state).map { line in line.restyled { $0 = $0.on(popup) } }
            grid.write(lines, in: layout.inside, from: page.top)
            let rows = layout.inside.rows
            if lines.count > rows, rows > 0 {
                let last = lines.count - rows
                let size = max(1, rows * rows / lines.count)
                grid.verticalLine(
                    row: layout.inside.row + (rows - size) * min(page.top, last) / last,
                    column: layout.frame.endColumn - 1, length: size,
                    style: state.theme[.accent].on(popup), with: "┃")
            }
        }
        return nil
    }

    static func pageLineCount(_ state: State) -> Int { pageLines(state).count }

    private static func pageLines(_ state: State) -> [Line] {
        let width = max(1, OverlayLayout(state).inside.columns)
        switch state.overlay {
        case .help: return HelpView.lines(state, width: width)
        case .tour: return HelpView.tour(state, width: width)
        case .prompt(_, let snapshot): return PromptView.lines(snapshot, state: state, width: width)
        default: return []
        }
    }

    private static func title(of overlay: OverlayState, state: State) -> String {
        switch overlay {
        case .help: "Help"
        case .tour: "Welcome"
        case .templates: "Templates"
        case .models: "Models"
        case .conversations: "Conversations"
        case .settings: "Settings"
        case .variables: "Variables of \(state.session.templateName)"
        case .palette: "Commands"
        case .map: "The tree of versions"
        case .disagreements: "Where the reward model disagrees with you"
        case .links: "Links"
        case .prompt: "The exact prompt"
        case .tokens: "Tokens"
        case .attention(let view): view.title
        }
    }
}

extension Style {
    /// This look on another's background, where it has none of its own.
    func on(_ other: Style) -> Style {
        Style(
            foreground: foreground == .terminal ? other.foreground : foreground,
            background: background == .terminal ? other.background : background,
            attributes: attributes)
    }
}
