import Engine

extension State {
    // MARK: Scrolling

    mutating func scroll(lines: Int) -> [Effect] {
        if focus == .board, board?.isSingle == false { return scrollCandidate(by: lines) }
        transcript.scroll = TranscriptLayout(self).scrolled(by: lines)
        return []
    }

    mutating func scroll(pages: Int) -> [Effect] {
        if focus == .board, board?.isSingle == false {
            return scrollCandidate(by: pages * max(1, BoardLayout(self).textRows - 1))
        }
        let layout = TranscriptLayout(self)
        // Two lines stay, to read on from.
        transcript.scroll = layout.scrolled(by: pages * max(1, layout.height - 2))
        return []
    }

    mutating func scrollToStart() -> [Effect] {
        transcript.scroll = .at(block: 0, line: 0)
        if focus == .messages, !transcript.messages.isEmpty { transcript.selected = 0 }
        clampScroll()
        return []
    }

    mutating func scrollToEnd() -> [Effect] {
        transcript.scroll = .following
        if focus == .messages, !transcript.messages.isEmpty {
            transcript.selected = transcript.messages.count - 1
        }
        return []
    }

    mutating func clampScroll() {
        transcript.scroll = TranscriptLayout(self).scrolled(by: 0)
    }

    // MARK: Walking the messages

    mutating func walkMessages(_ command: Command) -> [Effect] {
        guard !transcript.messages.isEmpty else { return explain("There is no message yet.") }
        let last = transcript.messages.count - 1
        let selected = min(transcript.selected ?? last, last)
        switch command {
        case .messages:
            guard focus != .messages else { return perform(.focusComposer) }
            focus = .messages
            transcript.selected = last
        case .messageUp: transcript.selected = max(0, selected - 1)
        case .messageDown: transcript.selected = min(last, selected + 1)
        case .previousSibling: return chooseSibling(of: selected, step: -1)
        case .nextSibling: return chooseSibling(of: selected, step: 1)
        case .editMessage:
            let message = transcript.messages[selected]
            editTarget = .message(message.id)
            focus = .composer
            notify(
                .information,
                message.role == .user
                    ? "Enter sends the edited message anew; the old version is kept. Esc drops it."
                    : "Enter keeps the edited reply as a new version. Esc drops it.")
            return [.setComposer(message.text)]
        case .branchHere:
            guard !generation.isRunning else {
                return explain("A reply is being written; Esc stops it.", .warning)
            }
            guard selected < last, let conversation = session.conversation else {
                return explain("The conversation ends here already.")
            }
            rememberLeaf()
            focus = .composer
            transcript.selected = nil
            notify(.information, "The next message follows here; what came after is kept. /undo")
            return [
                .selectLeaf(
                    conversation: conversation, leaf: transcript.messages[selected].id)
            ]
        case .openBoard:
            guard !generation.isRunning else {
                return explain("A reply is being written; Esc stops it.", .warning)
            }
            let asked = transcript.messages[...selected].last { $0.role == .user }
            guard let asked else { return explain("There is no turn with replies here.") }
            return [.showBoard(message: asked.id)]
        default: return []
        }
        showSelectedMessage()
        return []
    }

    private mutating func chooseSibling(of index: Int, step: Int) -> [Effect] {
        guard !generation.isRunning else {
            return explain("A reply is being written; Esc stops it.", .warning)
        }
        let message = transcript.messages[index]
        let next = message.version - 1 + step
        if next >= message.versions, step > 0 {
            guard message.role == .assistant else {
                return explain("This is the last version; e makes another.")
            }
            return sampleAgain()
        }
        guard message.siblings.indices.contains(next) else {
            return explain("This is the first version.")
        }
        rememberLeaf()
        return [.selectMessage(message.siblings[next])]
    }

    /// Scrolls as little as shows the selected message, its start before its end.
    private mutating func showSelectedMessage() {
        guard let selected = transcript.selected else { return }
        transcript.scroll = TranscriptLayout(self).revealing(block: selected)
    }
}
