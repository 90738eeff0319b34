import ArgumentParser
import Engine
import Foundation
import LanguageModel
import Synchronization
import Training

struct AskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask", abstract: "Print the model's reply to a prompt.",
        discussion: """
            The prompt is the argument, the text on standard input, or both: the argument first, \
            then an empty line, then the text. With --best, the replies are scored by a reward \
            model and only the best one is printed.
            """)

    @Argument(help: "What to ask.") var prompt: String?
    @OptionGroup var common: CommonOptions
    @OptionGroup(title: "Constraint") var constraint: ConstraintArguments

    @Flag(help: "Print only the reply that the reward model finds best.") var best = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Score the replies with this reward model; the active one by default.",
            valueName: "path|name"))
    var reward: String?

    @Option(
        help: ArgumentHelp(
            "With --best: draw the best reward of n replies against n, with the bound of the KL "
                + "divergence that choosing costs, as SVG.", valueName: "file.svg"))
    var picture: String?

    @Flag(
        help: """
            With --best: score the replies while they are written, and stop those that are too \
            far behind the best one.
            """)
    var stopHopeless = false

    @Option(
        help: """
            How far behind a reply is hopeless, in spreads of the reward model's scores; less \
            saves more and may lose the best reply.
            """)
    var hopelessMargin = 1.5

    @Option(
        help: "Tokens after which hopeless replies are first looked for; then after twice that.")
    var hopelessAfter = 32

    @Flag(
        inversion: .prefixedNo,
        help: """
            Guess that what stood before comes again, and check it: faster where a reply quotes \
            or repeats, and always the same text.
            """)
    var speculation = true

    @Flag(help: "Print one JSON object with everything about the replies.") var json = false

    func validate() throws {
        try Chart.validate(picture)
        if picture != nil, !best { throw ValidationError("--picture goes with --best") }
        guard stopHopeless else { return }
        if !best { throw ValidationError("--stop-hopeless goes with --best") }
        if picture != nil {
            throw ValidationError("--picture needs whole replies; leave --stop-hopeless out")
        }
        if !(hopelessMargin > 0) { throw ValidationError("--hopeless-margin takes more than 0") }
        if hopelessAfter < 1 { throw ValidationError("--hopeless-after takes 1 or more") }
    }

    func run() async throws {
        let question = Message(
            id: 0, conversation: 0, parent: nil, role: .user, text: try input(),
            createdAt: Date())
        let paths = Paths()
        let template = try common.template.template(in: TemplateLibrary(paths: paths))
        let settings = common.sampling.settings(for: template)
        let given = try constraint.read()
        if given != nil, !template.labels.isEmpty {
            throw Failure(
                "The template \(template.name) has labels, which are a constraint already; leave "
                    + "--grammar and --json-schema out.", status: 2)
        }
        let rewards = RewardLibrary(paths: paths, openAdapter: LoRARewardModel.opener)
        let published = try publishedReward(paths)
        if stopHopeless, published != nil {
            throw Failure(
                "--stop-hopeless needs a reward model over the model that writes; one with a base "
                    + "of its own scores whole replies only.", status: 2)
        }

        let clock = ContinuousClock()
        let started = clock.now
        let inference = InferenceActor()
        let loaded = try await inference.load(
            path: common.model.path(in: ModelLibrary(paths: paths)), options: common.model.options)
        let loadSeconds = started.duration(to: clock.now).seconds

        // Before the replies are sampled: what does not fit is said at once.
        let scorer =
            published == nil && !isStreaming && template.labels.isEmpty
            ? try scorer(in: rewards, for: loaded) : nil
        for warning in try scorer?.check(loaded) ?? [] { StandardError.note(warning) }
        let composer = try PromptComposer(model: loaded)
        let composed = try composer.compose(
            path: [question], template: template, variables: common.template.values,
            maxTokens: settings.maxTokens)
        if template.mode == .chat, let note = loaded.chatRenderer?.note {
            StandardError.note(note)
        }
        for note in composed.notes { StandardError.note(note) }
        var report = AskReport(promptIDs: composed.ids, loadSeconds: loadSeconds)
        let interrupts: Interrupts
        if template.labels.isEmpty {
            let control = GenerationControl()
            interrupts = Interrupts { control.cancel() }
            var request = request(composed, settings)
            request.constraint = try (given ?? template.constraint)?.compiled(for: loaded)
            let rule =
                stopHopeless
                ? scorer.map {
                    EarlyStop(reward: $0, margin: hopelessMargin, firstLength: hopelessAfter)
                } : nil
            try await sample(
                request, control: control, stopping: rule, inference: inference, &report)
            if let published {
                report.score(
                    try published.scores(
                        messages: (template.system.map { [.init(role: "system", content: $0)] }
                            ?? []) + [.init(role: "user", content: question.text)],
                        replies: report.replies.map(\.text)), by: published.reward)
            } else if let scorer {
                report.score(
                    try await inference.score(
                        prompt: composed.ids, replies: report.replies.map(\.ids), by: scorer),
                    by: scorer)
            }
        } else {
            interrupts = Interrupts {}
            let result = try await LabelScorer(composer: composer, inference: inference)
                .probabilities(
                    of: template, prompt: composed, path: [],
                    variables: common.template.values)
            report.labels = result.labels
            report.timings = result.timings
            report.replies =
                result.labels.first.map { label in
                    [
                        GeneratedReply(
                            text: label.label, ids: result.ids,
                            logProbabilities: result.logProbabilities, finishReason: .stop, seed: 0)
                    ]
                } ?? []
        }
        if best { report.orderByReward() }
        if let saving = report.savingText { StandardError.note(saving) }
        if let picture { try report.bestOfNChart?.write(to: picture) }
        if json {
            StandardOutput.json(report.json)
        } else if !isStreaming || !template.labels.isEmpty {
            StandardOutput.write(best ? report.bestText : report.text)
        }
        try interrupts.check()
    }

    /// The argument, what was piped in, or both.
    private func input() throws -> String {
        var parts: [String] = []
        if let prompt { parts.append(prompt) }
        if StandardInput.carriesText {
            var piped = try StandardInput.text()
            while piped.last?.isNewline == true { piped.removeLast() }
            if !piped.isEmpty { parts.append(piped) }
        }
        let input = parts.joined(separator: "\n\n")
        guard !input.allSatisfy(\.isWhitespace) else {
            throw Failure(
                "There is no prompt: give one as an argument or on standard input.", status: 2)
        }
        return input
    }

    /// A reward model that stands on a base of its own, and so reads the replies as text.
    private func publishedReward(_ paths: Paths) throws -> RewardScorer? {
        guard let reward, SequenceClassifier.isOne(folder: Paths.expand(reward)) else {
            return nil
        }
        return try RewardScorer.load(reward, model: common.model, paths: paths)
    }

    private func scorer(in library: RewardLibrary, for loaded: LoadedModel) throws
        -> (any RewardModel)?
    {
        if let reward { return try library.load(reward, for: loaded) }
        let active = best ? try library.usable(for: loaded) : try library.active(for: loaded)
        if best, active == nil {
            throw Failure(
                "--best needs a reward model; train one with 'riposte train reward' or name one "
                    + "with --reward.")
        }
        return active
    }

    /// One reply is printed as it comes.
    private var isStreaming: Bool { (common.candidates ?? 1) == 1 && !json && !best }

    private func request(
        _ composed: ComposedPrompt, _ settings: GenerationSettings
    ) -> GenerationRequest {
        GenerationRequest(
            prompt: composed.ids,
            candidates: common.sampling.seeds(common.candidates ?? 1).map {
                .init(seed: $0, sampling: settings.sampling)
            },
            maxTokens: min(settings.maxTokens, composed.replyRoom),
            stopStrings: settings.stop + composed.stop.filter { !settings.stop.contains($0) },
            speculates: speculation)
    }

    private func sample(
        _ request: GenerationRequest, control: GenerationControl, stopping rule: EarlyStop?,
        inference: InferenceActor, _ report: inout AskReport
    ) async throws {
        let streams = isStreaming
        let timings = Mutex(GenerationTimings())
        let receive: @Sendable (GenerationEvent) -> Void = { event in
            switch event {
            case .token(_, _, let text, _) where streams, .text(_, let text) where streams:
                StandardOutput.write(text)
            case .finished(let measured): timings.withLock { $0 = measured }
            default: break
            }
        }
        if let rule {
            let result = try await inference.generate(
                request, control: control, stopping: rule, onEvent: receive)
            report.replies = result.replies
            report.stopping = result.stopping
        } else {
            report.replies = try await inference.generate(
                request, control: control, onEvent: receive)
        }
        if streams { StandardOutput.line() }
        report.timings = timings.withLock { $0 }
    }
}
