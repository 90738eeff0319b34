import Engine
import TerminalKit

/// The exact prompt: special tokens marked, the part that the cache holds shaded.
enum PromptView {
    static func lines(_ snapshot: PromptSnapshot?, state: State, width: Int) -> [Line] {
        let theme = state.theme
        guard let snapshot else {
            return [Line("The prompt is being made …", style: theme[.muted])]
        }
        var lines = meter(snapshot, theme: theme, width: width)
        lines.append(Line())
        var text = StyledText()
        for (index, token) in snapshot.tokens.enumerated() {
            var style = token.isControl ? theme[.specialToken] : theme[.text]
            if index < snapshot.cached { style = style.merging(theme[.cachedToken]) }
            text.append(token.text, style: style)
        }
        lines += Wrap(width: width, mode: .characters).lines(text)
        return lines
    }

    /// Where the context's tokens go, as figures and as a bar.
    static func meter(_ snapshot: PromptSnapshot, theme: Theme, width: Int) -> [Line] {
        let use = snapshot.use
        let meter = ContextMeter(use, theme: theme)
        var legend = StyledText()
        for (name, count, style) in meter.parts {
            legend.append("● ", style: style)
            legend.append("\(name) \(count)   ", style: theme[.muted])
        }
        legend.append("of \(use.total)", style: theme[.muted])
        var lines = [meter.bar(columns: min(width, 80))] + Wrap(width: width).lines(legend)
        var note =
            "\(snapshot.tokens.count) tokens, \(snapshot.cached) of them in the cache (shaded)"
        if use.droppedMessages > 0 {
            note += "; \(use.droppedMessages) old messages left out, for the context is full"
        }
        lines += Wrap(width: width).lines(note + ".", style: theme[.muted])
        return lines
    }
}

/// Where the context's tokens go, part by part.
struct ContextMeter {
    let parts: [(name: String, tokens: Int, style: Style)]
    private let total: Int
    private let track: Style

    init(_ use: ContextUse, theme: Theme) {
        parts = [
            ("system", use.system, theme[.system]),
            ("examples", use.examples, theme[.specialToken]),
            ("turns", use.turns, theme[.user]), ("reply room", use.reply, theme[.assistant]),
        ]
        total = max(1, use.total)
        track = theme[.progressTrack]
    }

    /// A part that is there at all has a cell, as long as there are some.
    func bar(columns: Int) -> Line {
        var bar = Line()
        var used = 0
        for (_, count, style) in parts where count > 0 {
            let share = Int((Double(count * columns) / Double(total)).rounded())
            let cells = max(0, min(columns - used, max(1, share)))
            bar.append(String(repeating: "━", count: cells), style: style)
            used += cells
        }
        bar.append(String(repeating: "─", count: max(0, columns - used)), style: track)
        return bar
    }
}
