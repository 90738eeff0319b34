import Engine
import TerminalKit

extension State {
    /// A key: a command where the key map binds one, else text for what has the focus.
    mutating func press(_ key: Key) -> [Effect] {
        if notices.current?.kind == .failure { notices.dismiss() }
        let context = keyContext
        // A history search reads its own keys, Esc, Enter and Ctrl+C among them.
        if context == .composer, composer.isSearching, !isFunctionKey(key) {
            return [.feedComposer(key)]
        }
        if overlay?.list?.input != nil { return editInput(key) }
        if case .tour = overlay, !isScrolling(key) { return leaveTour(key) }
        if let command = keyMap.command(for: key, in: context) {
            return perform(command, key: key)
        }
        switch context {
        case .composer:
            return [.feedComposer(key)]
        case .list:
            return typeIntoList(key)
        case .board, .messages:
            if case .character = key.code, key.modifiers.isEmpty {
                let name = KeyChord(key).description
                notify(.information, "\(name) does nothing here; ? shows the keys that do.")
            }
            return []
        case .page, .global:
            return []
        }
    }

    private func isFunctionKey(_ key: Key) -> Bool {
        if case .function = key.code { true } else { false }
    }

    private func isScrolling(_ key: Key) -> Bool {
        [.up, .down, .pageUp, .pageDown].contains(key.code)
    }

    /// The first-run page is in nobody's way: Enter and Esc close it, any other key does what
    /// it does without it.
    private mutating func leaveTour(_ key: Key) -> [Effect] {
        let effects = closeOverlay()
        guard key.code != .enter, key.code != .escape else { return effects }
        return effects + press(key)
    }

    mutating func closeOverlay() -> [Effect] {
        defer { overlay = covered }
        if case .tour = overlay { return [.rememberTour] }
        return []
    }

    /// Does what a command asks for, wherever it came from.
    mutating func perform(_ command: Command, key: Key? = nil) -> [Effect] {
        switch command {
        case .quit: return quit()
        case .suspend: return [.suspend]
        case .redraw: return [.redraw]
        case .stop:
            // Esc ends vi's inserting first, where there is something to give commands about.
            if let key, composer.mode == "vi-insert", !composer.isEmpty {
                return [.feedComposer(key)]
            }
            return stop()
        case .interrupt: return interrupt()
        case .endOfInput:
            guard !composer.isEmpty else { return quit() }
            return key.map { [.feedComposer($0)] } ?? []

        case .help:
            toggle(.help(PageState()))
            return []
        case .contextHelp:
            if overlay == nil, focus == .composer, let key, !opensHelp {
                return [.feedComposer(key)]
            }
            toggle(.help(PageState()))
            return []
        case .palette:
            toggle(.palette(ListState()))
            return []
        case .settings:
            toggle(.settings(ListState()))
            return []
        case .templates: return openTemplates()
        case .models:
            toggle(.models(ListState()))
            return [.listModels]
        case .conversations:
            toggle(.conversations(ListState()))
            return [.listConversations("")]
        case .prompt:
            toggle(.prompt(PageState(), nil))
            return [.renderPrompt(plan(promptSubject))]
        case .map:
            guard session.conversation != nil else { return explain("There is no message yet.") }
            toggle(.map(ListState()))
            return [.listTree]
        case .tour:
            toggle(.tour(PageState()))
            return []
        case .disagreements:
            guard session.rewardModel != nil else {
                return explain(
                    "There is no reward model to disagree with; /train makes one of your rankings.")
            }
            guard !generation.isRunning else {
                return explain("A reply is being written; Esc stops it.", .warning)
            }
            toggle(.disagreements(ListState()))
            guard overlay != nil else { return [] }
            disagreements = nil
            return [.listDisagreements]
        case .trainReward, .stopTraining, .takeReward, .revertReward: return learn(command)
        case .links:
            guard !linkTexts.isEmpty else { return explain("There is no link here.") }
            toggle(.links(ListState()))
            return []
        case .candidates:
            let steps = [1, 2, 4, 8]
            settings.candidates = steps.first { $0 > settings.candidates } ?? 1
            return explain(
                settings.candidates == 1
                    ? "One reply a turn." : "\(settings.candidates) replies a turn, in a board.")
        case .newConversation: return startConversation()
        case .newBoard, .regenerate: return sampleAgain()
        case .continueReply: return continueReply()
        case .undo: return undoLast()

        case .send: return send()
        case .newline: return [.insertIntoComposer("\n")]
        case .focusNext: return focusNext()
        case .editExternally: return [.openEditor(composer.text)]
        case .focusComposer:
            focus = .composer
            transcript.selected = nil
            return []

        case .scrollUp: return scroll(lines: -1)
        case .scrollDown: return scroll(lines: 1)
        case .scrollPageUp: return scroll(pages: -1)
        case .scrollPageDown: return scroll(pages: 1)
        case .scrollToStart: return scrollToStart()
        case .scrollToEnd: return scrollToEnd()

        case .messages, .messageUp, .messageDown, .previousSibling, .nextSibling, .editMessage,
            .branchHere, .openBoard:
            return walkMessages(command)
        case .boardLeft, .boardRight, .boardUp, .boardDown, .boardNext, .rank, .tie, .allBad,
            .unrank, .undoRanking, .submitRanking, .accept, .order, .orderByReward,
            .toggleScores, .addCandidate, .endCandidate, .toggleBlind, .zoom, .foldDuplicates,
            .markDifferences, .editCandidate, .boardTaller, .boardShorter:
            return useBoard(command, key: key)
        case .copyReply: return copyReply()
        case .copyCode: return copyCode()
        case .tokens: return openTokens()
        case .attention: return openAttention()

        case .previousHead, .nextHead, .toggleSink, .close, .choose, .up, .down, .left, .right,
            .pageUp, .pageDown, .first, .last,
            .markItem, .deleteItem, .renameItem, .tagItem, .exportItem:
            return useOverlay(command)
        }
    }

    /// A line of information, and nothing to do.
    mutating func explain(_ text: String, _ kind: Notice.Kind = .information) -> [Effect] {
        notify(kind, text)
        return []
    }

    /// Whether a letter typed into the composer is not the beginning, or part, of a message.
    private var opensHelp: Bool {
        composer.isEmpty && editTarget == nil && !composer.isInViCommandMode
    }

    /// Opens a page, or closes it where it is the one that is open. Help is asked for about what
    /// is on the screen, and gives it back.
    private mutating func toggle(_ page: OverlayState) {
        if let overlay, overlay.isSameKind(as: page) {
            self.overlay = covered
        } else {
            // What still waits for its content would wait below help for ever.
            let below = overlay.flatMap { $0.isLoading ? nil : $0 }
            overlay = page
            if case .help = page { covered = below }
        }
    }

    private mutating func quit() -> [Effect] {
        isQuitting = true
        return generation.isRunning ? [.cancelGeneration, .quit] : [.quit]
    }

    /// Esc in the composer: ends the most pressing thing.
    private mutating func stop() -> [Effect] {
        if generation.isRunning { return stopGeneration() }
        if editTarget != nil {
            editTarget = nil
            notify(.information, "The edit was dropped.")
            return [.setComposer("")]
        }
        if notices.current != nil {
            notices.dismiss()
            return []
        }
        transcript.highlight = nil
        return scrollToEnd()
    }

    /// Ctrl+C never destroys the chat: it stops the reply, or clears the line.
    private mutating func interrupt() -> [Effect] {
        if generation.isRunning { return stopGeneration() }
        if !composer.isEmpty || editTarget != nil {
            editTarget = nil
            return [.setComposer("")]
        }
        let key = keyMap.firstKey(.quit, in: .global) ?? "F10"
        return explain("\(key), or Ctrl+D on an empty line, leaves.")
    }

    mutating func stopGeneration() -> [Effect] {
        generation.phase = .stopping
        guard !queue.isEmpty, composer.isEmpty else { return [.cancelGeneration] }
        // What was typed ahead was meant for a reply that is not wanted.
        let text = queue.joined(separator: "\n")
        queue = []
        return [.cancelGeneration, .setComposer(text)]
    }

    private mutating func focusNext() -> [Effect] {
        if composer.isCommand { return [.completeCommand] }
        if let board, !board.isSingle {
            focus = .board
            return []
        }
        guard !transcript.messages.isEmpty else {
            return explain("There is no board yet; \(fourthKey) samples several replies a turn.")
        }
        return explain(
            "There is no board; \(fourthKey) samples several replies a turn, and Shift+Tab walks "
                + "the messages.")
    }

    private var fourthKey: String { keyMap.firstKey(.candidates, in: .global) ?? "F4" }

    private mutating func openTemplates() -> [Effect] {
        var list = ListState()
        list.selected = session.templates.firstIndex { $0.name == session.templateName } ?? 0
        toggle(.templates(list))
        guard overlay != nil else { return [] }
        return session.templates.filter { session.templateTokens[$0.name] == nil }
            .map { .measureTemplate($0.name) }
    }

    /// What the prompt page shows: the prompt that the text in the composer would make, else
    /// that of the last turn.
    var promptSubject: GenerationPlan.Subject {
        composer.isEmpty || composer.isCommand || editTarget != nil
            ? .again(message: nil) : .message(composer.text)
    }

    mutating func startConversation() -> [Effect] {
        guard !generation.isRunning else {
            return explain("A reply is being written; Esc stops it.", .warning)
        }
        session.conversation = nil
        session.title = ""
        session.systemText = nil
        transcript = TranscriptState()
        board = nil
        focus = .composer
        context = ContextUse()
        context.total = session.model?.contextLength ?? 0
        return [.newConversation]
    }

    mutating func undoLast() -> [Effect] {
        guard let step = undo.popLast() else { return explain("There is nothing to undo.") }
        switch step {
        case .selected(let conversation, let leaf):
            return [.selectLeaf(conversation: conversation, leaf: leaf)]
        case .deletedConversation(let id):
            // It comes back onto the screen where nothing has taken its place.
            guard session.conversation == nil else { return [.restoreConversation(id)] }
            return [.restoreConversation(id), .openConversation(id, message: nil)]
        case .ranked(let id):
            return [.retractRanking(id)]
        }
    }

    /// The text under the selection, else the latest reply.
    private var textAtHand: String? {
        if focus == .board, let board, board.candidates.indices.contains(board.selected) {
            return board.candidates[board.selected].text
        }
        if focus == .messages, let selected = transcript.selected {
            return transcript.messages[selected].text
        }
        return board.flatMap { $0.isSingle ? $0.candidates[0].text : nil }
            ?? transcript.messages.last { $0.role == .assistant }?.text
    }

    private mutating func copyReply() -> [Effect] {
        guard let text = textAtHand, !text.isEmpty else {
            return explain("There is no reply to copy.")
        }
        notify(.success, "Copied \(text.count) characters.")
        return [.copy(text)]
    }

    private mutating func copyCode() -> [Effect] {
        let code = MarkdownText.codeBlocks(of: textAtHand ?? "").last
        guard let code else { return explain("There is no code block in the reply.") }
        notify(.success, "Copied the code block, \(code.count) characters.")
        return [.copy(code)]
    }

    /// Links of the text under the selection and, in the composer, of the whole conversation;
    /// the latest first, each once.
    var linkTexts: [String] {
        var texts = [textAtHand ?? ""]
        if focus == .composer { texts = transcript.messages.map(\.text) + texts }
        var known: Set<String> = []
        return texts.flatMap(MarkdownText.links).reversed().filter { known.insert($0).inserted }
    }
}

extension OverlayState {
    func isSameKind(as other: OverlayState) -> Bool {
        switch (self, other) {
        case (.help, .help), (.tour, .tour), (.templates, .templates), (.models, .models),
            (.conversations, .conversations), (.settings, .settings), (.variables, .variables),
            (.palette, .palette), (.map, .map), (.prompt, .prompt), (.tokens, .tokens),
            (.attention, .attention), (.disagreements, .disagreements), (.links, .links):
            true
        default: false
        }
    }
}
