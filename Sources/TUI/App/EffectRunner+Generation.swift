import Engine
import Foundation

extension EffectRunner {
    // MARK: Generating

    func generate(_ plan: GenerationPlan) throws {
        let conversation = try requireConversation()
        var message: Int64?
        var continues = false
        switch plan.subject {
        case .message(let text):
            _ = try workspace.store.append(text, role: .user, to: conversation)
            try? workspace.store.saveDraft("", conversation: nil)
            try showConversation()
        case .again(let id): message = id
        case .continuation(let id):
            message = id
            continues = true
        }
        var request = ReplyRequest(
            conversation: conversation, message: message, variants: try variants(of: plan),
            seed: plan.settings.seed, continues: continues)
        request.modelOptions = modelOptions
        follow(try workspace.reply(request))
    }

    func addCandidate(to board: Int64) throws {
        if let control = session.withLock({ $0.control }), !control.isOver,
            try control.addCandidate() != nil
        {
            return
        }
        follow(try workspace.addCandidate(to: board))
    }

    /// Another token at a place of a reply, and from there on as the model will.
    func continueReply(
        _ candidate: Int64, at token: Int, with alternative: TokenID, _ plan: GenerationPlan
    ) throws {
        let (original, boardID) = try workspace.store.candidate(candidate)
        let board = try workspace.store.board(boardID)
        let ids = original.ids.prefix(token) + [alternative]
        guard let tokenizer = workspace.loadedModel?.tokenizer else { throw EngineError.noModel }
        let prefix = board.variant(of: original)?.prefix ?? ""
        let bytes = ids.flatMap { tokenizer.bytes(of: $0) }
        let text = prefix + String(decoding: bytes, as: UTF8.self)
        let start = try workspace.store.add(
            text, role: .assistant, to: board.conversation, parent: board.parent)
        var single = plan
        single.count = 1
        let request = ReplyRequest(
            conversation: board.conversation, message: start.id,
            variants: try variants(of: single), seed: plan.settings.seed, continues: true)
        follow(try workspace.reply(request), dropping: start.id)
    }

    func variants(of plan: GenerationPlan) throws -> [ReplyVariant] {
        let sides =
            plan.compared.isEmpty ? [ComparedVariant(settings: plan.settings)] : plan.compared
        return try sides.map { side in
            let template = try workspace.templates.template(side.template ?? plan.templateName)
            var settings = GenerationSettings(
                template: template, overrides: side.settings.overrides)
            if let window = side.settings[.repetitionWindow] {
                settings.sampling.repetitionWindow = Int(window)
            }
            settings.stop += stopStrings.filter { !settings.stop.contains($0) }
            return ReplyVariant(
                template: template, model: side.model, settings: settings,
                variables: plan.variables, count: plan.count)
        }
    }

    /// Turns a reply's events into actions until its last.
    private func follow(_ reply: Reply, dropping start: Int64? = nil) {
        session.withLock { $0.control = reply.control }
        Task.detached { [self] in
            var isAdopted = false
            for await event in reply.events {
                if case .adopted = event, let start {
                    isAdopted = true
                    try? workspace.store.delete(message: start)
                }
                receive(event)
            }
            session.withLock { session in
                if session.control === reply.control { session.control = nil }
            }
            if let start, !isAdopted {
                try? workspace.store.delete(message: start)
                try? showConversation()
            }
        }
    }

    private func receive(_ event: ReplyEvent) {
        switch event {
        case .started(let board, let prompts):
            session.withLock { $0.cached = prompts.last?.ids ?? [] }
            post(
                .generationStarted(
                    GenerationStart(
                        board: board.id, parent: board.parent,
                        candidates: board.candidates.map(\.id),
                        variants: Self.labels(of: board), prefix: prompts.first?.prefix ?? "",
                        use: prompts.first.map(ContextUse.init) ?? ContextUse())))
        case .promptRead(let done, let total): post(.promptRead(done: done, total: total))
        case .text(let candidate, let delta, let tokens, let logProbability):
            post(
                .tokensReceived([
                    TokenBatch(
                        candidate: candidate, text: delta, tokens: tokens,
                        logProbability: logProbability)
                ]))
        case .candidateAdded(let candidate): post(.candidateAdded(candidate))
        case .candidateFinished(let candidate): post(.candidateFinished(candidate))
        case .scored(let scores, let model): post(.rewardsReceived(scores, rewardModel: model))
        case .labels(let labels): post(.labelsReceived(labels))
        case .adopted(let message):
            if let id = message.candidate, let (candidate, _) = try? workspace.store.candidate(id) {
                session.withLock { $0.cached += candidate.ids }
            }
            post(.replyAdopted(message: message.id))
            do { try showConversation() } catch { post(.noticed(.failure, error.sentence)) }
        case .notice(let text): post(.noticed(.warning, text))
        case .finished(let timings):
            let speed =
                timings.decodeSeconds > 0
                ? Double(timings.decodeTokens) / timings.decodeSeconds : nil
            post(.generationFinished(tokensPerSecond: speed))
        case .failed(let error): post(.generationFailed(error.sentence))
        }
    }

    /// What sets the candidates of a comparison apart: template, model, settings, as far as
    /// they differ.
    static func labels(of board: Board) -> [String] {
        guard board.isComparison else { return [] }
        let templates = Set(board.variants.map(\.templateName))
        let models = Set(board.variants.map(\.modelFingerprint))
        // A template brings its own settings; they are worth a word where nothing else differs.
        let kinds = Set(board.variants.map { $0.templateName + " " + $0.modelFingerprint })
        func value(_ setting: ComparedSetting, _ candidate: Candidate) -> Double {
            setting.value(
                in: candidate.sampling, maxTokens: board.variant(of: candidate)?.maxTokens ?? 0)
        }
        let differing = ComparedSetting.all.filter { setting in
            kinds.count < board.variants.count
                && Set(board.candidates.map { value(setting, $0) }).count > 1
        }
        return board.candidates.map { candidate in
            guard let variant = board.variant(of: candidate) else { return "" }
            var parts: [String] = []
            if templates.count > 1 { parts.append(variant.templateName) }
            if models.count > 1 { parts.append(variant.modelName) }
            parts += differing.map { setting in
                ComparedSetting.label(setting.shortName, value(setting, candidate))
            }
            return parts.isEmpty ? variant.templateName : parts.joined(separator: " · ")
        }
    }

    // MARK: Boards

    func submit(_ submission: RankingSubmission) throws {
        let ranking = Ranking(
            board: submission.board, ranks: submission.ranks, isAllBad: submission.isAllBad,
            displayOrder: submission.displayOrder, scoresVisible: submission.scoresVisible,
            isBlind: submission.isBlind, secondsTaken: submission.secondsTaken)
        let (stored, message) = try workspace.submit(ranking, chosen: submission.continueWith)
        post(.boardDecided(ranking: stored.id, continued: message != nil))
        if message != nil { try showConversation() }
        post(.comparisonsChanged(try workspace.store.comparisonRecords()))
    }

    func showBoard(_ message: Int64) throws {
        guard let conversation else { return }
        let boards = try workspace.store.boards(of: conversation, answering: message)
        guard let board = boards.last(where: { $0.candidates.count > 1 }) else {
            post(.noticed(.information, "This turn has only single replies; r makes another."))
            return
        }
        post(
            .boardShown(
                BoardSnapshot(
                    board: board, variants: Self.labels(of: board),
                    rankings: try workspace.store.rankings(of: board.id))))
    }

    func score(_ board: Int64) async throws {
        guard let name = workspace.activeRewardName else { return }
        post(.rewardModelChanged(name))
        let scores = try await workspace.rescore(board: board)
        post(.rewardsReceived(scores, rewardModel: name))
    }

    /// The tokens of a reply with what else could have stood there: one reading of prompt and
    /// reply.
    func inspect(candidate: Int64?, message: Int64?) async throws {
        guard let candidate else {
            post(
                .noticed(.information, "This reply was not sampled here; it has no stored tokens."))
            post(.tokensInspected(candidate: nil, [], promptCount: 0))
            return
        }
        let (found, boardID) = try workspace.store.candidate(candidate)
        let board = try workspace.store.board(boardID)
        let prompt = board.variant(of: found)?.promptIDs ?? []
        guard !found.ids.isEmpty, !prompt.isEmpty else {
            post(.tokensInspected(candidate: candidate, [], promptCount: 0))
            return
        }
        let positions = try await workspace.inference.logProbabilities(
            of: prompt + found.ids, top: 10)
        session.withLock { $0.cached = prompt + found.ids }
        let pieces = try workspace.pieces(of: prompt + found.ids)
        var tokens: [TokenDetail] = []
        for (place, piece) in pieces.enumerated() where positions.indices.contains(place) {
            let top = place > 0 ? positions[place - 1].top : []
            let names = try workspace.pieces(of: top.map(\.id))
            tokens.append(
                TokenDetail(
                    id: piece.id, text: piece.text, logProbability: positions[place].logProbability,
                    alternatives: zip(top, names).map {
                        .init(id: $0.id, text: $1.text, logProbability: $0.logProbability)
                    }))
        }
        post(.tokensInspected(candidate: candidate, tokens, promptCount: prompt.count))
    }
}

extension EffectRunner {
    /// The tokens to choose from, and the one to begin with: the last that is text.
    func openAttention(_ subject: AttentionSubject) throws {
        let ids: [TokenID]
        switch subject {
        case .candidate(let id):
            let (candidate, boardID) = try workspace.store.candidate(id)
            let board = try workspace.store.board(boardID)
            ids = (board.variant(of: candidate)?.promptIDs ?? []) + candidate.ids
        case .text(let text):
            guard let tokenizer = workspace.loadedModel?.tokenizer else {
                throw EngineError.noModel
            }
            ids = tokenizer.encode(text, parseSpecial: false)
        }
        let tokens = try workspace.pieces(of: ids).map {
            PromptToken(id: $0.id, text: $0.text, isControl: $0.isControl)
        }
        guard
            let last = tokens.lastIndex(where: {
                !$0.isControl && !$0.text.allSatisfy(\.isWhitespace)
            })
        else { throw EngineError.nothingToAnswer }
        post(.attentionOpened(tokens, cursor: last))
    }
}

extension ContextUse {
    init(_ prompt: ComposedPrompt) {
        system = prompt.parts.system
        examples = prompt.parts.examples
        turns = prompt.parts.turns
        droppedMessages = prompt.dropped.count
        reply = prompt.replyRoom
        total = prompt.contextLength
    }
}

extension ChatSettings {
    /// The person's own values, for the engine.
    var overrides: SettingOverrides {
        var overrides = SettingOverrides()
        overrides.temperature = self[.temperature].map(Float.init)
        overrides.topK = self[.topK].map { Int($0) }
        overrides.topP = self[.topP].map(Float.init)
        overrides.minP = self[.minP].map(Float.init)
        overrides.repetitionPenalty = self[.repetitionPenalty].map(Float.init)
        overrides.maxTokens = self[.maxTokens].map { Int($0) }
        return overrides
    }
}
