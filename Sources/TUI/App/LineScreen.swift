import Engine
import Foundation
import TerminalKit

/// The chat without a screen: lines in, lines out, nothing ever painted over. For screen
/// readers, for terminals that cannot move their cursor, and for pipes. The same state, actions
/// and effects as on the screen; every function has its `/` command.
@MainActor
final class LineScreen {
    private enum Event: Sendable {
        case line(String)
        case end
        case action(Action)
    }

    private var state: State
    private let runner: EffectRunner
    private let configuration: ChatConfiguration
    private let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    private let isInteractive = isatty(STDIN_FILENO) == 1
    private var lines: [String] = []
    private var isAtEnd = false
    /// Effects asked for whose end has not been reported.
    private var outstanding = 0
    private var noticeCount = 0
    private let clock = ContinuousClock()
    private let start = ContinuousClock().now
    /// Where the text of a streaming reply stands, so that its next part follows.
    private var isInsideReply = false
    private var isPrompting = false

    init(_ configuration: ChatConfiguration, workspace: Workspace) {
        self.configuration = configuration
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        events = stream
        self.continuation = continuation
        state = Chat.state(configuration)
        state.size = ScreenSize(columns: 80, rows: 1000)
        runner = Chat.runner(configuration, workspace) { continuation.yield(.action($0)) }
    }

    func run() async -> Int32 {
        runner.start(
            model: configuration.model, template: configuration.template,
            conversation: configuration.conversation, systemText: configuration.systemText)
        let continuation = continuation
        // Blocks on its input, so not on the pool of tasks.
        let reader = Thread {
            while let line = readLine(strippingNewline: true) { continuation.yield(.line(line)) }
            continuation.yield(.end)
        }
        reader.start()
        for await event in events {
            switch event {
            case .line(let line): lines.append(line)
            case .end: isAtEnd = true
            case .action(let action): take(action)
            }
            if !advance() { break }
        }
        endReply()
        runner.flushDraft()
        return state.session.model == nil && !isInteractive ? 1 : 0
    }

    private var isIdle: Bool {
        // What a line asked for is done before the next one, also at the end of the input.
        outstanding == 0 && !state.generation.isRunning && state.session.loading == nil
            && state.queue.isEmpty && (isInteractive || !state.training.isRunning)
            && state.board?.isSubmitted != true && (state.session.model != nil || hasFailed)
    }

    private var hasFailed: Bool { state.notices.log.contains { $0.kind == .failure } }

    /// Takes the next line where its turn has come; false at the end.
    private func advance() -> Bool {
        // A script's lines wait for the reply before them; a person's do not.
        while !lines.isEmpty, isInteractive || isIdle {
            enter(lines.removeFirst())
            if state.isQuitting { return false }
        }
        if isAtEnd, lines.isEmpty, isIdle { return false }
        if isInteractive, isIdle, !isPrompting, !isInsideReply {
            write("> ")
            isPrompting = true
        }
        return true
    }

    private func enter(_ line: String) {
        isPrompting = false
        if line == "/stop" {
            runner.run(.cancelGeneration)
            return
        }
        state.composer = ComposerState()
        // The key for help, as far as a line has one.
        take(.composerAccepted(line == "?" ? "/help" : line))
        state.composer = ComposerState()
        if state.focus == .messages {
            listMessages()
            state.focus = .composer
            state.transcript.selected = nil
        }
        showOverlay()
    }

    /// The messages by the numbers that /revise, /version, /branch and /vote take.
    private func listMessages() {
        for (index, message) in state.transcript.messages.enumerated() {
            let versions =
                message.versions > 1 ? " (version \(message.version) of \(message.versions))" : ""
            line("\(index + 1). \(name(message.role))\(versions): \(message.text)")
        }
    }

    private func take(_ action: Action) {
        if case .effectsDone = action { outstanding -= 1 }
        let before = state
        var runs = false
        var effects = update(&state, .timePassed((clock.now - start) / .seconds(1)))
        effects += update(&state, action)
        for effect in effects {
            switch effect {
            case .openFile(let path): line("Edit \(path); it is read as soon as it is saved.")
            case .copy(let text): line(text)
            case .bell: if isatty(STDOUT_FILENO) == 1 { write("\u{7}") }
            case .openEditor, .setMouse, .redraw, .saveDraft: break
            default:
                runner.run(effect)
                runs = true
            }
        }
        if runs {
            outstanding += 1
            runner.run(.report)
        }
        report(action, before: before)
    }

    // MARK: Output

    private func write(_ text: String) {
        FileHandle.standardOutput.write(Data(text.utf8))
    }

    private func line(_ text: String) {
        endReply()
        write(text + "\n")
    }

    private func endReply() {
        guard isInsideReply else { return }
        isInsideReply = false
        write("\n")
    }

    private func report(_ action: Action, before: State) {
        switch action {
        case .tokensReceived(let batches):
            guard state.board?.isSingle == true else { break }
            for batch in batches where !batch.text.isEmpty {
                isInsideReply = true
                write(batch.text)
            }
        case .modelLoaded(let model):
            guard isInteractive else { break }
            line("\(model.name), \(model.detail).")
            if before.session.model == nil {
                line("Write a message; /help lists the commands, /quit leaves.")
            }
        case .labelsReceived(let labels):
            for label in labels { line("\(label.label) \(Format.fixed(label.probability, 3))") }
        case .replyAdopted: endReply()
        case .rewardsReceived, .boardShown:
            if let board = state.board, board.isComplete, !board.isSingle { show(board) }
        case .generationFinished:
            endReply()
            if let board = state.board, !board.isSingle { show(board) }
        case .conversationShown(let snapshot):
            guard snapshot.conversation.id != before.session.conversation,
                before.transcript.pending == nil
            else { break }
            for message in snapshot.messages { line("\(name(message.role)): \(message.text)") }
        case .promptRendered(let snapshot):
            if case .prompt = state.overlay {
                line(snapshot.tokens.map(\.text).joined())
                line("\(snapshot.tokens.count) tokens, \(snapshot.cached) in the cache")
                state.overlay = nil
            }
        case .conversationsListed, .treeListed, .modelsListed, .tokensInspected, .attentionRead,
            .disagreementsListed:
            showOverlay()
        default: break
        }
        let log = state.notices.log
        // The log forgets its oldest: count from its end.
        let new = min(log.count, max(0, state.notices.count - noticeCount))
        for notice in log.suffix(new) { line("[\(word(notice.kind))] \(notice.text)") }
        noticeCount = state.notices.count
    }

    private func word(_ kind: Notice.Kind) -> String {
        switch kind {
        case .information, .success: "note"
        case .warning: "warning"
        case .failure: "error"
        }
    }

    private func name(_ role: Role) -> String {
        switch role {
        case .user: "You"
        case .assistant: "Reply"
        case .system: "System"
        }
    }

    private func show(_ board: BoardState) {
        for (place, index) in board.visible.enumerated() {
            let candidate = board.candidates[index]
            var facts: [String] = []
            if let variant = candidate.variant, !board.isBlind { facts.append(variant) }
            if let rank = board.ranking.ranks[index] { facts.append("rank \(rank)") }
            if board.ranking.eliminated.contains(index) { facts.append("ruled out") }
            if let reward = candidate.reward, state.showsScores, !board.isBlind {
                facts.append("reward \(Format.signed(reward))")
            }
            facts.append("\(candidate.tokenCount) tokens")
            if let reason = candidate.finishReason { facts.append(reason.rawValue) }
            line("Reply \(place + 1) of \(board.visible.count) (\(facts.joined(separator: ", "))):")
            line(candidate.text)
        }
        line("Rank with /rank, as in /rank 1 2 2 3, or /accept N, or /bad.")
    }

    /// Says what a page would show, and closes it.
    private func showOverlay() {
        guard let overlay = state.overlay else { return }
        switch overlay {
        case .help:
            for text in HelpView.lines(state, width: 78) { line(text.string) }
        case .tour:
            for text in HelpView.tour(state, width: 78) { line(text.string) }
        case .prompt: return
        case .tokens(let view):
            guard !view.isLoading else { return }
            for (index, token) in view.tokens.enumerated() where index >= view.promptCount {
                let share = token.logProbability.map { Format.percent(exp(Double($0))) } ?? ""
                let others = token.alternatives.prefix(5).enumerated().map { place, other in
                    let share = Format.percent(exp(Double(other.logProbability)))
                    return "\(place + 1) \(other.text.debugDescription) \(share)"
                }.joined(separator: ", ")
                line(
                    "\(index - view.promptCount + 1). \(token.text.debugDescription) \(share) "
                        + "(\(others))")
            }
        case .conversations
        where state.conversations.query != overlay.list?.filter.trimmingWhitespace:
            return
        case .map where state.tree.isEmpty:
            return
        case .disagreements where state.disagreements == nil:
            return
        case .attention(let view):
            guard !view.row.isEmpty else { return }
            let token = TokenText.visible(view.tokens[view.cursor].text)
            line("\"\(token)\" attends, over all layers and heads, to:")
            for position in view.strongest(10) {
                let name = TokenText.visible(view.tokens[position].text)
                line("\"\(name)\" \(Format.fixed(Double(view.row[position]), 3))")
            }
        default:
            for item in ListItems.of(state) {
                let mark = item.isCurrent ? "* " : "  "
                let prefix = if case .conversations = overlay { "\(item.id) " } else { "" }
                line(mark + prefix + item.title + (item.detail.isEmpty ? "" : " – \(item.detail)"))
            }
        }
        state.overlay = nil
    }
}
