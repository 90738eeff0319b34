import Engine

/// Messages, replies and tokens by their number: what the keys do with a selection, for the
/// line mode and for those who rather type.
extension State {
    mutating func runNumbered(_ command: SlashCommand) -> [Effect] {
        switch command {
        case .revise(let number, let text):
            let index =
                number.map { $0 - 1 } ?? transcript.messages.lastIndex { $0.role == .user }
            return selecting(index) { state, index in
                state.editTarget = .message(state.transcript.messages[index].id)
                state.composer.text = text
                return state.send()
            }
        case .version(let number, let version):
            return selecting(number - 1) { state, index in
                let message = state.transcript.messages[index]
                guard message.siblings.indices.contains(version - 1) else {
                    return state.explain(
                        "Message \(number) has \(message.versions) versions.", .failure)
                }
                state.rememberLeaf()
                return [.selectMessage(message.siblings[version - 1])]
            }
        case .branch(let number):
            return selecting(number - 1) { state, _ in state.perform(.branchHere) }
        case .vote(let number):
            return selecting(number.map { $0 - 1 } ?? transcript.messages.indices.last) {
                state, _ in state.perform(.openBoard)
            }
        case .amend(let number, let text):
            return withReply(number) { state, board, index in
                [state.amend(index, with: text, on: board)]
            }
        case .end(let number):
            return withReply(number) { state, _, index in
                state.board?.selected = index
                return state.perform(.endCandidate)
            }
        case .pick(let number, let alternative):
            guard let view = inspected else {
                return explain("/tokens shows the tokens and their numbers first.", .failure)
            }
            return pick(
                token: view.promptCount + number - 1, alternative: alternative - 1, in: view)
        default: return []
        }
    }

    private mutating func selecting(
        _ index: Int?, _ body: (inout State, Int) -> [Effect]
    ) -> [Effect] {
        guard let index, transcript.messages.indices.contains(index) else {
            return explain(
                transcript.messages.isEmpty
                    ? "There is no message yet."
                    : "The messages are numbered 1 to \(transcript.messages.count).", .failure)
        }
        let before = (focus, transcript.selected)
        focus = .messages
        transcript.selected = index
        let effects = body(&self, index)
        if focus == .messages { (focus, transcript.selected) = before }
        return effects
    }

    private mutating func withReply(
        _ number: Int, _ body: (inout State, BoardState, Int) -> [Effect]
    ) -> [Effect] {
        guard let board, !board.isSingle else { return explain("There is no board.", .failure) }
        let shown = board.visible
        guard shown.indices.contains(number - 1) else {
            return explain("The replies are numbered 1 to \(shown.count).", .failure)
        }
        return body(&self, board, shown[number - 1])
    }
}
