import Engine
import TerminalKit

extension State {
    // MARK: Keys on a page or in a list

    mutating func useOverlay(_ command: Command) -> [Effect] {
        guard let current = overlay else { return [] }
        if command == .close {
            // The first Esc empties the filter, the second closes the list.
            if var list = current.list, !list.filter.isEmpty {
                list.filter = ""
                list.selected = 0
                overlay?.list = list
                return filterChanged()
            }
            return closeOverlay()
        }
        if case .tokens(let view) = current { return useTokens(view, command) }
        if case .attention(let view) = current { return useAttention(view, command) }
        if let list = current.list { return useList(list, command) }
        if var page = current.page {
            let rows = max(1, OverlayLayout(self).inside.rows)
            let last = max(0, OverlayView.pageLineCount(self) - rows)
            switch command {
            case .up: page.top -= 1
            case .down: page.top += 1
            case .pageUp: page.top -= rows - 1
            case .pageDown: page.top += rows - 1
            case .first: page.top = 0
            case .last: page.top = last
            default: return []
            }
            page.top = min(last, max(0, page.top))
            overlay?.page = page
        }
        return []
    }

    private mutating func useList(_ list: ListState, _ command: Command) -> [Effect] {
        var list = list
        let items = ListItems.of(self)
        let last = max(0, items.count - 1)
        let page = max(1, OverlayLayout(self).inside.rows - 2)
        list.selected = min(max(0, list.selected), last)
        let item = items.indices.contains(list.selected) ? items[list.selected] : nil
        switch command {
        case .up: list.selected = list.selected == 0 ? last : list.selected - 1
        case .down: list.selected = list.selected == last ? 0 : list.selected + 1
        case .pageUp: list.selected = max(0, list.selected - page)
        case .pageDown: list.selected = min(last, list.selected + page)
        case .first: list.selected = 0
        case .last: list.selected = last
        case .left, .right:
            guard case .settings = overlay, let item else { return [] }
            return step(item, by: command == .left ? -1 : 1)
        case .choose:
            guard let item else { return [] }
            return choose(item)
        case .markItem:
            guard canMark, let item else { return [] }
            if let place = list.marked.firstIndex(of: item.id) {
                list.marked.remove(at: place)
            } else {
                list.marked.append(item.id)
            }
            list.selected = min(last, list.selected + 1)
        case .exportItem where isTemplateList:
            guard let item else { return [] }
            return [.editTemplate(item.id)]
        case .deleteItem, .renameItem, .tagItem, .exportItem:
            guard case .conversations = overlay, let item, let id = Int64(item.id) else {
                return []
            }
            return useConversation(id, command, list)
        case .undo:
            let effects = undoLast()
            guard case .conversations = overlay else { return effects }
            return effects + [.listConversations(list.filter)]
        default: return []
        }
        overlay?.list = list
        return []
    }

    private var isTemplateList: Bool { if case .templates = overlay { true } else { false } }

    /// Whether lines of the list can be marked, to be compared.
    var canMark: Bool {
        switch overlay {
        case .templates, .models: true
        default: false
        }
    }

    mutating func typeIntoList(_ key: Key) -> [Effect] {
        switch key.code {
        case .character(let character) where key.modifiers.isEmpty:
            return type(String(character))
        case .backspace:
            guard var list = overlay?.list, !list.filter.isEmpty else { return [] }
            list.filter.removeLast()
            list.selected = 0
            overlay?.list = list
            return filterChanged()
        default:
            return []
        }
    }

    mutating func type(_ text: String) -> [Effect] {
        guard var list = overlay?.list else { return [] }
        if var input = list.input {
            input.text += text
            list.input = input
            overlay?.list = list
            return []
        }
        list.filter += text
        list.selected = 0
        overlay?.list = list
        return filterChanged()
    }

    private func filterChanged() -> [Effect] {
        if case .conversations(let list) = overlay { return [.listConversations(list.filter)] }
        return []
    }

    /// The tree has come: it opens at the message one is at.
    mutating func selectPresentNode() {
        guard case .map(var list) = overlay, let present = MapView.present(self) else { return }
        let id = String(present)
        guard let index = ListItems.of(self).firstIndex(where: { $0.id == id }) else { return }
        list.selected = index
        overlay = .map(list)
    }

    // MARK: Choosing

    private mutating func choose(_ item: ListItem) -> [Effect] {
        if let marked = overlay?.list?.marked, marked.count > 1 {
            overlay = nil
            return compare(marked)
        }
        switch overlay {
        case .templates:
            overlay = nil
            return chooseTemplate(item.id)
        case .models:
            overlay = nil
            return [.loadModel(item.id)]
        case .conversations:
            guard let id = Int64(item.id) else { return [] }
            guard !generation.isRunning else {
                return explain("A reply is being written; Esc stops it.", .warning)
            }
            let entry = conversations.entries.first { $0.conversation.id == id }
            overlay = nil
            transcript.highlight = entry?.message.map { _ in conversations.query }
            return [.openConversation(id, message: entry?.message)]
        case .palette:
            overlay = nil
            if let command = Command(rawValue: item.id) { return perform(command) }
            return [.setComposer(item.id + " ")]
        case .map:
            guard let id = Int64(item.id) else { return [] }
            guard !generation.isRunning else {
                return explain("A reply is being written; Esc stops it.", .warning)
            }
            overlay = nil
            rememberLeaf()
            return [.selectMessage(id)]
        case .links:
            overlay = nil
            return [.openLink(item.id)]
        case .disagreements:
            guard let found = disagreements?.first(where: { String($0.board) == item.id }),
                let message = found.message
            else { return [] }
            overlay = nil
            return [
                .openConversation(found.conversation, message: message),
                .showBoard(message: message),
            ]
        case .settings, .variables:
            guard var list = overlay?.list else { return [] }
            list.input = ListState.Input(purpose: .value, text: "")
            overlay?.list = list
            return []
        default:
            return []
        }
    }

    private mutating func step(_ item: ListItem, by steps: Double) -> [Effect] {
        if item.id == "candidates" {
            let count = settings.candidates + Int(steps)
            settings.candidates = min(ChatSettings.candidateLimit, max(1, count))
            return []
        }
        guard let key = SettingKey(rawValue: item.id) else { return [] }
        let now = settings.value(key, under: session.template).value ?? 0
        settings[key] = ((now + steps * key.step) * 1000).rounded() / 1000
        return []
    }

    private mutating func useConversation(
        _ id: Int64, _ command: Command, _ list: ListState
    ) -> [Effect] {
        var list = list
        guard let entry = conversations.entries.first(where: { $0.conversation.id == id }) else {
            return []
        }
        switch command {
        case .deleteItem:
            guard session.conversation != id || !generation.isRunning else {
                return explain("A reply is being written; Esc stops it.", .warning)
            }
            undo.append(.deletedConversation(id))
            var effects: [Effect] = [.deleteConversation(id)]
            if session.conversation == id {
                let page = overlay
                effects += startConversation()
                overlay = page
            }
            notify(.success, "Deleted \"\(entry.conversation.title)\"; Ctrl+U takes that back.")
            return effects + [.listConversations(list.filter)]
        case .renameItem:
            list.input = ListState.Input(purpose: .rename, text: entry.conversation.title)
        case .tagItem:
            list.input = ListState.Input(
                purpose: .tag, text: entry.conversation.tags.joined(separator: " "))
        case .exportItem:
            return [.exportConversation(id, path: nil)]
        default: return []
        }
        overlay?.list = list
        return []
    }

    // MARK: A line of input in a list

    mutating func editInput(_ key: Key) -> [Effect] {
        guard var list = overlay?.list, var input = list.input else { return [] }
        switch key.code {
        case .escape: list.input = nil
        case .backspace:
            if !input.text.isEmpty { input.text.removeLast() }
            list.input = input
        case .character(let character)
        where key.modifiers.isEmpty || key.modifiers == .shift:
            input.text.append(character)
            list.input = input
        case .character("c") where key.modifiers == .control: list.input = nil
        case .character("u") where key.modifiers == .control:
            input.text = ""
            list.input = input
        case .enter:
            list.input = nil
            overlay?.list = list
            return take(input, list)
        default: return []
        }
        overlay?.list = list
        return []
    }

    private mutating func take(_ input: ListState.Input, _ list: ListState) -> [Effect] {
        let items = ListItems.of(self)
        guard items.indices.contains(list.selected) else { return [] }
        let item = items[list.selected]
        switch input.purpose {
        case .rename:
            guard let id = Int64(item.id), !input.text.trimmingWhitespace.isEmpty else { return [] }
            if session.conversation == id { session.title = input.text }
            return [.renameConversation(id, input.text), .listConversations(list.filter)]
        case .tag:
            guard let id = Int64(item.id) else { return [] }
            let tags = input.text.split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init)
            return [.tagConversation(id, tags), .listConversations(list.filter)]
        case .value:
            if case .variables = overlay {
                session.variables[session.templateName, default: [:]][item.id] = input.text
                if session.missingVariables.isEmpty {
                    notify(.success, "All variables have values.")
                }
                return []
            }
            if item.id == "candidates" {
                guard let count = Int(input.text),
                    (1...ChatSettings.candidateLimit).contains(count)
                else {
                    return explain(
                        "Replies a turn: a number from 1 to \(ChatSettings.candidateLimit).",
                        .failure)
                }
                settings.candidates = count
                return []
            }
            guard let key = SettingKey(rawValue: item.id) else { return [] }
            if let problem = settings.set(key, to: input.text) { return explain(problem, .failure) }
            return []
        }
    }

    // MARK: Tokens

    mutating func openTokens() -> [Effect] {
        if focus == .board, let board, !board.isSingle {
            let candidate = board.candidates[board.selected]
            guard candidate.isFinished else {
                return explain("The reply is still being written.")
            }
            guard !generation.isRunning else {
                return explain("A reply is being written; Esc stops it.", .warning)
            }
            overlay = .tokens(
                TokenViewState(
                    candidate: candidate.id, title: "Reply \(board.letter(of: board.selected))"))
            return [.inspectTokens(candidate: candidate.id, message: nil)]
        }
        let message: TranscriptMessage?
        if let selected = transcript.selected, focus == .messages {
            message = transcript.messages[selected]
        } else {
            message = transcript.messages.last { $0.role == .assistant }
        }
        guard let message, message.role == .assistant else {
            return explain("There is no reply whose tokens could be shown.")
        }
        guard !generation.isRunning else {
            return explain("A reply is being written; Esc stops it.", .warning)
        }
        overlay = .tokens(TokenViewState(candidate: message.candidate, title: "Reply"))
        return [.inspectTokens(candidate: message.candidate, message: message.id)]
    }

    mutating func receive(_ tokens: [TokenDetail], promptCount: Int, of candidate: Int64?) {
        guard case .tokens(var view) = overlay, view.candidate == candidate else { return }
        view.tokens = tokens
        view.promptCount = promptCount
        view.cursor = min(promptCount, max(0, tokens.count - 1))
        view.isLoading = false
        overlay = .tokens(view)
        inspected = view
    }

    private mutating func useTokens(_ view: TokenViewState, _ command: Command) -> [Effect] {
        var view = view
        let last = max(0, view.tokens.count - 1)
        let count =
            view.tokens.indices.contains(view.cursor)
            ? view.tokens[view.cursor].alternatives.count : 0
        switch command {
        case .left:
            view.cursor = max(0, view.cursor - 1)
            view.alternative = 0
        case .right:
            view.cursor = min(last, view.cursor + 1)
            view.alternative = 0
        case .first: view.cursor = 0
        case .last: view.cursor = last
        case .pageUp: view.cursor = max(0, view.cursor - 20)
        case .pageDown: view.cursor = min(last, view.cursor + 20)
        case .up: view.alternative = max(0, view.alternative - 1)
        case .down: view.alternative = min(max(0, count - 1), view.alternative + 1)
        case .choose:
            return pick(token: view.cursor, alternative: view.alternative, in: view)
        default: return []
        }
        overlay = .tokens(view)
        return []
    }

    /// Puts another token in the place of one, and goes on from there: a branch.
    mutating func pick(token: Int, alternative: Int, in view: TokenViewState) -> [Effect] {
        guard !generation.isRunning else {
            return explain("A reply is being written; Esc stops it.", .warning)
        }
        guard let candidate = view.candidate, view.tokens.indices.contains(token),
            view.tokens[token].alternatives.indices.contains(alternative)
        else { return explain("There is nothing to continue from here.") }
        guard token >= view.promptCount else {
            return explain("This token is the prompt's; a token of the reply can be changed.")
        }
        overlay = nil
        rememberLeaf()
        generation = GenerationState()
        generation.phase = .starting
        generation.startedAt = now
        board = nil
        focus = .composer
        return [
            .continueFrom(
                candidate: candidate, token: token - view.promptCount,
                alternative: view.tokens[token].alternatives[alternative].id,
                plan(.again(message: nil)))
        ]
    }
}
