import Engine

extension State {
    /// Starts a generation; the transcript follows it.
    mutating func start(_ plan: GenerationPlan) -> [Effect] {
        board = nil
        focus = .composer
        transcript.selected = nil
        transcript.scroll = .following
        transcript.highlight = nil
        generation = GenerationState()
        generation.phase = .starting
        generation.startedAt = now
        return [.startGeneration(plan)]
    }

    /// A new board for the last turn.
    mutating func sampleAgain() -> [Effect] {
        guard !generation.isRunning else {
            return explain("A reply is being written; Esc stops it.", .warning)
        }
        guard session.model != nil else { return explain("No model is loaded; F3 chooses one.") }
        var message: Int64?
        if focus == .board, let board, !isLastTurn(board) {
            message = board.parent
        } else if focus == .messages, let selected = transcript.selected {
            let chosen = transcript.messages[selected]
            message =
                chosen.role == .assistant
                ? transcript.messages[..<selected].last { $0.role == .user }?.id : chosen.id
        }
        guard transcript.messages.contains(where: { $0.role == .user }) else {
            return explain("There is no message to answer yet.")
        }
        rememberLeaf()
        return start(plan(.again(message: message)))
    }

    mutating func continueReply() -> [Effect] {
        guard !generation.isRunning else {
            return explain("A reply is being written; Esc stops it.", .warning)
        }
        let index =
            focus == .messages
            ? transcript.selected : transcript.messages.lastIndex { $0.role == .assistant }
        guard let index, transcript.messages[index].role == .assistant else {
            return explain("There is no reply to continue.")
        }
        rememberLeaf()
        return start(plan(.continuation(message: transcript.messages[index].id)))
    }

    mutating func rememberLeaf() {
        guard let conversation = session.conversation else { return }
        undo.append(.selected(conversation: conversation, leaf: transcript.messages.last?.id))
        if undo.count > 100 { undo.removeFirst() }
    }

    mutating func followGeneration(_ action: Action) -> [Effect] {
        switch action {
        case .generationRequested:
            generation = GenerationState()
            generation.phase = .starting
            generation.startedAt = now
            transcript.scroll = .following
            return []
        case .generationStarted(let start):
            var board = BoardState(candidates: start.candidates, parent: start.parent)
            board.recordID = start.board
            board.isBlind = isBlind && !board.isSingle
            board.prefix = start.prefix
            for index in board.candidates.indices {
                board.candidates[index].text = start.prefix
                if start.variants.indices.contains(index) {
                    board.candidates[index].variant = start.variants[index]
                }
            }
            if board.isBlind { board.shuffle() }
            self.board = board
            generation.candidates = start.candidates.count
            if generation.phase == .starting { generation.phase = .reading(done: 0, total: 0) }
            receive(start.use)
            return []
        case .promptRead(let done, let total):
            if case .reading = generation.phase {
                generation.phase = .reading(done: done, total: total)
            }
            board?.phase = .reading(done: done, total: total)
            return []
        case .tokensReceived(let batches):
            for batch in batches { receive(batch) }
            return []
        case .candidateFinished(let candidate):
            finish(candidate)
            return []
        case .candidateAdded(let candidate):
            board?.add(candidate.id)
            generation.candidates += 1
            return []
        case .rewardsReceived(let rewards, let model):
            session.rewardModel = model
            receive(rewards)
            return []
        case .labelsReceived(let labels):
            board?.labels = labels
            return []
        case .replyAdopted(let message):
            if let labels = board?.labels, !labels.isEmpty { transcript.labels[message] = labels }
            if board?.candidates.first?.finishReason == .length {
                notify(.information, "The reply was cut at the token limit; /continue goes on.")
            }
            board = nil
            return []
        case .generationFinished(let speed):
            return finishGeneration(speed)
        case .generationFailed(let reason):
            generation.phase = .idle
            if board?.candidates.contains(where: \.isFinished) != true { board = nil }
            notify(.failure, reason)
            guard let pending = transcript.pending, composer.isEmpty else { return [] }
            transcript.pending = nil
            return [.setComposer(pending)]
        default:
            return []
        }
    }

    private mutating func receive(_ batch: TokenBatch) {
        guard let index = board?.index(of: batch.candidate) else { return }
        if generation.firstTokenAt == nil { generation.firstTokenAt = now }
        generation.tokens += batch.tokens - (board?.candidates[index].tokenCount ?? 0)
        if generation.phase != .stopping { generation.phase = .streaming }
        board?.phase = .streaming
        board?.candidates[index].receive(batch, now: now)
    }

    private mutating func finish(_ candidate: Candidate) {
        guard let index = board?.index(of: candidate.id) else { return }
        let prefix = board?.prefix ?? ""
        board?.candidates[index].finish(as: candidate, after: prefix, now: now)
        if candidate.reward != nil { noteScores() }
    }

    private mutating func receive(_ rewards: [Int64: Double]) {
        for (id, reward) in rewards {
            if let index = board?.index(of: id) { board?.candidates[index].reward = reward }
        }
        noteScores()
    }

    /// Remembers that scores were seen, and orders by them where the person wants that.
    mutating func noteScores() {
        guard var board, board.hasRewards else { return }
        if showsScores && !board.isBlind { board.scoresWereShown = true }
        if ordersByReward, board.ordering == .sampling, board.isComplete, !board.isBlind {
            board.arrange(.reward)
            board.selected = board.visible.first ?? 0
        }
        self.board = board
    }

    private mutating func finishGeneration(_ speed: Double?) -> [Effect] {
        let rings = bell.rings(after: now - generation.startedAt, isFocused: isFocused)
        return (rings ? [.bell] : []) + endGeneration(speed)
    }

    private mutating func endGeneration(_ speed: Double?) -> [Effect] {
        generation.phase = .idle
        generation.tokensPerSecond = speed ?? generation.tokensPerSecond
        guard var board else {
            let next = sendQueued()
            return next.isEmpty ? [.measureContext(plan(.again(message: nil)))] : next
        }
        board.phase = .complete
        board.completedAt = now
        self.board = board
        noteScores()
        // The engine adopts a single reply by itself; one that is still here came to nothing.
        if board.isSingle { return dropSingle(board.candidates[0]) }
        let decision = board.decision
        self.board?.decision = nil
        switch decision {
        case .submit: return submitRanking()
        case .accept(let candidate): return accept(candidate)
        case nil:
            guard !queue.isEmpty else { return [] }
            return explain("Choose a reply (Tab, then rank or a); the queued message follows.")
        }
    }

    private mutating func dropSingle(_ candidate: BoardCandidate) -> [Effect] {
        board = nil
        notify(
            .information,
            candidate.finishReason == .cancelled || candidate.text.isEmpty
                ? "Stopped before the first word." : "The reply was not kept.")
        return sendQueued()
    }
}

extension BoardCandidate {
    mutating func receive(_ batch: TokenBatch, now: Double) {
        if startedAt == nil { startedAt = now }
        text += batch.text
        tokenCount = batch.tokens
        logProbability = batch.logProbability
        finishedAt = now
    }

    mutating func finish(as candidate: Candidate, after prefix: String, now: Double) {
        text = prefix + candidate.text
        tokenCount = candidate.ids.count
        logProbability = candidate.logProbability
        finishReason = candidate.finishReason ?? .cancelled
        reward = candidate.reward
        finishedAt = now
    }
}
