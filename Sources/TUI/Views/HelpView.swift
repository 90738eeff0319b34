import Engine
import TerminalKit

/// Every key and command, from the tables that bind them.
enum HelpView {
    static func lines(_ state: State, width: Int) -> [Line] {
        let theme = state.theme
        var lines: [Line] = []
        // What has the focus comes first.
        let own = state.covered.map(\.keyContext) ?? state.focus.keyContext
        let contexts = [own] + KeyContext.allCases.filter { $0 != own && $0 != .global }
        for context in [own, .global] + contexts.dropFirst() {
            lines.append(Line(context.title, style: theme[.heading2]))
            let bindings = state.keyMap.bindings.filter { $0.context == context }
            lines += table(bindings.map { ($0.keys, $0.command.help) }, width, theme)
            lines.append(Line())
        }
        lines.append(Line("Commands", style: theme[.heading2]))
        lines += table(
            SlashCommand.all.map { definition in
                let usage = definition.arguments.isEmpty ? "" : " \(definition.arguments)"
                return ("/\(definition.name)\(usage)", definition.help)
            }, width, theme)
        if !state.notices.log.isEmpty {
            lines.append(Line())
            lines.append(Line("Latest notices", style: theme[.heading2]))
            for notice in state.notices.log.suffix(10).reversed() {
                lines += Wrap(width: width, hangingIndent: 2).lines(
                    notice.text, style: theme[.text])
            }
        }
        return lines
    }

    static func tour(_ state: State, width: Int) -> [Line] {
        let steps = [
            "Write a message and press Enter. Everything runs on this machine.",
            "F4 asks for several replies at once. Tab goes to them; the arrows select.",
            "1 to 9 rank a reply, = ties, 0 says all bad; Enter records and goes on with the best.",
            "F2 changes the template in mid-conversation; F9 shows the exact prompt.",
            "After some rankings, /train learns your taste, and replies get scores.",
        ]
        return steps.enumerated().flatMap { index, text in
            Wrap(width: width, hangingIndent: 3).lines(
                StyledText("\(index + 1). ", style: state.theme[.key])
                    + StyledText(text, style: state.theme[.text])) + [Line()]
        } + [Line("Enter begins.", style: state.theme[.muted])]
    }

    private static func table(_ rows: [(String, String)], _ width: Int, _ theme: Theme) -> [Line] {
        let widest = rows.map { TextWidth.width(of: $0.0) }.max() ?? 0
        let keyWidth = min(widest, max(10, width / 3))
        var lines: [Line] = []
        for (keys, help) in rows {
            let wrapped = Wrap(width: max(1, width - keyWidth - 3)).lines(help, style: theme[.text])
            var first = Line(
                " " + TextWidth.pad(keys, columns: keyWidth) + "  ", style: theme[.key])
            first.append(wrapped.first ?? Line())
            lines.append(first)
            for line in wrapped.dropFirst() {
                lines.append(Line(String(repeating: " ", count: keyWidth + 3)) + line)
            }
        }
        return lines
    }
}
