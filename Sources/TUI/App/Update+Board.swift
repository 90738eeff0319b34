import Engine
import TerminalKit

extension State {
    mutating func useBoard(_ command: Command, key: Key?) -> [Effect] {
        if command == .toggleBlind { return toggleBlind() }
        if command == .order || command == .orderByReward { return toggleOrder() }
        if command == .toggleScores {
            showsScores.toggle()
            noteScores()
            return explain(showsScores ? "Scores are shown." : "Scores are hidden.")
        }
        guard var board, !board.isSingle, !board.candidates.isEmpty else {
            return explain("There is no board; F4 samples several replies a turn.")
        }
        let selected = board.selected
        switch command {
        case .boardLeft: board.moveSelection(by: -1)
        case .boardRight, .boardNext: board.moveSelection(by: 1)
        case .boardUp, .boardDown:
            let down = command == .boardDown
            let grid = BoardLayout(self)
            if board.isZoomed || grid.columnCount >= board.visible.count {
                return scrollCandidate(by: down ? 1 : -1)
            }
            board.moveSelection(by: down ? grid.columnCount : -grid.columnCount)
        case .rank:
            guard case .character(let digit)? = key?.code, let rank = digit.wholeNumberValue else {
                return explain("The digits 1 to 9 rank the selected reply.")
            }
            board.ranking.rank(selected, as: rank)
        case .tie:
            guard board.ranking.tie(selected) else {
                return explain("Rank another reply first; = ties this one with it.")
            }
        case .allBad: board.ranking.markAllBad()
        case .unrank: board.ranking.unrank(selected)
        case .undoRanking:
            guard board.ranking.undo() else { return explain("There is nothing to undo here.") }
        case .submitRanking: return submitRanking()
        case .accept: return accept(selected)
        case .addCandidate: return addCandidate()
        case .endCandidate:
            board.toggleElimination()
            let runs = generation.isRunning && !board.candidates[selected].isFinished
            guard runs, board.ending.insert(selected).inserted else { break }
            self.board = board
            return [.cancelCandidate(board.candidates[selected].id)]
        case .zoom: board.isZoomed.toggle()
        case .foldDuplicates:
            board.foldsDuplicates.toggle()
            board.keepSelectionVisible()
        case .markDifferences: board.marksDifferences.toggle()
        case .boardTaller, .boardShorter:
            let rows = ScreenLayout(self).board.rows
            resizeBoard(to: rows + (command == .boardTaller ? 1 : -1))
            return []
        case .editCandidate:
            guard board.candidates[selected].isFinished else {
                return explain("The reply is still being written.")
            }
            editTarget = .candidate(selected)
            focus = .composer
            notify(.information, "Enter keeps the edit and goes on with it; Esc drops it.")
            return [.setComposer(board.candidates[selected].text)]
        default: return []
        }
        self.board = board
        return []
    }

    // MARK: Deciding

    /// Records the ranking and goes on with its best, as soon as no stream runs any more.
    mutating func submitRanking() -> [Effect] {
        guard var board, !board.isSingle else { return explain("There is no board to rank.") }
        guard !board.isUnranked else {
            return explain("Rank a reply first (1–9, or 0 for all bad); a accepts without ranking.")
        }
        guard !board.isSubmitted else { return [] }
        guard board.isComplete else {
            board.decision = .submit
            self.board = board
            return stopGeneration()
        }
        guard let record = board.recordID else { return explain("The board is not stored yet.") }
        let given = board.ranks
        var ranks: [Int64: Int] = [:]
        let duplicates = board.foldsDuplicates ? board.duplicates : [:]
        for (index, rank) in given where board.candidates.indices.contains(index) {
            // A folded duplicate is the same text: it shares the rank of the one shown.
            for same in [index] + (duplicates[index] ?? []) {
                ranks[board.candidates[same].id] = given[same] ?? rank
            }
        }
        let submission = RankingSubmission(
            board: record, ranks: ranks, isAllBad: board.ranking.isAllBad,
            displayOrder: board.visible.map { board.candidates[$0].id },
            scoresVisible: board.scoresWereShown, isBlind: board.isBlind,
            secondsTaken: secondsTaken(board),
            continueWith: isLastTurn(board) ? board.best.map { board.candidates[$0].id } : nil)
        board.isSubmitted = true
        self.board = board
        return [.submitRanking(submission)]
    }

    /// Goes on with a reply without ranking.
    mutating func accept(_ candidate: Int) -> [Effect] {
        guard var board, !board.isSingle else { return explain("There is no board.") }
        guard board.candidates.indices.contains(candidate) else { return [] }
        guard board.isComplete else {
            board.decision = .accept(candidate: candidate)
            self.board = board
            return stopGeneration()
        }
        guard !board.candidates[candidate].text.isEmpty else {
            return explain("Reply \(board.letter(of: candidate)) is empty.", .warning)
        }
        if !isLastTurn(board) { rememberLeaf() }
        return [.acceptCandidate(board.candidates[candidate].id)]
    }

    /// Ranks all replies at once, in the order shown; 0 leaves one out.
    mutating func rankAll(_ ranks: [Int]) -> [Effect] {
        guard let board, !board.isSingle else {
            return explain("There is no board to rank.", .failure)
        }
        let shown = board.visible
        guard ranks.count == shown.count else {
            return explain(
                "/rank takes a rank for each of the \(shown.count) replies; \(ranks.count) were given.",
                .failure)
        }
        for (index, rank) in zip(shown, ranks) where rank > 0 {
            self.board?.ranking.rank(index, as: rank)
        }
        return submitRanking()
    }

    func secondsTaken(_ board: BoardState) -> Double {
        max(0, now - (board.completedAt ?? now))
    }

    /// A decision is on disk: the board makes room, and what was typed ahead goes out.
    mutating func closeBoard(ranking: Int64?, continued: Bool) -> [Effect] {
        if let ranking { undo.append(.ranked(ranking)) }
        if continued || board?.ranking.isAllBad != true {
            if ranking != nil {
                notify(
                    .success,
                    continued
                        ? "Ranking recorded."
                        : "Ranking recorded; the conversation stays as it is.")
            }
            board = nil
            focus = .composer
            transcript.selected = nil
            transcript.scroll = .following
            return sendQueued()
        }
        board?.isSubmitted = false
        board?.ranking = RankingDraft()
        notify(.success, "Recorded: all bad. F5 samples anew; a accepts one all the same.")
        return []
    }

    /// Whether the shown path ends with the board's turn: with the message it answers, or a
    /// reply to that.
    func isLastTurn(_ board: BoardState) -> Bool {
        guard let parent = board.parent else { return transcript.messages.count <= 1 }
        return transcript.messages.suffix(2).contains { $0.id == parent }
    }

    /// The person's own version of a reply: a preference and a demonstration.
    mutating func amend(_ index: Int, with text: String, on board: BoardState) -> Effect {
        if !isLastTurn(board) { rememberLeaf() }
        return .editCandidate(
            CandidateEdit(
                candidate: board.candidates[index].id, text: text,
                scoresVisible: board.scoresWereShown, isBlind: board.isBlind,
                secondsTaken: secondsTaken(board)))
    }

    mutating func resizeBoard(to rows: Int) {
        let layout = ScreenLayout(self)
        boardRows = max(3, min(rows, layout.main.rows))
    }

    private mutating func addCandidate() -> [Effect] {
        guard let board, let id = board.recordID else { return [] }
        guard board.candidates.count < ChatSettings.candidateLimit else {
            return explain("A board holds \(ChatSettings.candidateLimit) replies at most.")
        }
        guard generation.phase != .stopping else { return [] }
        if !generation.isRunning {
            generation.phase = .starting
            generation.startedAt = now
            self.board?.phase = .streaming
            self.board?.completedAt = nil
        }
        return [.addCandidate(board: id)]
    }

    // MARK: Looking

    private mutating func toggleOrder() -> [Effect] {
        guard session.rewardModel != nil || board?.hasRewards == true else {
            notify(
                .information,
                "There is no reward model yet; rank some boards, then /train learns from them.")
            // One may have been trained since the last reply.
            guard let id = board?.recordID, board?.isComplete == true else { return [] }
            return [.scoreBoard(id)]
        }
        ordersByReward.toggle()
        if let board, board.isComplete, !board.hasRewards, let id = board.recordID {
            return [.scoreBoard(id)]
        }
        if var board, !board.isSingle {
            guard !board.isBlind else { return explain("A blind board keeps its order.") }
            let shown = board.visible.firstIndex(of: board.selected) ?? 0
            board.arrange(ordersByReward ? .reward : .sampling)
            board.selected = board.visible.indices.contains(shown) ? board.visible[shown] : 0
            self.board = board
        }
        return explain(ordersByReward ? "Ordered by reward." : "In the order of sampling.")
    }

    private mutating func toggleBlind() -> [Effect] {
        isBlind.toggle()
        if var board, !board.isSingle {
            board.isBlind = isBlind
            board.arrange(isBlind ? .shuffled : .sampling)
            self.board = board
            noteScores()
        }
        return explain(isBlind ? "Blind: names and scores hidden, order shuffled." : "Not blind.")
    }

    mutating func scrollCandidate(by lines: Int) -> [Effect] {
        guard var board else { return [] }
        let layout = BoardLayout(self)
        let room = layout.textRows
        let total = layout.lines(of: board.selected, in: self).count
        let last = max(0, total - room)
        let isStreaming = !board.candidates[board.selected].isFinished
        let top = board.scroll[board.selected] ?? (isStreaming ? last : 0)
        let next = min(last, max(0, top + lines))
        // At the end of a reply that still streams, its end is followed again.
        board.scroll[board.selected] = isStreaming && next == last ? nil : next
        self.board = board
        return []
    }

    /// A board from the store, to look at and to rank again.
    mutating func show(_ snapshot: BoardSnapshot) {
        var board = BoardState(
            candidates: snapshot.board.candidates.map(\.id), parent: snapshot.board.parent)
        board.recordID = snapshot.board.id
        for (index, candidate) in snapshot.board.candidates.enumerated() {
            board.candidates[index].finish(
                as: candidate, after: snapshot.board.variant(of: candidate)?.prefix ?? "", now: now)
            if snapshot.variants.indices.contains(index) {
                board.candidates[index].variant = snapshot.variants[index]
            }
        }
        board.phase = .complete
        board.completedAt = now
        if let last = snapshot.rankings.last {
            for (id, rank) in last.ranks.sorted(by: { $0.key < $1.key }) {
                if let index = board.index(of: id) { board.ranking.rank(index, as: rank) }
            }
        }
        board.isBlind = isBlind
        if isBlind { board.shuffle() }
        self.board = board
        noteScores()
        focus = board.isSingle ? .composer : .board
    }
}

extension BoardState {
    mutating func moveSelection(by steps: Int) {
        let shown = visible
        guard !shown.isEmpty else { return }
        let place = shown.firstIndex(of: selected) ?? 0
        let next = place + steps
        guard shown.indices.contains(next) else {
            // Sideways stops at the ends; a row up or down from a short row goes to its end.
            if steps > 1, place / steps < (shown.count - 1) / steps {
                selected = shown[shown.count - 1]
            }
            return
        }
        selected = shown[next]
    }

    mutating func keepSelectionVisible() {
        let shown = visible
        guard !shown.contains(selected) else { return }
        let text = candidates[selected].text
        selected = shown.first { candidates[$0].text == text } ?? shown.first ?? 0
    }
}
