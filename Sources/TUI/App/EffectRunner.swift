import Engine
import Foundation
import Synchronization

/// Carries out what ``update(_:_:)`` asks of the engine, away from the screen's thread, and
/// answers with actions. Effects on the store run one after the other, in the order asked for;
/// a reply is followed beside them, and is cancelled at once.
final class EffectRunner: Sendable {
    struct Session {
        /// Nil until the first message, or the first thing that must be stored, makes one.
        var conversation: Int64?
        var templateName = "chat"
        var systemText: String?
        var control: ReplyControl?
        /// A reward model in the making, and one that waits to be taken.
        var training: Task<Void, Never>?
        var offer: RewardOffer?
        /// What the key-value cache holds, as far as is known: the last prompt and reply.
        var cached: [TokenID] = []
        /// A draft on its way to the disk.
        var draft: String?
    }

    let workspace: Workspace
    let post: @Sendable (Action) -> Void
    let modelOptions: ModelOptions
    let stopStrings: [String]
    let session = Mutex(Session())
    private let effects: AsyncStream<Effect>.Continuation

    init(
        workspace: Workspace, modelOptions: ModelOptions, stopStrings: [String] = [],
        post: @escaping @Sendable (Action) -> Void
    ) {
        self.workspace = workspace
        self.modelOptions = modelOptions
        self.stopStrings = stopStrings
        self.post = post
        let (stream, continuation) = AsyncStream.makeStream(of: Effect.self)
        effects = continuation
        Task.detached { [weak self] in
            for await effect in stream {
                guard let self else { return }
                await self.perform(effect)
            }
        }
        Task.detached { [weak self, templates = workspace.templates] in
            for await change in templates.changes() {
                guard let self else { return }
                self.receive(change)
            }
        }
    }

    deinit { effects.finish() }

    /// Returns at once.
    func run(_ effect: Effect) {
        switch effect {
        case .cancelGeneration:
            session.withLock { $0.control }?.cancelAll()
        case .cancelCandidate(let id):
            session.withLock { $0.control }?.cancel(id)
        case .saveDraft(let text):
            keep(draft: text)
        case .trainReward: trainReward()
        case .stopTraining:
            session.withLock { $0.training }?.cancel()
        default:
            effects.yield(effect)
        }
    }

    /// What is there before the person does anything.
    func start(model: String?, template: String, conversation: Int64?, systemText: String?) {
        session.withLock { session in
            session.templateName = template
            session.systemText = systemText
        }
        post(.templatesChanged(workspace.templates.all()))
        for problem in workspace.templates.problems {
            post(.noticed(.failure, problem.reason))
        }
        if let records = try? workspace.store.comparisonRecords() {
            post(.comparisonsChanged(records))
        }
        listModels()
        if let conversation { run(.openConversation(conversation, message: nil)) }
        if let model {
            run(.loadModel(model))
        } else if let path = workspace.models.defaultPath() {
            run(.loadModel(path))
        } else {
            post(
                .modelLoadFailed(
                    "No model is installed; F3 fetches one, or run riposte models pull smollm2."))
        }
    }

    private func perform(_ effect: Effect) async {
        do {
            switch effect {
            case .startGeneration(let plan): try generate(plan)
            case .addCandidate(let board): try addCandidate(to: board)
            case .continueFrom(let candidate, let token, let alternative, let plan):
                try continueReply(candidate, at: token, with: alternative, plan)
            case .submitRanking(let submission): try submit(submission)
            case .acceptCandidate(let candidate):
                _ = try workspace.accept(candidate)
                post(.boardDecided(ranking: nil, continued: true))
                try showConversation()
            case .editCandidate(let edit):
                let edited = try workspace.edit(
                    candidate: edit.candidate, text: edit.text, secondsTaken: edit.secondsTaken,
                    scoresVisible: edit.scoresVisible, isBlind: edit.isBlind)
                _ = try workspace.accept(edited.id)
                post(.noticed(.success, "The edit is kept, ranked above the original."))
                post(.boardDecided(ranking: nil, continued: true))
                try showConversation()
            case .retractRanking(let ranking):
                try workspace.retract(ranking: ranking)
                post(.noticed(.success, "The ranking is taken back; the reply stays."))
            case .showBoard(let message): try showBoard(message)
            case .scoreBoard(let board): try await score(board)
            case .takeReward: try takeReward()
            case .revertReward: try revertReward()
            case .listDisagreements:
                post(.disagreementsListed(try await workspace.disagreements()))
            case .inspectTokens(let candidate, let message):
                try await inspect(candidate: candidate, message: message)

            case .openAttention(let subject): try openAttention(subject)
            case .readAttention(let ids, let position):
                let weights = try await workspace.inference.attention(of: position, in: ids)
                session.withLock { $0.cached = Array(ids.prefix(position + 1)) }
                post(.attentionRead(position: position, weights))

            case .loadModel(let name): try await loadModel(name)
            case .listModels: listModels()
            case .selectTemplate(let name):
                session.withLock { $0.templateName = name }
                if let id = conversation { try workspace.store.setTemplate(name, of: id) }
            case .measureTemplate(let name): try measure(template: name)
            case .editTemplate(let name):
                post(.templateFileFound(try workspace.templates.editablePath(of: name)))
            case .saveTemplate(let name, let settings): try save(template: name, settings)
            case .setSystemText(let text):
                session.withLock { $0.systemText = text }
                if let id = conversation { try workspace.store.setSystemText(text, of: id) }
            case .renderPrompt(let plan): try renderPrompt(plan)
            case .measureContext(let plan): measureContext(plan)

            case .newConversation:
                session.withLock {
                    $0.conversation = nil
                    $0.systemText = nil
                }
            case .listConversations(let query): try listConversations(query)
            case .openConversation(let id, let message): try open(id, message: message)
            case .renameConversation(let id, let title):
                try workspace.store.rename(id, to: title)
            case .tagConversation(let id, let tags):
                try workspace.store.setTags(tags, of: id)
            case .deleteConversation(let id): try workspace.store.delete(conversation: id)
            case .restoreConversation(let id):
                try workspace.store.undelete(conversation: id)
                post(.noticed(.success, "The conversation is back."))
                try listConversations("")
            case .exportConversation(let id, let path): try export(id, to: path)
            case .importConversations(let path): try importConversations(path)
            case .openLink(let address): try openLink(address)
            case .loadTheme(let name): try loadTheme(name)
            case .rememberTour: try AtomicFile.write("", to: Self.tourMark(workspace.paths))
            case .selectMessage(let id):
                try workspace.store.select(id)
                try showConversation()
            case .selectLeaf(let conversation, let leaf):
                guard let leaf else { return }
                try workspace.store.selectAsLeaf(leaf)
                session.withLock { $0.conversation = conversation }
                try showConversation()
            case .editMessage(let id, let text, let plan): try edit(id, text, plan)
            case .report: post(.effectsDone)
            case .listTree:
                guard let id = conversation else { return }
                post(.treeListed(try workspace.store.tree(of: id)))

            case .quit, .suspend, .redraw, .bell, .copy, .feedComposer, .insertIntoComposer,
                .setComposer, .addHistory, .completeCommand, .openEditor, .openFile,
                .setMouse, .cancelGeneration, .cancelCandidate, .saveDraft, .trainReward,
                .stopTraining:
                break
            }
        } catch {
            report(error, after: effect)
        }
    }

    /// An effect that begins a generation has been counted as running: its failure ends that.
    private func report(_ error: any Error, after effect: Effect) {
        switch effect {
        case .startGeneration, .addCandidate, .continueFrom, .editMessage:
            post(.generationFailed(error.sentence))
        case .loadModel: post(.modelLoadFailed(error.sentence))
        default: post(.noticed(.failure, error.sentence))
        }
    }

    var conversation: Int64? { session.withLock { $0.conversation } }

    /// The conversation in use, made where there is none.
    func requireConversation() throws -> Int64 {
        if let id = conversation { return id }
        let (template, system) = session.withLock { ($0.templateName, $0.systemText) }
        let made = try workspace.store.createConversation(template: template, systemText: system)
        session.withLock { $0.conversation = made.id }
        return made.id
    }

    private func receive(_ change: TemplateChange) {
        switch change {
        case .updated(let name):
            post(.templatesChanged(workspace.templates.all()))
            post(.noticed(.success, "The template \(name) was read anew."))
        case .removed: post(.templatesChanged(workspace.templates.all()))
        case .broken(_, let reason): post(.noticed(.failure, reason))
        }
    }

    // MARK: Drafts

    /// Keeps what is being typed, at most once a second.
    private func keep(draft text: String) {
        let isWaiting = session.withLock { session in
            defer { session.draft = text }
            return session.draft != nil
        }
        guard !isWaiting else { return }
        Task.detached { [weak self] in
            try? await Task.sleep(for: .seconds(1))
            self?.flushDraft()
        }
    }

    /// Also called when the process is about to end.
    func flushDraft() {
        let (text, conversation) = session.withLock { session in
            defer { session.draft = nil }
            return (session.draft, session.conversation)
        }
        guard let text else { return }
        // A draft that cannot be kept is not worth a word while the person types.
        try? workspace.store.saveDraft(text, conversation: conversation)
    }
}
