import Engine

/// Turns a fact into the next state and what is to be done about it. Pure: the same state and
/// action give the same result.
func update(_ state: inout State, _ action: Action) -> [Effect] {
    switch action {
    case .keyPressed(let key):
        return state.press(key)
    case .pasted(let text):
        return state.paste(text)
    case .resized(let size):
        state.size = size
        return []
    case .mouseUsed(let event):
        return state.use(event)
    case .focusChanged(let isFocused):
        state.isFocused = isFocused
        return []
    case .composerChanged(let composer):
        if composer.text != state.composer.text { state.completions = [] }
        state.composer = composer
        return [.saveDraft(composer.text)]
    case .composerAccepted(let text):
        state.composer.text = text
        return state.send()
    case .completionsOffered(let words):
        state.completions = words
        return []
    case .templateFileFound(let path):
        return [.openFile(path)]
    case .editorReturned(let text):
        return text.map { [.setComposer($0)] } ?? []
    case .timePassed(let now):
        state.now = now
        state.notices.expire(now: now)
        return []

    case .conversationShown(let snapshot):
        return state.show(snapshot)
    case .conversationsListed(let query, let entries):
        state.conversations = ConversationsState(query: query, entries: entries)
        return []
    case .templatesChanged(let templates):
        return state.receive(templates)
    case .templateMeasured(let name, let tokens):
        state.session.templateTokens[name] = tokens
        return []
    case .comparisonsChanged(let records):
        state.session.comparisons = records
        return []
    case .modelsListed(let models):
        state.session.models = models
        return []
    case .modelLoadProgressed(let name, let share):
        state.session.loading = (name, share)
        return []
    case .modelLoaded(let model):
        state.session.loading = nil
        state.session.model = model
        // It was learnt for the model before.
        if case .offered = state.training { state.training = .idle }
        state.session.templateTokens = [:]
        state.context.total = model.contextLength
        return state.sendQueued() + [.measureContext(state.plan(.again(message: nil)))]
    case .modelLoadFailed(let reason):
        state.session.loading = nil
        state.notify(.failure, reason)
        return []
    case .rewardModelChanged(let name):
        state.session.rewardModel = name
        return []
    case .contextMeasured(let use):
        state.receive(use)
        return []
    case .promptRendered(let snapshot):
        if case .prompt(let page, _) = state.overlay { state.overlay = .prompt(page, snapshot) }
        return []
    case .treeListed(let nodes):
        state.tree = nodes
        state.selectPresentNode()
        return []
    case .disagreementsListed(let found):
        state.disagreements = found
        return []
    case .themeChanged(let theme):
        state.theme = theme
        return state.explain("The theme is \(theme.name).")

    case .generationRequested, .generationStarted, .promptRead, .tokensReceived, .candidateFinished,
        .candidateAdded,
        .rewardsReceived, .labelsReceived, .replyAdopted, .generationFinished,
        .generationFailed:
        return state.followGeneration(action)

    case .trainingProgressed, .trainingFinished, .trainingFailed, .rewardChosen:
        return state.followTraining(action)

    case .boardShown(let snapshot):
        state.show(snapshot)
        return []
    case .boardDecided(let ranking, let continued):
        return state.closeBoard(ranking: ranking, continued: continued)
    case .tokensInspected(let candidate, let tokens, let promptCount):
        state.receive(tokens, promptCount: promptCount, of: candidate)
        return []
    case .attentionOpened(let tokens, let cursor):
        return state.show(attentionIn: tokens, at: cursor)
    case .attentionRead(let position, let weights):
        state.receive(attention: weights, of: position)
        return []
    case .effectsDone: return []
    case .noticed(let kind, let text):
        state.notify(kind, text)
        return []
    }
}

extension State {
    mutating func notify(_ kind: Notice.Kind, _ text: String) {
        notices.add(kind, text, now: now)
    }

    /// The plan of a generation with the present settings.
    func plan(_ subject: GenerationPlan.Subject) -> GenerationPlan {
        GenerationPlan(
            subject: subject, count: settings.candidates, settings: settings,
            templateName: session.templateName,
            variables: session.variables[session.templateName] ?? [:])
    }

    mutating func show(_ snapshot: ConversationSnapshot) -> [Effect] {
        let isOther = session.conversation != snapshot.conversation.id
        session.conversation = snapshot.conversation.id
        session.title = snapshot.conversation.title
        session.systemText = snapshot.conversation.systemText
        transcript.messages = snapshot.messages
        transcript.pending = nil
        if isOther {
            session.templateName = snapshot.conversation.templateName
            transcript.scroll = .following
            if snapshot.focusMessage == nil { transcript.highlight = nil }
            transcript.selected = nil
            if board?.isSingle == false { board = nil }
            if focus != .composer { focus = .composer }
        }
        if let selected = transcript.selected {
            transcript.selected = min(selected, transcript.messages.count - 1)
            if transcript.messages.isEmpty { transcript.selected = nil }
        }
        if let message = snapshot.focusMessage,
            let index = transcript.messages.firstIndex(where: { $0.id == message })
        {
            transcript.scroll = TranscriptLayout(self).showingHit(in: index)
        }
        clampScroll()
        guard !generation.isRunning else { return [] }
        return [.measureContext(plan(.again(message: nil)))]
    }

    mutating func receive(_ templates: [Template]) -> [Effect] {
        session.templates = templates
        if session.template == nil, !templates.isEmpty {
            notify(
                .warning,
                "The template \"\(session.templateName)\" is gone; the next reply uses chat.")
            session.templateName = "chat"
        }
        session.templateTokens = [:]
        guard session.model != nil, !generation.isRunning else { return [] }
        return [.measureContext(plan(.again(message: nil)))]
    }

    mutating func receive(_ use: ContextUse) {
        context = use
    }

    mutating func paste(_ text: String) -> [Effect] {
        if overlay?.list != nil {
            return type(text.filter { !$0.isNewline })
        }
        covered = nil
        let effects = closeOverlay()
        if focus != .composer { focus = .composer }
        return effects + [.insertIntoComposer(text)]
    }
}
