import Engine
import TerminalKit

extension State {
    /// Enter in the composer.
    mutating func send() -> [Effect] {
        let text = composer.text
        guard !text.trimmingWhitespace.isEmpty else { return [] }
        var effects: [Effect] = [.addHistory(text), .setComposer("")]
        if composer.isCommand {
            return effects + run(SlashCommand.parse(text))
        }
        // Two slashes send a message that begins with one.
        let message = text.hasPrefix("//") ? String(text.dropFirst()) : text
        switch editTarget {
        case .message(let id):
            editTarget = nil
            guard !generation.isRunning else {
                return explain("A reply is being written; Esc stops it.", .warning)
            }
            let original = transcript.messages.first { $0.id == id }
            rememberLeaf()
            let answer = original?.role == .user ? plan(.again(message: nil)) : nil
            effects.append(.editMessage(id, message, answer))
            focus = .composer
            transcript.selected = nil
            return effects
        case .candidate(let index):
            editTarget = nil
            guard let board, board.candidates.indices.contains(index) else { return effects }
            return effects + [amend(index, with: message, on: board)]
        case nil:
            queue.append(message)
            return effects + decideForNextMessage() + sendQueued()
        }
    }

    /// A message sent while a board waits: go on with the reply the person points at.
    private mutating func decideForNextMessage() -> [Effect] {
        guard let board, !board.isSingle, board.isComplete, board.decision == nil,
            !board.isSubmitted
        else { return [] }
        guard isLastTurn(board) else {
            // An earlier turn's board was only looked at.
            self.board = nil
            return []
        }
        return board.isUnranked ? accept(board.selected) : submitRanking()
    }

    /// Sends the first message that waits, where nothing stands before it.
    mutating func sendQueued() -> [Effect] {
        guard !generation.isRunning, let next = queue.first else { return [] }
        if let board, board.isSingle || !board.isSubmitted { return [] }
        guard session.model != nil else {
            if session.loading == nil {
                queue.removeFirst()
                notify(.failure, "No model is loaded; F3 chooses one.")
                return [.setComposer(next)]
            }
            return []
        }
        if let missing = session.missingVariables.first {
            queue.removeFirst()
            overlay = .variables(ListState())
            notify(.warning, "The template needs a value for \(missing).")
            return [.setComposer(next)]
        }
        queue.removeFirst()
        transcript.pending = next
        return start(plan(.message(next)))
    }

    mutating func run(_ parsed: SlashCommand.Parsed) -> [Effect] {
        switch parsed {
        case .message(let text): return explain(text, .failure)
        case .wrong: return explain("The command is not complete.", .failure)
        case .command(let command): return run(command)
        }
    }

    mutating func run(_ command: SlashCommand) -> [Effect] {
        switch command {
        case .command(let command): return perform(command)
        case .template(let name): return chooseTemplate(name)
        case .candidates(let count):
            settings.candidates = count
            return explain(count == 1 ? "One reply a turn." : "\(count) replies a turn.")
        case .set(let key, let text):
            if let problem = settings.set(key, to: text) { return explain(problem, .failure) }
            let value = settings.value(key, under: session.template).value
            return explain(
                "\(key.rawValue) is \(value.map(ComparedSetting.format) ?? "drawn anew each time")."
            )
        case .showSettings:
            overlay = .settings(ListState())
            return []
        case .system(let text):
            session.systemText = text.isEmpty ? nil : text
            notify(.success, text.isEmpty ? "The system text is gone." : "The system text is set.")
            return [.setSystemText(session.systemText)]
        case .model(let name): return [.loadModel(name)]
        case .conversation(let words):
            overlay = .conversations(ListState(filter: words))
            return [.listConversations(words)]
        case .open(let id):
            guard !generation.isRunning else {
                return explain("A reply is being written; Esc stops it.", .warning)
            }
            return [.openConversation(id, message: nil)]
        case .attention(let text): return openAttention(text)
        case .compare(let names): return compare(names)
        case .variable(let name, let value):
            session.variables[session.templateName, default: [:]][name] = value
            return explain("\(name) is \"\(value)\".")
        case .saveTemplate(let name): return [.saveTemplate(name: name, settings)]
        case .editTemplate(let name): return [.editTemplate(name ?? session.templateName)]
        case .rank(let ranks): return rankAll(ranks)
        case .accept(let number):
            guard let board, board.visible.indices.contains(number - 1) else {
                return explain("There is no reply \(number) to accept.", .failure)
            }
            return accept(board.visible[number - 1])
        case .allBad:
            guard board != nil else { return explain("There is no board to rank.", .failure) }
            board?.ranking.markAllBad()
            return submitRanking()
        case .regenerate: return sampleAgain()
        case .continueReply: return continueReply()
        case .title(let text):
            guard let id = session.conversation, !text.isEmpty else {
                return explain("/title takes the name of a conversation that has begun.", .failure)
            }
            session.title = text
            return [.renameConversation(id, text)]
        case .tags(let tags):
            guard let id = session.conversation else {
                return explain("The conversation has not begun.", .failure)
            }
            notify(.success, tags.isEmpty ? "No tags." : "Tagged \(tags.joined(separator: ", ")).")
            return [.tagConversation(id, tags)]
        case .export(let path):
            guard let id = session.conversation else {
                return explain("The conversation has not begun.", .failure)
            }
            return [.exportConversation(id, path: path)]
        case .deleteConversation:
            guard let id = session.conversation else {
                return explain("The conversation has not begun.", .failure)
            }
            let effects = startConversation()
            guard !effects.isEmpty else { return [] }
            undo.append(.deletedConversation(id))
            notify(.success, "The conversation is deleted; /undo takes that back.")
            return effects + [.deleteConversation(id)]
        case .importFile(let path): return [.importConversations(path)]
        case .theme(let name):
            guard !name.isEmpty else {
                let known = Theme.builtIn.map(\.name).joined(separator: ", ")
                return explain("The theme is \(theme.name); /theme NAME takes \(known), or a file.")
            }
            return [.loadTheme(name)]
        case .mouse(let isOn):
            notify(
                .success,
                isOn
                    ? "The mouse scrolls and selects."
                    : "The mouse is the terminal's again: it selects text.")
            return [.setMouse(isOn)]
        case .bell(let mode):
            bell = mode
            switch mode {
            case .away: return explain("The bell rings where you look elsewhere.")
            case .always: return explain("The bell rings as each long reply ends.")
            case .never: return explain("The bell is silent.")
            }
        case .revise, .version, .branch, .vote, .amend, .end, .pick: return runNumbered(command)
        }
    }

    mutating func chooseTemplate(_ name: String) -> [Effect] {
        guard let template = session.templates.first(where: { $0.name == name }) else {
            let known = session.templates.map(\.name).joined(separator: ", ")
            return explain("There is no template \"\(name)\"; known are \(known).", .failure)
        }
        session.templateName = name
        if session.missingVariables.isEmpty {
            notify(.success, "The next reply uses the template \(name).")
        } else {
            overlay = .variables(ListState())
        }
        var effects: [Effect] = [.selectTemplate(template.name)]
        if session.model != nil, !generation.isRunning {
            effects.append(.measureContext(plan(.again(message: nil))))
        }
        return effects
    }
}
