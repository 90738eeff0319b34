import Engine
import TerminalKit

/// The transcript as blocks of lines, laid out only where they are looked at: its cost does
/// not grow with the length of the conversation.
struct TranscriptLayout {
    /// What a block shows.
    enum Block: Equatable {
        case message(Int)
        /// Sent, and on its way to the disk.
        case pending(String)
        /// The single reply that streams.
        case reply
    }

    let state: State
    let area: Rect
    let count: Int
    /// Messages shown. While replies to a turn are looked at, what came after it is out of the
    /// way: the replies stand below what they answer.
    private let messageCount: Int

    init(_ state: State) {
        self.init(state, area: ScreenLayout(state).transcript)
    }

    init(_ state: State, area: Rect) {
        self.state = state
        self.area = area
        var count = state.transcript.messages.count
        if state.focus != .messages, let parent = state.board?.parent,
            let index = state.transcript.messages.lastIndex(where: { $0.id == parent })
        {
            count = index + 1
        }
        messageCount = count
        if state.transcript.pending != nil { count += 1 }
        if Self.showsReply(state) { count += 1 }
        self.count = count
    }

    var height: Int { area.rows }

    private static func showsReply(_ state: State) -> Bool {
        state.board?.isSingle ?? (state.generation.phase == .starting)
    }

    func block(_ index: Int) -> Block {
        if index < messageCount { return .message(index) }
        if index == messageCount, let pending = state.transcript.pending {
            return .pending(pending)
        }
        return .reply
    }

    /// The lines of a block, with the blank one below it.
    func lines(_ index: Int) -> [Line] {
        TranscriptView.lines(of: block(index), state: state, width: area.columns)
    }

    /// The block and line at the top of the screen.
    var top: (block: Int, line: Int) {
        switch state.transcript.scroll {
        case .following: return end
        case .at(let block, let line):
            guard block < count else { return end }
            return (block, line)
        }
    }

    /// The block shown in a row of the screen.
    func block(atRow row: Int) -> Int? {
        var (block, line) = top
        var left = row - area.row
        while block < count, left >= 0 {
            let size = lines(block).count - line
            if left < size { return block }
            left -= size
            (block, line) = (block + 1, 0)
        }
        return nil
    }

    /// Rows that the blocks take, at most `limit`.
    func contentRows(limit: Int) -> Int {
        var rows = 0
        var index = count - 1
        while index >= 0, rows < limit {
            rows += lines(index).count
            index -= 1
        }
        return min(rows, limit)
    }

    /// The top that shows the end of the transcript at the bottom.
    private var end: (block: Int, line: Int) {
        var missing = height
        var index = count - 1
        while index >= 0 {
            // The blank line below the last block is not worth a row.
            let lines = lines(index).count - (index == count - 1 ? 1 : 0)
            if lines >= missing { return (index, lines - missing) }
            missing -= lines
            index -= 1
        }
        return (0, 0)
    }

    /// The scroll position so many lines further down (negative: up).
    func scrolled(by distance: Int) -> TranscriptState.Scroll {
        if case .following = state.transcript.scroll, distance >= 0 { return .following }
        guard count > 0 else { return .following }
        var (block, line) = top
        line += distance
        while line < 0, block > 0 {
            block -= 1
            line += lines(block).count
        }
        line = max(0, line)
        while block < count - 1 {
            let size = lines(block).count
            guard line >= size else { break }
            line -= size
            block += 1
        }
        let end = end
        if block > end.block || (block == end.block && line >= end.line) { return .following }
        return .at(block: block, line: line)
    }

    /// The scroll position that shows a block, moving as little as that takes.
    func revealing(block: Int) -> TranscriptState.Scroll {
        let (first, line) = top
        if block < first || (block == first && line > 0) { return .at(block: block, line: 0) }
        // Lines from the top to the end of the block.
        var used = -line
        for index in first...max(first, block) {
            used += lines(index).count
            if used > height + lines(block).count { break }
        }
        let excess = used - 1 - height
        guard excess > 0 else { return state.transcript.scroll }
        // A block taller than the screen shows its start.
        if lines(block).count - 1 >= height { return .at(block: block, line: 0) }
        return scrolled(from: (first, line), by: excess)
    }

    /// The scroll position that shows a block from its start, or from the line before the first
    /// word found where that is further down than the screen reaches.
    func showingHit(in block: Int) -> TranscriptState.Scroll {
        let match = state.theme[.match]
        let hit = lines(block).firstIndex { line in
            line.runs.contains { $0.style == $0.style.merging(match) }
        }
        guard let hit, hit >= height else { return .at(block: block, line: 0) }
        return .at(block: block, line: hit - 1)
    }

    private func scrolled(
        from start: (block: Int, line: Int), by distance: Int
    ) -> TranscriptState.Scroll {
        var copy = state
        copy.transcript.scroll = .at(block: start.block, line: start.line)
        return TranscriptLayout(copy, area: area).scrolled(by: distance)
    }

    /// Whether something stands below what is shown.
    var hasMoreBelow: Bool { state.transcript.scroll != .following }
}
