import Engine

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
        let parts: [(String, Int, Style)] = [
            ("system", use.system, theme[.system]),
            ("examples", use.examples, theme[.specialToken]),
            ("turns", use.turns, theme[.user]), ("reply room", use.reply, theme[.assistant]),
        ]
        var bar = Line()
        let total = max(1, use.total)
        let columns = min(width, 80)
        var used = 0
        for (_, count, style) in parts where count > 0 {
            let cells = min(
                columns - used, max(1, Int((Double(count * columns) / Double(total)).rounded())))
            bar.append(String(repeating: "━", count: max(0, cells)), style: style)
            used += max(0, cells)
        }
        bar.append(
            String(repeating: "─", count: max(0, columns - used)), style: theme[.progressTrack])
        var legend = StyledText()
        for (name, count, style) in parts {
            legend.append("● ", style: style)
            legend.append("\(name) \(count)   ", style: theme[.muted])
        }
        legend.append("of \(use.total)", style: theme[.muted])
        var lines = [bar] + Wrap(width: width).lines(legend)
        var note =
            "\(snapshot.tokens.count) tokens, \(snapshot.cached) of them in the cache (shaded)"
        if use.droppedMessages > 0 {
            note += "; \(use.droppedMessages) old messages left out, for the context is full"
        }
        lines += Wrap(width: width).lines(note + ".", style: theme[.muted])
        return lines
    }
}
