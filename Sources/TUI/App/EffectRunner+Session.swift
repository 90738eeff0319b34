import Engine
import Foundation
import TerminalKit

extension EffectRunner {
    // MARK: Models

    func loadModel(_ name: String) async throws {
        let library = workspace.models
        let title = name.contains("/") ? NSString(string: name).lastPathComponent : name
        let isMissing =
            library.catalogue.contains { $0.name == name }
            && !library.installed().contains { $0.name == name }
        if isMissing {
            post(.modelLoadProgressed(name: "\(name) (download)", share: 0))
            _ = try await library.pull(name) { [post] progress in
                if case .downloading(let done, let total?) = progress, total > 0 {
                    post(
                        .modelLoadProgressed(
                            name: "\(name) (download)", share: Double(done) / Double(total)))
                }
            }
        }
        post(.modelLoadProgressed(name: title, share: 0))
        let loaded = try await workspace.loadModel(name, options: modelOptions) { [post] share in
            post(.modelLoadProgressed(name: title, share: share))
        }
        session.withLock { $0.cached = [] }
        post(
            .modelLoaded(
                ModelStatus(
                    name: Self.shortName(loaded.info), detail: Self.detail(loaded.info),
                    contextLength: loaded.contextLength, path: loaded.info.path)))
        post(.rewardModelChanged(workspace.activeRewardName))
        listModels()
        try showConversation()
    }

    /// A model as people call it: its file's name, or for a folder the folder's, without the
    /// ending and the quantisation. What a file calls itself inside is often the name of a
    /// training run.
    static func shortName(_ info: ModelInfo) -> String {
        var name = NSString(string: info.path).lastPathComponent
        if name.lowercased().hasSuffix(".gguf") { name.removeLast(5) }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count > 1, let last = parts.last?.uppercased(),
            ["Q", "IQ", "F16", "F32", "BF16"].contains(where: last.hasPrefix)
        {
            name = parts.dropLast().joined(separator: ".")
        }
        return name.isEmpty ? info.name : name
    }

    private static func detail(_ info: ModelInfo) -> String {
        let millions = Double(info.parameterCount) / 1e6
        let size =
            millions < 1000
            ? "\(Format.fixed(millions, 0))M" : "\(Format.fixed(millions / 1000, 1))B"
        return "\(size) · \(info.quantization)"
    }

    func listModels() {
        let installed = workspace.models.installed()
        let here = installed.map { model in
            ModelChoice(
                name: model.name, path: model.path,
                detail: Self.size(model.bytes), isInstalled: true)
        }
        let known = Set(installed.map(\.name))
        let there = workspace.models.catalogue.filter { !known.contains($0.name) }.map { entry in
            ModelChoice(
                name: entry.name, path: entry.name,
                detail: "fetches \(Self.size(entry.bytes))", isInstalled: false)
        }
        post(.modelsListed(here + there))
    }

    private static func size(_ bytes: Int) -> String {
        bytes < 1_000_000_000
            ? "\(Format.fixed(Double(bytes) / 1e6, 0)) MB"
            : "\(Format.fixed(Double(bytes) / 1e9, 1)) GB"
    }

    // MARK: Templates and prompts

    /// Tokens of a template's own text: system and examples.
    func measure(template name: String) throws {
        guard let model = workspace.loadedModel else { return }
        let template = try workspace.templates.template(name)
        // Required variables stand empty; the count is of what is fixed.
        let variables = template.variables.mapValues { $0 ?? "" }
        let prompt = try PromptComposer(model: model).compose(
            path: [Self.draft("")], template: template, variables: variables, maxTokens: 16)
        post(
            .templateMeasured(name: name, tokens: prompt.parts.system + prompt.parts.examples))
    }

    func save(template name: String, _ settings: ChatSettings) throws {
        var template = try workspace.templates.template(session.withLock { $0.templateName })
        template.name = name
        let overrides = settings.overrides
        if let value = overrides.temperature { template.sampling.temperature = value }
        if let value = overrides.topK { template.sampling.topK = value }
        if let value = overrides.topP { template.sampling.topP = value }
        if let value = overrides.minP { template.sampling.minP = value }
        if let value = overrides.repetitionPenalty { template.sampling.repetitionPenalty = value }
        if let value = overrides.maxTokens { template.sampling.maxTokens = value }
        if let system = session.withLock({ $0.systemText }) { template.system = system }
        let path = try workspace.templates.save(template)
        post(.templatesChanged(workspace.templates.all()))
        post(.noticed(.success, "Saved as \(path)."))
    }

    func renderPrompt(_ plan: GenerationPlan) throws {
        guard workspace.loadedModel != nil else { throw EngineError.noModel }
        let prompt = try compose(plan)
        let cached = session.withLock { $0.cached }
        var common = 0
        while common < min(cached.count, prompt.ids.count), cached[common] == prompt.ids[common] {
            common += 1
        }
        let tokens = try workspace.pieces(of: prompt.ids).map {
            PromptToken(id: $0.id, text: $0.text, isControl: $0.isControl)
        }
        post(
            .promptRendered(
                PromptSnapshot(tokens: tokens, cached: common, use: ContextUse(prompt))))
    }

    /// The prompt that would be sent: of the text being written, else of the last turn.
    private func compose(_ plan: GenerationPlan) throws -> ComposedPrompt {
        guard let variant = try variants(of: plan).first else { throw EngineError.nothingToAnswer }
        var draft: String?
        if case .message(let text) = plan.subject { draft = text }
        if let conversation {
            do {
                return try workspace.exactPrompt(
                    conversation: conversation, variant: variant, draft: draft)
            } catch EngineError.nothingToAnswer where draft == nil {
                return try workspace.exactPrompt(
                    conversation: conversation, variant: variant, draft: "")
            }
        }
        guard let model = workspace.loadedModel else { throw EngineError.noModel }
        return try PromptComposer(model: model).compose(
            path: [Self.draft(draft ?? "")], template: variant.template,
            systemText: session.withLock { $0.systemText }, variables: variant.variables,
            maxTokens: variant.settings.maxTokens)
    }

    /// What the next message finds used of the context. A prompt that cannot be made is said
    /// when it is asked for, not here.
    func measureContext(_ plan: GenerationPlan) {
        guard workspace.loadedModel != nil else { return }
        var next = plan
        next.subject = .message("")
        if let prompt = try? compose(next) { post(.contextMeasured(ContextUse(prompt))) }
    }

    private static func draft(_ text: String) -> Message {
        Message(
            id: 0, conversation: 0, parent: nil, role: .user, text: text, createdAt: Date())
    }

    // MARK: Conversations

    /// Reports the selected path of the conversation in use.
    func showConversation(focus message: Int64? = nil) throws {
        guard let id = conversation else { return }
        let store = workspace.store
        let owner = try store.conversation(id)
        let path = try store.path(of: id)
        let branches = try store.branches(of: id)
        let notes = try store.replyNotes(of: id)
        let model = workspace.loadedModel?.info
        let messages = path.map { message in
            let siblings = branches[message.id] ?? [message.id]
            let note = message.candidate.flatMap { notes[$0] }
            return TranscriptMessage(
                id: message.id, role: message.role, text: message.text,
                version: (siblings.firstIndex(of: message.id) ?? 0) + 1,
                versions: siblings.count, siblings: siblings, candidate: message.candidate,
                finishReason: note?.finishReason, reward: note?.reward,
                templateName: note?.templateName,
                modelName: note.map {
                    model?.name == $0.modelName ? model.map(Self.shortName) ?? "" : $0.modelName
                }, isEdited: note?.isEdited ?? false)
        }
        post(
            .conversationShown(
                ConversationSnapshot(
                    conversation: owner, messages: messages, focusMessage: message)))
    }

    func open(_ id: Int64, message: Int64?) throws {
        let owner = try workspace.store.conversation(id)
        if let message, try !workspace.store.path(of: id).contains(where: { $0.id == message }) {
            try workspace.store.select(message)
        }
        session.withLock { session in
            session.conversation = id
            session.templateName = owner.templateName
            session.systemText = owner.systemText
        }
        try showConversation(focus: message)
    }

    func edit(_ id: Int64, _ text: String, _ plan: GenerationPlan?) throws {
        let edited = try workspace.store.edit(message: id, text: text)
        try showConversation()
        guard var plan else {
            post(.noticed(.success, "The edited reply is kept as a new version."))
            return
        }
        plan.subject = .again(message: edited.id)
        post(.generationRequested)
        try generate(plan)
    }

    func listConversations(_ query: String) throws {
        let store = workspace.store
        let words = query.trimmingWhitespace
        var entries: [ConversationEntry] = []
        let today = Date()
        func entry(_ conversation: Conversation) -> ConversationEntry {
            ConversationEntry(
                conversation: conversation, day: Self.day(conversation.updatedAt, seen: today))
        }
        if words.hasPrefix("#"), words.count > 1 {
            entries = try store.conversations(tag: String(words.dropFirst())).map(entry)
        } else if words.isEmpty {
            entries = try store.conversations().map(entry)
        } else {
            entries = try store.conversations(title: words, limit: 50).map(entry)
            var known = Set(entries.map(\.conversation.id))
            for hit in try store.search(words, limit: 200) {
                guard known.insert(hit.conversation).inserted else { continue }
                var found = entry(try store.conversation(hit.conversation))
                found.snippet = hit.snippet
                found.highlights = hit.highlights
                found.message = hit.message
                entries.append(found)
            }
        }
        post(.conversationsListed(query: words, entries))
    }

    private static func day(_ date: Date, seen now: Date) -> String {
        let calendar = Calendar.current
        if calendar.isDate(date, inSameDayAs: now) { return "today" }
        let before = calendar.date(byAdding: .day, value: -1, to: now)
        if let before, calendar.isDate(date, inSameDayAs: before) { return "yesterday" }
        return date.formatted(
            Date.ISO8601FormatStyle(timeZone: calendar.timeZone).year().month().day())
    }

    func export(_ id: Int64, to path: String?) throws {
        let owner = try workspace.store.conversation(id)
        let name = owner.title.isEmpty ? "conversation-\(id)" : owner.title
        let file = name.map { $0.isLetter || $0.isNumber ? $0 : "-" }
        let target = Paths.expand(path ?? "\(String(file.prefix(60))).md")
        let format: ConversationFormat =
            target.hasSuffix(".messages.jsonl")
            ? .messages : (target.hasSuffix(".jsonl") ? .jsonl : .markdown)
        guard !FileManager.default.fileExists(atPath: target) else {
            throw EngineError.file(
                path: target, reason: "it exists already; give another name with /export PATH")
        }
        var text = try workspace.store.export(id, as: format)
        if !text.hasSuffix("\n") { text += "\n" }
        try AtomicFile.write(text, to: target)
        post(.noticed(.success, "Written to \(target)."))
    }

    func importConversations(_ path: String) throws {
        let report = try workspace.store.importConversations(ConversationFile(contentsOf: path))
        var text =
            report.added.count == 1
            ? "Imported 1 conversation" : "Imported \(report.added.count) conversations"
        text += ", \(report.messages) messages"
        if report.known > 0 { text += "; \(report.known) were here already" }
        post(.noticed(.success, text + "."))
        if report.added.count == 1, let id = report.added.first { try open(id, message: nil) }
    }

    // MARK: Surroundings

    func loadTheme(_ name: String) throws {
        let folder = workspace.paths.config + "/themes"
        if let theme = try ThemeFile.named(name, folder: folder) {
            post(.themeChanged(theme))
        } else {
            let known = Theme.builtIn.map(\.name).joined(separator: ", ")
            post(
                .noticed(.failure, "There is no theme \"\(name)\"; known are \(known), or a file."))
        }
    }

    /// Hands an address to the person's browser, and does not wait for it.
    func openLink(_ address: String) throws {
        #if os(macOS)
            let opener = "open"
        #else
            let opener = "xdg-open"
        #endif
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [opener, address]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.terminationHandler = { [post] ended in
            guard ended.terminationStatus != 0 else { return }
            post(.noticed(.failure, "\(opener) could not open \(address)."))
        }
        try process.run()
    }

    /// There once the first-run page has been seen.
    static func tourMark(_ paths: Paths) -> String { paths.state + "/tour-seen" }
}
