import Engine

/// Which text the attention is looked at in.
enum AttentionSubject: Sendable, Equatable {
    /// A stored reply with its prompt.
    case candidate(Int64)
    /// A text by itself, without templates.
    case text(String)
}

extension State {
    mutating func openAttention(_ text: String? = nil) -> [Effect] {
        guard session.model != nil else { return explain("No model is loaded; F3 chooses one.") }
        guard !generation.isRunning else {
            return explain("A reply is being written; Esc stops it.", .warning)
        }
        if let text, !text.isEmpty {
            overlay = .attention(AttentionViewState(title: "Attention"))
            return [.openAttention(.text(text))]
        }
        let candidate: Int64?
        if focus == .board, let board, !board.isSingle {
            candidate = board.candidates[board.selected].id
        } else if focus == .messages, let selected = transcript.selected {
            candidate = transcript.messages[selected...].first { $0.candidate != nil }?.candidate
        } else {
            candidate = transcript.messages.last { $0.candidate != nil }?.candidate
        }
        guard let candidate else {
            return explain("There is no reply to look into; /attention TEXT looks into a text.")
        }
        overlay = .attention(AttentionViewState(title: "Attention"))
        return [.openAttention(.candidate(candidate))]
    }

    mutating func show(attentionIn tokens: [PromptToken], at cursor: Int) -> [Effect] {
        guard case .attention(var view) = overlay, !tokens.isEmpty else { return [] }
        view.tokens = tokens
        view.cursor = min(max(0, cursor), tokens.count - 1)
        overlay = .attention(view)
        return [.readAttention(ids: tokens.map(\.id), position: view.cursor)]
    }

    mutating func receive(attention weights: [[[Float]]], of position: Int) {
        guard case .attention(var view) = overlay, view.cursor == position else { return }
        view.weights = weights
        view.select()
        overlay = .attention(view)
    }

    mutating func useAttention(_ view: AttentionViewState, _ command: Command) -> [Effect] {
        var view = view
        let last = max(0, view.tokens.count - 1)
        let cursor = view.cursor
        switch command {
        case .left: view.cursor = max(0, cursor - 1)
        case .right: view.cursor = min(last, cursor + 1)
        case .first: view.cursor = 0
        case .last: view.cursor = last
        case .pageUp: view.cursor = max(0, cursor - 20)
        case .pageDown: view.cursor = min(last, cursor + 20)
        // Average, 0, 1, … and around.
        case .down: view.layer = Self.next(view.layer, of: view.layerCount)
        case .up: view.layer = Self.previous(view.layer, of: view.layerCount)
        case .nextHead: view.head = Self.next(view.head, of: view.headCount)
        case .previousHead: view.head = Self.previous(view.head, of: view.headCount)
        case .toggleSink: view.hidesFirst.toggle()
        default: return []
        }
        view.select()
        overlay = .attention(view)
        guard view.cursor != cursor else { return [] }
        return [.readAttention(ids: view.tokens.map(\.id), position: view.cursor)]
    }

    private static func next(_ index: Int?, of count: Int) -> Int? {
        guard let index else { return count > 0 ? 0 : nil }
        return index + 1 < count ? index + 1 : nil
    }

    private static func previous(_ index: Int?, of count: Int) -> Int? {
        guard let index else { return count > 0 ? count - 1 : nil }
        return index > 0 ? index - 1 : nil
    }
}
