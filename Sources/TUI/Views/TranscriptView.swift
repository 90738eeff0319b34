import Engine
import TerminalKit

/// The conversation, message by message.
enum TranscriptView {
    /// Columns before the text: a mark for the selected message, and a blank.
    static let gutter = 2

    static func draw(_ state: State, in area: Rect, on grid: inout Grid) {
        guard !area.isEmpty else { return }
        let layout = TranscriptLayout(state, area: area)
        guard layout.count > 0 else { return drawWelcome(state, in: area, on: &grid) }
        var (block, line) = layout.top
        var row = area.row
        grid.clipped(to: area) { grid in
            while row < area.endRow, block < layout.count {
                let lines = layout.lines(block)
                let isSelected = state.focus == .messages && state.transcript.selected == block
                for text in lines.dropFirst(line) {
                    guard row < area.endRow else { break }
                    let isLast = text.isEmpty
                    if isSelected, !isLast {
                        grid.write("▌", row: row, column: area.column, style: state.theme[.accent])
                    }
                    grid.write(text, row: row, column: area.column + gutter)
                    row += 1
                }
                block += 1
                line = 0
            }
        }
    }

    static func lines(of block: TranscriptLayout.Block, state: State, width: Int) -> [Line] {
        let room = max(1, width - gutter - 1)
        let theme = state.theme
        var lines: [Line] = []
        switch block {
        case .message(let index):
            let message = state.transcript.messages[index]
            lines.append(header(of: message, at: index, state: state).truncated(columns: room))
            var body =
                message.role == .assistant
                ? ReplyText.reply(message.text, width: room, theme: theme)
                : ReplyText.lines(message.text, width: room, theme: theme)
            if let words = state.transcript.highlight { body = marking(words, in: body, theme) }
            lines += body
            if let labels = state.transcript.labels[message.id] {
                lines.append(labelLine(labels, theme: theme).truncated(columns: room))
            }
        case .pending(let text):
            lines.append(Line("You", style: theme[.user]))
            lines += ReplyText.lines(text, width: room, theme: theme)
        case .reply:
            let name = state.isBlind ? nil : state.session.model?.name
            lines.append(Line(name ?? "Reply", style: theme[.assistant]))
            var body: [Line] = []
            if let candidate = state.board?.candidates.first, !candidate.text.isEmpty {
                body = ReplyText.reply(candidate.text, width: room, theme: theme)
            } else {
                body = [Line()]
            }
            if state.generation.isRunning, var last = body.popLast() {
                last.append("▍", style: theme[.accent])
                body.append(last)
            }
            lines += body
        }
        lines.append(Line())
        return lines
    }

    private static func header(of message: TranscriptMessage, at index: Int, state: State) -> Line {
        let theme = state.theme
        var line: Line
        switch message.role {
        case .user: line = Line("You", style: theme[.user])
        case .assistant:
            line = Line(
                state.isBlind ? "Reply" : message.modelName ?? "Assistant", style: theme[.assistant]
            )
        case .system: line = Line("System", style: theme[.system])
        }
        var notes: [(String, Style)] = []
        if let template = message.templateName, template != "chat", message.role == .assistant,
            !state.isBlind
        {
            notes.append((template, theme[.muted]))
        }
        if message.isEdited { notes.append(("edited", theme[.muted])) }
        if message.versions > 1 {
            notes.append(("version \(message.version)/\(message.versions)", theme[.accent]))
        }
        if let reward = message.reward, state.showsScores, !state.isBlind {
            notes.append(("reward \(Format.signed(reward))", theme[.reward]))
        }
        switch message.finishReason {
        case .length: notes.append(("cut at the limit", theme[.warning]))
        case .cancelled, .hopeless: notes.append(("stopped", theme[.muted]))
        case .stop, nil: break
        }
        for (text, style) in notes {
            line.append(" · ", style: theme[.muted])
            line.append(text, style: style)
        }
        return line
    }

    static func labelLine(_ labels: [LabelProbability], theme: Theme) -> Line {
        var line = Line()
        for (index, label) in labels.enumerated() {
            if index > 0 { line.append("   ", style: theme[.muted]) }
            line.append(label.label + " ", style: index == 0 ? theme[.strong] : theme[.muted])
            line.append(Format.bar(label.probability, columns: 10, theme: theme))
            line.append(" " + Format.fixed(label.probability, 3), style: theme[.muted])
        }
        return line
    }

    /// Marks the words of a search.
    private static func marking(_ words: String, in lines: [Line], _ theme: Theme) -> [Line] {
        let wanted = words.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber })
            .map(String.init)
        guard !wanted.isEmpty else { return lines }
        return lines.map { line in
            var result = Line()
            for run in line.runs {
                var word = ""
                func flush() {
                    guard !word.isEmpty else { return }
                    let isHit = wanted.contains { word.lowercased().hasPrefix($0) }
                    result.append(
                        word, style: isHit ? run.style.merging(theme[.match]) : run.style)
                    word = ""
                }
                for character in run.text {
                    if character.isLetter || character.isNumber {
                        word.append(character)
                    } else {
                        flush()
                        result.append(String(character), style: run.style)
                    }
                }
                flush()
            }
            return result
        }
    }

    private static func drawWelcome(_ state: State, in area: Rect, on grid: inout Grid) {
        let theme = state.theme
        let key = { (command: Command, context: KeyContext) in
            state.keyMap.firstKey(command, in: context) ?? ""
        }
        let entries: [(String, String)] = [
            (key(.send, .composer), "sends the message"),
            (key(.candidates, .global), "samples 1, 2, 4 or 8 replies a turn"),
            (
                key(.focusNext, .composer),
                "goes to the replies: 1–9 rank, Enter records the ranking"
            ),
            (key(.templates, .global), "chooses a template: sentiment, translation, …"),
            (key(.help, .global), "shows every key and command"),
        ]
        let names = entries.map { TextWidth.width(of: $0.0) }.max() ?? 0
        var lines = [
            Line("Riposte", style: theme[.heading2]),
            Line(
                "Chat with a model on this machine, rank its replies, and let it learn from that.",
                style: theme[.muted]), Line(),
        ]
        let wrap = Wrap(width: max(1, area.columns - gutter), hangingIndent: names + 2)
        for (name, text) in entries {
            lines += wrap.lines(
                StyledText(TextWidth.pad(name, columns: names + 2), style: theme[.key])
                    + StyledText(text, style: theme[.text]))
        }
        if area.rows < lines.count { lines = Array(lines.dropFirst(3)) }
        let top = area.row + max(0, min(2, (area.rows - lines.count) / 3))
        for (offset, line) in lines.prefix(area.rows).enumerated() {
            grid.write(
                line.truncated(columns: area.columns - gutter), row: top + offset,
                column: area.column + gutter)
        }
    }
}
