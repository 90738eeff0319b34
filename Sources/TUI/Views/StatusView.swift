import Engine
import TerminalKit

/// The lines around the composer: what is going on, the rule, the status line, key hints.
enum StatusView {
    // MARK: What is going on

    /// Rows for it: a long notice takes up to three, where the screen has them.
    static func activityRows(_ state: State) -> Int {
        guard state.size.rows >= 16 else { return 1 }
        return min(3, noticeLines(state, columns: state.size.columns - 2)?.count ?? 1)
    }

    private static func noticeLines(_ state: State, columns: Int) -> [Line]? {
        guard let notice = state.notices.current, columns > 2 else { return nil }
        let line = line(for: notice, theme: state.theme)
        return Wrap(width: columns, hangingIndent: 2).lines(StyledText(line.runs))
    }

    static func drawActivity(_ state: State, in area: Rect, on grid: inout Grid) {
        guard !area.isEmpty else { return }
        if area.rows > 1, let lines = noticeLines(state, columns: area.columns - 2) {
            grid.write(lines, in: area.inset(columns: 1, rows: 0))
            return
        }
        let line = activity(state, columns: area.columns - 2)
        grid.write(
            line.truncated(columns: area.columns - 2), row: area.row, column: area.column + 1)
    }

    private static func activity(_ state: State, columns: Int) -> Line {
        let theme = state.theme
        if let notice = state.notices.current { return line(for: notice, theme: theme) }
        if !state.completions.isEmpty {
            return Line(state.completions.joined(separator: "  "), style: theme[.muted])
        }
        if let loading = state.session.loading {
            var line = Line("Loading \(loading.name) ", style: theme[.muted])
            line.append(
                Format.bar(loading.share, columns: min(30, max(5, columns / 3)), theme: theme))
            line.append(" " + Format.percent(loading.share), style: theme[.muted])
            return line
        }
        var line = Line()
        switch state.generation.phase {
        case .idle: break
        case .starting:
            line.append(Format.spinner(state.now), style: theme[.accent])
            line.append(" starting", style: theme[.muted])
        case .reading(let done, let total):
            line.append(Format.spinner(state.now), style: theme[.accent])
            line.append(" reading the prompt ", style: theme[.muted])
            if total > 0 {
                line.append(
                    Format.bar(Double(done) / Double(total), columns: 20, theme: theme))
                line.append(" \(done)/\(total)", style: theme[.muted])
            }
        case .streaming:
            line.append(Format.spinner(state.now), style: theme[.accent])
            let count = state.generation.candidates
            line.append(
                count > 1 ? " writing \(count) replies" : " writing", style: theme[.muted])
            line.append(" · \(state.generation.tokens) tokens", style: theme[.muted])
            line.append(" · Esc stops", style: theme[.muted])
        case .stopping: line.append("stopping", style: theme[.warning])
        }
        if !state.queue.isEmpty {
            if !line.isEmpty { line.append(" · ", style: theme[.muted]) }
            line.append(
                state.queue.count == 1
                    ? "1 message waits: \(state.queue[0].replacing("\n", with: " "))"
                    : "\(state.queue.count) messages wait", style: theme[.warning])
        }
        return line
    }

    static func line(for notice: Notice, theme: Theme) -> Line {
        let (mark, style): (String, Style) =
            switch notice.kind {
            case .information: ("·", theme[.muted])
            case .success: ("✓", theme[.success])
            case .warning: ("!", theme[.warning])
            case .failure: ("✗", theme[.error])
            }
        var line = Line(mark + " ", style: style)
        let text = notice.text.replacing("\n", with: " ")
        line.append(text, style: notice.kind == .information ? theme[.muted] : style)
        return line
    }

    // MARK: The rule above the composer

    static func drawRule(_ state: State, in area: Rect, on grid: inout Grid) {
        guard !area.isEmpty else { return }
        let theme = state.theme
        let isFocused = state.focus == .composer && state.overlay == nil
        let style = isFocused ? theme[.borderFocused] : theme[.border]
        grid.horizontalLine(row: area.row, column: area.column, length: area.columns, style: style)
        var label: String?
        switch state.editTarget {
        case .message: label = " editing a message "
        case .candidate(let index):
            label = " editing reply \(state.board?.letter(of: index) ?? "") "
        case nil: if state.focus == .messages { label = " messages " }
        }
        if let label {
            grid.write(
                label, row: area.row, column: area.column + 2, style: theme[.accent],
                maxWidth: area.columns - 4)
        }
        if state.transcript.scroll != .following {
            let key = state.keyMap.firstKey(.scrollToEnd, in: .global) ?? ""
            grid.write(
                " ↓ more below · \(key) ", row: area.row, endColumn: area.endColumn - 2,
                style: theme[.accent])
        }
    }

    // MARK: Status line

    static func drawStatus(_ state: State, in area: Rect, on grid: inout Grid) {
        guard !area.isEmpty else { return }
        let theme = state.theme
        // Without a line of its own, what is going on stands here.
        if ScreenLayout(state).activity.isEmpty, let notice = state.notices.current {
            grid.fill(area, style: theme[.statusBar])
            grid.write(
                line(for: notice, theme: theme).truncated(columns: area.columns), row: area.row,
                column: area.column)
            return
        }
        grid.fill(area, style: theme[.statusBar])
        let plain = theme[.statusBar]
        let accent = theme[.statusBarAccent]
        let warning = theme[.statusBarWarning]
        // The most important first: what does not fit is left out from the end.
        var parts: [Line] = []
        if state.isBlind {
            parts.append(Line("blind", style: warning))
        } else {
            parts.append(Line(state.session.model?.name ?? "no model", style: accent))
        }
        parts.append(Line(state.session.templateName, style: accent))
        let count = state.settings.candidates
        parts.append(Line(count == 1 ? "1 reply" : "\(count) replies", style: plain))
        parts.append(
            contextPart(
                state, plain: plain, warning: warning, barColumns: area.columns >= 100 ? 12 : 0))
        switch state.training {
        case .idle: break
        case .running(let share):
            parts.append(Line("learning \(Format.percent(share))", style: plain))
        case .offered:
            let key = state.keyMap.firstKey(.takeReward, in: .global) ?? "/train take"
            parts.append(Line("new reward: \(key)", style: accent))
        }
        if let speed = speed(state) {
            parts.append(Line("\(Format.fixed(speed, 0)) tok/s", style: plain))
        }
        if let reward = state.session.rewardModel, !state.isBlind {
            parts.append(
                Line(
                    "reward \(reward.split(separator: " ").first ?? "")"
                        + (state.showsScores ? "" : " (hidden)"), style: plain))
        }
        if state.ordersByReward { parts.append(Line("by reward", style: plain)) }
        let temperature = state.settings.value(.temperature, under: state.session.template).value
        if let temperature {
            parts.append(Line("t \(ComparedSetting.format(temperature))", style: plain))
        }
        var column = area.column + 1
        for (index, part) in parts.enumerated() {
            let separator = index == 0 ? 0 : 3
            guard column + separator + part.width <= area.endColumn - 1 else {
                // The model's name alone is cut rather than left out.
                if index == 0 {
                    column += grid.write(
                        part.truncated(columns: area.columns - 2), row: area.row, column: column)
                }
                continue
            }
            if index > 0 {
                grid.write(" │ ", row: area.row, column: column, style: plain)
                column += 3
            }
            column += grid.write(part, row: area.row, column: column)
        }
        let title = TextWidth.truncate(state.session.title, columns: 30)
        let room = area.endColumn - 1 - column
        if !title.isEmpty, TextWidth.width(of: title) + 2 <= room {
            grid.write(title, row: area.row, endColumn: area.endColumn - 1, style: plain)
        }
    }

    /// Tokens used of all; where there is room with a bar of its parts.
    private static func contextPart(
        _ state: State, plain: Style, warning: Style, barColumns: Int
    ) -> Line {
        let total = state.context.total
        let used = state.context.used + (state.generation.isRunning ? state.generation.tokens : 0)
        guard total > 0 else { return Line("context –", style: plain) }
        let isTight = used + state.context.reply > total || state.context.droppedMessages > 0
        var line = Line("context \(used)/\(total)", style: isTight ? warning : plain)
        if barColumns > 0 {
            line.append(" ", style: plain)
            let bar = ContextMeter(state.context, theme: state.theme).bar(columns: barColumns)
            line.append(bar.restyled { $0 = $0.on(plain) })
        }
        return line
    }

    /// Tokens a second: of the running generation once it has some, else of the last one.
    private static func speed(_ state: State) -> Double? {
        let generation = state.generation
        guard generation.isRunning, let first = generation.firstTokenAt, state.now > first + 0.2
        else { return generation.tokensPerSecond }
        return Double(generation.tokens) / (state.now - first)
    }

    // MARK: Key hints

    static func drawHints(_ state: State, in area: Rect, on grid: inout Grid) {
        guard !area.isEmpty else { return }
        let theme = state.theme
        var column = area.column + 1
        for (command, title) in hints(state) {
            guard let key = state.keyMap.firstKey(command, in: state.keyContext) else { continue }
            let width = TextWidth.width(of: key) + 1 + TextWidth.width(of: title)
            guard column + width <= area.endColumn - 1 else { break }
            column += grid.write(key, row: area.row, column: column, style: theme[.key]) + 1
            column += grid.write(title, row: area.row, column: column, style: theme[.muted]) + 2
        }
    }

    private static func hints(_ state: State) -> [(Command, String)] {
        func plain(_ commands: [Command]) -> [(Command, String)] {
            commands.map { ($0, $0.title) }
        }
        if let overlay = state.overlay {
            if overlay.list?.input != nil { return [(.choose, "keep"), (.close, "drop")] }
            switch overlay {
            case .conversations:
                return plain([.choose, .close, .renameItem, .tagItem, .deleteItem, .exportItem])
            case .templates:
                return [
                    (
                        .choose,
                        overlay.list.map { $0.marked.count > 1 } == true ? "compare" : "choose"
                    ),
                    (.markItem, "mark to compare"), (.exportItem, "edit"), (.close, "close"),
                ]
            case .models:
                return [
                    (
                        .choose,
                        overlay.list.map { $0.marked.count > 1 } == true ? "compare" : "choose"
                    ),
                    (.markItem, "mark to compare"), (.close, "close"),
                ]
            case .tour:
                return [(.choose, "begins"), (.help, "help")]
            case .disagreements:
                return [(.up, "move"), (.choose, "look at the board"), (.close, "close")]
            case .links:
                return [(.up, "move"), (.choose, "open"), (.close, "close")]
            case .variables:
                return [(.up, "move"), (.choose, "type a value"), (.close, "done")]
            case .settings:
                return [
                    (.up, "move"), (.left, "less"), (.right, "more"), (.choose, "type a value"),
                ]
                    + plain([.close])
            case .attention:
                return [
                    (.left, "token"), (.right, "token"), (.down, "layer"), (.nextHead, "head"),
                    (.toggleSink, "first token"), (.close, "close"),
                ]
            case .tokens:
                return [
                    (.left, "token"), (.right, "token"), (.down, "alternative"),
                    (.choose, "continue from it"), (.close, "close"),
                ]
            default:
                return overlay.list != nil
                    ? [(.up, "move"), (.choose, "choose"), (.close, "close")]
                    : [(.up, "scroll"), (.pageDown, "page"), (.close, "close")]
            }
        }
        switch state.focus {
        case .composer:
            if state.generation.isRunning {
                return [(.stop, "stop"), (.send, "queue")]
                    + (state.board?.isSingle == false ? [(.focusNext, "board")] : [])
                    + plain([.help, .quit])
            }
            if state.editTarget != nil {
                return [(.send, "keep"), (.newline, "new line"), (.stop, "drop")]
            }
            var list: [(Command, String)] = [(.send, "send")]
            if state.board?.isSingle == false { list.append((.focusNext, "board")) }
            if state.composer.isCommand { list.append((.focusNext, "complete")) }
            return list
                + [
                    (state.composer.isEmpty ? .contextHelp : .help, "help"),
                    (.templates, "templates"), (.candidates, "replies"),
                    (.conversations, "conversations"), (.quit, "quit"), (.prompt, "prompt"),
                    (.newBoard, "again"), (.messages, "messages"), (.models, "models"),
                    (.settings, "settings"), (.palette, "commands"), (.newline, "new line"),
                ]
        case .board:
            return [
                (.rank, "rank"), (.tie, "tie"), (.allBad, "all bad"), (.submitRanking, "submit"),
                (.accept, "accept"), (.undoRanking, "undo"), (.addCandidate, "one more"),
                (.contextHelp, "keys"), (.zoom, "zoom"), (.orderByReward, "order"),
                (.toggleScores, "scores"), (.tokens, "tokens"), (.editCandidate, "edit"),
                (.focusComposer, "composer"),
            ]
        case .messages:
            return [
                (.messageUp, "earlier"), (.messageDown, "later"), (.previousSibling, "version"),
                (.nextSibling, "version"), (.editMessage, "edit"), (.regenerate, "regenerate"),
                (.continueReply, "continue"), (.branchHere, "branch"), (.openBoard, "board"),
                (.tokens, "tokens"),
                (.contextHelp, "keys"), (.focusComposer, "composer"),
            ]
        }
    }
}
