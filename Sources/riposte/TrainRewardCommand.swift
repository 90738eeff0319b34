import ArgumentParser
import Engine
import Foundation
import LanguageModel
import Training

struct TrainRewardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reward", abstract: "Train a reward model.",
        discussion: """
            Without a file, your own rankings are learnt from. The held-out accuracy is measured \
            on prompts that were not trained on. The new reward model scores replies from then \
            on; 'riposte reward use --back' goes back.
            """)

    enum Method: String, CaseIterable, ExpressibleByArgument {
        /// A linear head on the frozen model's hidden states.
        case features
        /// Adapters on the model's linear maps, and a head.
        case lora
    }

    @OptionGroup var model: ModelArguments

    @Argument(help: "JSONL files of preferences: TRL, HH, Argilla, k-way or exported rankings.")
    var files: [String] = []

    @Flag(help: "Learn from your own rankings too, beside the files.") var withRankings = false
    @Option(
        help: ArgumentHelp(
            "How much the prompts of a file, or of 'rankings', count; 1 by default. May be "
                + "repeated.", valueName: "source=weight"))
    var weight: [SourceWeight] = []
    @Option(help: "How to learn.") var method = Method.features
    @Option(help: "Name of the new reward model.") var name: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write it to this file and leave the active one.", valueName: "path"))
    var output: String?

    @Option(help: ArgumentHelp("Layers to choose from, as 10,20.", valueName: "n,…"))
    var layers: String?
    @Option(help: "What to do with ties.") var ties = TieTreatment.skip
    @Option(help: "Seed of the folds.") var seed: UInt64 = 0
    @Flag(help: "Leave the active reward model as it is.") var noActivate = false
    @Flag(help: "Print a JSON line a step.") var json = false
    @OptionGroup(title: "Method lora") var lora: AdapterArguments

    func validate() throws {
        if let name, name.isEmpty || name == "none" || name.contains("/") || name.hasPrefix(".") {
            throw ValidationError("--name takes a plain name, not '\(name)'")
        }
        _ = try layerList()
    }

    func run() throws {
        let dataset = try PreferenceSources.read(files, withRankings: withRankings)
        let weights = try SourceWeight.table(weight, of: dataset)
        if !json { for line in dataset.report.lines { StandardError.note(line) } }
        let session = try ModelSession(model)
        let count = session.loaded.info.layerCount
        if let wrong = try layerList()?.first(where: { !(1...count).contains($0) }) {
            throw Failure("There is no layer \(wrong); the model has layers 1 to \(count).")
        }
        let examples = try dataset.items.map { item in
            var example = try RewardExample(item, source: item.source, model: session.loaded)
            example.weight = weights[item.source] ?? 1
            return example
        }
        if method == .lora {
            return try trainAdapter(examples, session, dataset)
        }
        var options = FeatureRewardTrainer.Options()
        let library = RewardLibrary(paths: Paths())
        options.name = modelName(in: library)
        options.layers = try layerList()
        options.ties = ties
        options.latestRanking = dataset.latestRanking
        options.search.seed = seed
        options.search.threads = model.threads

        let display = TrainingDisplay(json: json)
        let outcome = try FeatureRewardTrainer(options: options).train(
            examples, model: session.loaded, source: session.generator
        ) { display.show($0) }
        display.clear()
        let path = output.map(Paths.expand) ?? library.path(of: options.name)
        var reward = outcome.model
        try reward.write(to: path)
        let activates = output == nil && !noActivate
        if activates { try library.activate(options.name) }
        report(outcome, dataset.report, path: path, isActive: activates)
    }

    private func layerList() throws -> [Int]? {
        guard let layers else { return nil }
        let numbers = layers.split(separator: ",").compactMap {
            Int($0.trimmingCharacters(in: .whitespaces))
        }
        guard !numbers.isEmpty, numbers.count == layers.split(separator: ",").count else {
            throw ValidationError("--layers takes numbers as 10,20, not '\(layers)'")
        }
        return Set(numbers).sorted()
    }

    /// The name that was given, or a free one. A file elsewhere goes by its own name, which is
    /// not written into it: equal trainings give equal files.
    func modelName(in library: RewardLibrary) -> String {
        name ?? (output == nil ? library.freeName(method.rawValue) : method.rawValue)
    }

    private func report(
        _ outcome: FeatureRewardTrainer.Outcome, _ data: PreferenceReport, path: String,
        isActive: Bool
    ) {
        let held = outcome.heldOut
        guard json else {
            StandardOutput.write(held.text + outcome.bySource.text)
            StandardOutput.line(
                "\(outcome.model.specification.method), regularization "
                    + "\(outcome.choice.regularization)")
            StandardOutput.line(
                "written to \(path)" + (isActive ? "; it scores replies from now on" : ""))
            return
        }
        guard case .object(let figures) = held.json else { return }
        StandardOutput.json(
            .object(
                [
                    ("done", .bool(true)), ("output", .string(path)), ("active", .bool(isActive)),
                    (
                        "features",
                        .array(
                            outcome.model.specification.features.map {
                                .object([
                                    ("layer", .int($0.layer)),
                                    ("pooling", .string($0.pooling.rawValue)),
                                ])
                            })
                    ),
                    ("regularization", JSON(outcome.choice.regularization)),
                    ("data", data.json), ("sources", outcome.bySource.json),
                ] + figures))
    }
}

extension TieTreatment: ExpressibleByArgument {}

/// Shows training as it goes: a bar on a terminal, or JSON lines.
struct TrainingDisplay {
    let json: Bool
    private let reading = StepProgress(title: "reading")
    private let choosing = StepProgress(title: "choosing layers")

    init(json: Bool) { self.json = json }

    func show(_ progress: FeatureRewardTrainer.Progress) {
        switch progress {
        case .reading(let done, let total):
            if json { line("reading", done, total) } else { reading.show(done, of: total) }
        case .choosing(let share):
            let done = Int(share * 100)
            if json { line("choosing", done, 100) } else { choosing.show(done, of: 100) }
        }
    }

    func clear() {
        reading.clear()
        choosing.clear()
    }

    private func line(_ phase: String, _ done: Int, _ total: Int) {
        StandardOutput.json(
            .object([
                ("step", .int(done)), ("steps", .int(total)), ("phase", .string(phase)),
                ("loss", .null),
            ]))
    }
}
