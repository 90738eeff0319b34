import Foundation
import LanguageModel
import Synchronization

/// One running reply, from the prompt to the last event.
final class ReplyRun: Sendable {
    private enum Task: Sendable {
        case new(Conversation, path: [Message], ReplyRequest)
        case more(Board, Store.Plan)
    }

    /// What the inference thread tells the run.
    private struct Progress {
        var timings = GenerationTimings()
        var tokens: [Int64: (count: Int, logProbability: Double)] = [:]
        var finished: [Candidate] = []
        var failure: EngineError?
    }

    private let workspace: Workspace
    private let model: LoadedModel
    private let task: Task
    private let channel: ReplyChannel
    private let control: ReplyControl
    private let progress = Mutex(Progress())

    init(
        workspace: Workspace, model: LoadedModel, conversation: Conversation, path: [Message],
        request: ReplyRequest, channel: ReplyChannel, control: ReplyControl
    ) {
        self.workspace = workspace
        self.model = model
        task = .new(conversation, path: path, request)
        self.channel = channel
        self.control = control
    }

    init(
        workspace: Workspace, model: LoadedModel, addingTo board: Board, plan: Store.Plan,
        channel: ReplyChannel, control: ReplyControl
    ) {
        self.workspace = workspace
        self.model = model
        task = .more(board, plan)
        self.channel = channel
        self.control = control
    }

    func run() async {
        do {
            switch task {
            case .new(let conversation, let path, let request):
                try await answer(request, conversation, path)
            case .more(let board, let plan):
                try await extend(board, plan)
            }
            finishControl()
            channel.send(.finished(progress.withLock { $0.timings }))
        } catch let error as EngineError {
            await workspace.inference.giveBack()
            finishControl()
            channel.send(.failed(error))
        } catch {
            await workspace.inference.giveBack()
            finishControl()
            channel.send(.failed(.inference(reason: error.sentence)))
        }
        channel.close()
    }

    private func finishControl() {
        control.state.withLock { state in
            state.isOver = true
            state.generation = nil
        }
    }

    private func answer(
        _ request: ReplyRequest, _ conversation: Conversation, _ path: [Message]
    ) async throws {
        let models = try await models(of: request)
        let composers = try models.map { try PromptComposer(model: $0.loaded) }
        let prompts = try zip(request.variants, composers).map { variant, composer in
            try composer.compose(
                path: path, template: variant.template, systemText: conversation.systemText,
                variables: variant.variables, maxTokens: variant.settings.maxTokens,
                continues: request.continues)
        }
        let answered = request.continues ? Array(path.dropLast()) : path
        // 32 bits, so that JSON readers keep every digit.
        let seed = request.seed ?? UInt64(UInt32.random(in: 0 ... .max))
        var plans: [Store.Plan] = []
        for (index, variant) in request.variants.enumerated() {
            let count = variant.template.labels.isEmpty ? max(1, variant.count) : 1
            for _ in 0..<count {
                plans.append(
                    Store.Plan(
                        variant: index, seed: seed &+ UInt64(plans.count),
                        sampling: variant.settings.sampling))
            }
        }
        let store = workspace.store
        let board = try store.createBoard(
            conversation: conversation.id, parent: answered.last?.id,
            variants: request.variants.indices.map { index in
                let (variant, prompt) = (request.variants[index], prompts[index])
                let info = models[index].loaded.info
                return BoardVariant(
                    templateName: variant.template.name, templateHash: variant.template.hash,
                    modelName: variant.model ?? info.name, modelFingerprint: info.fingerprint,
                    promptIDs: prompt.ids, maxTokens: prompt.replyRoom,
                    stop: variant.settings.stop + prompt.stop, renderedInput: prompt.renderedInput,
                    prefix: prompt.prefix)
            }, plans: plans)
        control.state.withLock { state in
            state.board = board.id
            state.nextSeed = seed &+ UInt64(plans.count)
        }
        channel.send(.started(board, prompts: prompts))
        for note in Set(prompts.flatMap(\.notes)).sorted() { channel.send(.notice(note)) }

        for (index, variant) in request.variants.enumerated() {
            let group = board.candidates.filter { $0.variant == index }
            if let path = models[index].path {
                _ = try await workspace.inference.borrow(path: path, options: request.modelOptions)
            } else {
                await workspace.inference.returnToOwner()
            }
            if variant.template.labels.isEmpty {
                try await sample(
                    group, board.variants[index],
                    try variant.template.constraint?.compiled(for: model))
            } else {
                try await label(
                    group[0], variant, prompts[index], composers[index],
                    path: Array(answered.dropLast()), systemText: conversation.systemText)
            }
        }
        await workspace.inference.giveBack()
        try await score(board)
        let finished = progress.withLock { $0.finished }
        if request.adoptsSingle, plans.count == 1, finished.count == 1,
            control.state.withLock({ $0.added }) == 0,
            finished[0].finishReason != .cancelled || !finished[0].text.isEmpty
        {
            let message = try workspace.adopt(
                finished[0], of: board, selects: .ifUnchanged(conversation.selectedLeaf))
            channel.send(.adopted(message))
        }
    }

    /// The model of each variant, with its path where it is not the one in use.
    private func models(
        of request: ReplyRequest
    ) async throws -> [(loaded: LoadedModel, path: String?)] {
        var result: [(loaded: LoadedModel, path: String?)] = []
        for variant in request.variants {
            let path = try variant.model.map { try workspace.models.path(of: $0) }
            if let path, path != model.info.path {
                let loaded = try await workspace.inference.borrow(
                    path: path, options: request.modelOptions)
                result.append((loaded, path))
            } else {
                result.append((model, nil))
            }
        }
        await workspace.inference.returnToOwner()
        return result
    }

    private func extend(_ board: Board, _ plan: Store.Plan) async throws {
        let candidate = try workspace.store.addCandidate(plan, to: board.id)
        control.state.withLock { state in
            state.board = board.id
            state.nextSeed = plan.seed &+ 1
        }
        channel.send(.candidateAdded(candidate))
        let variant = board.variants[plan.variant]
        // Of a template that has changed since, nobody can say what its replies had to be.
        let template = try? workspace.templates.template(variant.templateName)
        let constraint = template?.hash == variant.templateHash ? template?.constraint : nil
        try await sample([candidate], variant, try constraint?.compiled(for: model))
        try await score(board)
    }

    /// Samples candidates of one prompt as one batch, with those that are added meanwhile.
    private func sample(
        _ candidates: [Candidate], _ variant: BoardVariant, _ constraint: TokenConstraint?
    ) async throws {
        var open = candidates
        while !open.isEmpty {
            let generation = GenerationControl()
            let isCancelled = control.state.withLock { state in
                state.generation = generation
                state.running = open
                for (position, candidate) in open.enumerated()
                where state.cancelled.contains(candidate.id) {
                    generation.cancel(candidate: position)
                }
                if state.isCancelled { generation.cancel() }
                return state.isCancelled
            }
            if isCancelled {
                for candidate in open {
                    try finish(
                        candidate,
                        GeneratedReply(
                            text: "", ids: [], logProbabilities: [], finishReason: .cancelled,
                            seed: candidate.seed))
                }
            } else {
                let request = GenerationRequest(
                    prompt: variant.promptIDs,
                    candidates: open.map { .init(seed: $0.seed, sampling: $0.sampling) },
                    maxTokens: variant.maxTokens, stopStrings: variant.stop,
                    constraint: constraint)
                try await workspace.inference.generate(request, control: generation) {
                    self.received($0)
                }
            }
            if let failure = progress.withLock({ $0.failure }) { throw failure }
            // One that was added as the generation ended gets a generation of its own.
            open = control.state.withLock { state in
                state.generation = nil
                return state.running.filter { !state.finished.contains($0.id) }
            }
        }
    }

    /// On the inference thread.
    private func received(_ event: GenerationEvent) {
        switch event {
        case .promptRead(let done, let total):
            channel.send(.promptRead(done: done, total: total))
        case .token(let position, _, let text, let logProbability):
            guard let candidate = candidate(at: position) else { return }
            let (count, sum) = progress.withLock { progress in
                var entry = progress.tokens[candidate.id] ?? (0, 0)
                entry.count += 1
                entry.logProbability += Double(logProbability)
                progress.tokens[candidate.id] = entry
                return entry
            }
            channel.send(
                .text(
                    candidate: candidate.id, delta: text, tokens: count, logProbability: sum))
        case .text(let position, let text):
            guard let candidate = candidate(at: position) else { return }
            let (count, sum) = progress.withLock { $0.tokens[candidate.id] ?? (0, 0) }
            channel.send(
                .text(
                    candidate: candidate.id, delta: text, tokens: count, logProbability: sum))
        case .candidateFinished(let position, let reply):
            guard let candidate = candidate(at: position) else { return }
            do {
                try finish(candidate, reply)
            } catch {
                // What cannot be stored is not to be sampled.
                progress.withLock {
                    $0.failure = error as? EngineError ?? .inference(reason: error.sentence)
                }
                control.cancelAll()
            }
        case .finished(let timings):
            progress.withLock { $0.timings += timings }
        }
    }

    private func candidate(at position: Int) -> Candidate? {
        control.state.withLock { state in
            state.running.indices.contains(position) ? state.running[position] : nil
        }
    }

    /// Stores a finished candidate, then reports it.
    private func finish(_ candidate: Candidate, _ reply: GeneratedReply) throws {
        var candidate = candidate
        candidate.text = reply.text
        candidate.ids = reply.ids
        candidate.logProbabilities = reply.logProbabilities
        candidate.finishReason = reply.finishReason
        try workspace.store.finish(candidate)
        control.state.withLock { _ = $0.finished.insert(candidate.id) }
        progress.withLock { $0.finished.append(candidate) }
        channel.send(.candidateFinished(candidate))
    }

    private func label(
        _ candidate: Candidate, _ variant: ReplyVariant, _ prompt: ComposedPrompt,
        _ composer: PromptComposer, path: [Message], systemText: String?
    ) async throws {
        let result = try await LabelScorer(composer: composer, inference: workspace.inference)
            .probabilities(
                of: variant.template, prompt: prompt, path: path, variables: variant.variables,
                systemText: systemText)
        progress.withLock { $0.timings += result.timings }
        channel.send(.labels(result.labels))
        try finish(
            candidate,
            GeneratedReply(
                text: result.labels[0].label, ids: result.ids,
                logProbabilities: result.logProbabilities, finishReason: .stop,
                seed: candidate.seed))
    }

    /// Scores what was sampled, where a reward model is active. A head that does not fit is
    /// said and does not end the reply.
    private func score(_ board: Board) async throws {
        // A reward model reads with the model in use; what another wrote has other ids.
        let finished = progress.withLock { $0.finished }.filter {
            !$0.ids.isEmpty
                && board.variant(of: $0)?.modelFingerprint == model.info.fingerprint
        }
        guard !finished.isEmpty else { return }
        do {
            guard let reward = try workspace.rewards.active(for: model) else { return }
            for warning in try reward.check(model) { channel.send(.notice(warning)) }
            let scores = try await workspace.scores(of: finished, on: board, by: reward)
            channel.send(.scored(scores, rewardModel: Workspace.label(of: reward)))
        } catch let error as EngineError {
            channel.send(.notice(error.sentence))
        }
    }
}
