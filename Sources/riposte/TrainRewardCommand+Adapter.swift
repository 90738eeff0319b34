import ArgumentParser
import Engine
import Foundation
import LanguageModel
import Training

/// Options of `train reward --method lora`.
struct AdapterArguments: ParsableArguments {
    @Option(help: "Rank of the adapters.") var rank = 8
    @Option(help: "Adapters are scaled by alpha/rank.") var alpha: Float = 16
    @Option(
        help: ArgumentHelp(
            "Go on from this PEFT adapter and its head, with its rank and alpha.",
            valueName: "folder"))
    var from: String?
    @Option(
        help: "What the head begins as: fitted to the model as it is, or random.")
    var headStart = HeadStart.fitted
    @Option(help: "Learning rate of the adapters.") var learningRate = 3e-4
    @Option(help: "Learning rate of the head; 1e-4 by default where it is fitted, else 1e-3.")
    var headLearningRate: Double?
    @Option(help: "Times through the data at most.") var epochs = 1
    @Option(name: .customLong("batch"), help: "Prompts a step.") var promptsPerStep = 8
    @Option(help: "Share of prompts that only judge the result.") var testShare = 0.1
    @Option(help: "Evaluations without progress before it stops.") var patience = 4
    @Option(help: "Steps between saved states; a run that was stopped goes on from the last.")
    var checkpointEvery = 20

    /// Adam's steps are of the rate's size whatever the gradient: at that of a random head, a
    /// hundred of them would leave little of a fit whose weights are hundredths.
    var headRate: Double {
        headLearningRate ?? (headStart == .fitted && from == nil ? 1e-4 : 1e-3)
    }

    func validate() throws {
        func check(_ name: String, _ isGood: Bool, _ range: String) throws {
            if !isGood { throw ValidationError("--\(name) takes \(range)") }
        }
        try check("rank", (1...256).contains(rank), "1 to 256")
        try check("alpha", alpha > 0, "a positive number")
        try check("learning-rate", learningRate > 0 && learningRate < 1, "a number below 1")
        try check("head-learning-rate", headLearningRate ?? 1 > 0, "a positive number")
        try check("epochs", (1...1000).contains(epochs), "1 to 1000")
        try check("batch", (1...4096).contains(promptsPerStep), "1 to 4096")
        try check("test-share", (0...0.9).contains(testShare), "0 to 0.9")
        try check("patience", patience >= 1, "1 or more")
        try check("checkpoint-every", checkpointEvery >= 1, "1 or more")
    }
}

extension HeadStart: ExpressibleByArgument {}

extension TrainRewardCommand {
    func trainAdapter(
        _ examples: [RewardExample], _ session: ModelSession, _ dataset: PreferenceDataset
    ) throws {
        let files = try ModelFiles.open(path: session.loaded.info.path)
        let body = try FrozenBody(architecture: files.architecture, weights: files.weights)
        files.releasePages()
        let library = RewardLibrary(paths: Paths())
        let name = modelName(in: library)
        let folder = output.map(Paths.expand) ?? library.adapterPath(of: name)
        let checkpoint = folder + ".checkpoint.safetensors"
        var trainer = LoRARewardTrainer()
        trainer.threads = model.threads
        trainer.padding = try files.paddingToken()
        trainer.checkpointPath = checkpoint
        trainer.options.name = name
        trainer.options.adapters.rank = lora.rank
        trainer.options.adapters.alpha = lora.alpha
        trainer.options.headStart = lora.headStart
        trainer.options.adapters.adapterRate = lora.learningRate
        trainer.options.adapters.headRate = lora.headRate
        trainer.options.adapters.epochs = lora.epochs
        trainer.options.adapters.itemsPerStep = lora.promptsPerStep
        trainer.options.adapters.testShare = lora.testShare
        trainer.options.adapters.patience = lora.patience
        trainer.options.adapters.checkpointEvery = lora.checkpointEvery
        trainer.options.ties = ties
        trainer.options.adapters.seed = seed
        trainer.options.latestRanking = dataset.latestRanking
        var initial: [Float]?
        if let from = lora.from {
            let adapter = try PEFTAdapter(folder: Paths.expand(from))
            let opened = try adapter.opened(over: body, headRows: 1, path: from)
            trainer.options.adapters.rank = opened.layout.rank
            trainer.options.adapters.alpha = opened.layout.alpha
            initial = opened.parameters
        }
        let line = StatusLine(isQuiet: json)
        let display = TrainingDisplay(json: json)
        var steps = 0
        let outcome = try trainer.train(
            examples, body: body, model: session.loaded, initial: initial
        ) { event in
            if case .started(_, let count, _, _) = event { steps = count }
            show(event, steps: steps, line, display)
        }
        line.clear()
        try outcome.model.write(folder: folder)
        try? FileManager.default.removeItem(atPath: checkpoint)
        let activates = output == nil && !noActivate
        if activates { try library.activate(name) }
        guard json else {
            if let heldOut = outcome.heldOut {
                StandardOutput.write(heldOut.text + outcome.bySource.text)
            }
            StandardOutput.line(
                "written to \(folder)"
                    + (activates
                        ? "; it scores replies from now on" : "; score with --reward \(folder)"))
            return
        }
        var figures: [(String, JSON)] = []
        if case .object(let members)? = outcome.heldOut?.json { figures = members }
        StandardOutput.json(
            .object(
                [
                    ("done", .bool(true)), ("output", .string(folder)),
                    ("active", .bool(activates)), ("chosen_step", .int(outcome.chosenStep)),
                    ("data", dataset.report.json), ("sources", outcome.bySource.json),
                ] + figures))
    }

    private func show(
        _ event: LoRARewardTrainer.Event, steps: Int, _ line: StatusLine,
        _ display: TrainingDisplay
    ) {
        switch event {
        case .reading(let done, let total):
            display.show(.reading(done: done, total: total))
        case .started(let step, let count, let training, let heldOut):
            display.clear()
            line.note(
                "\(training) prompts train, \(heldOut) are held out; step \(step) of \(count)")
        case .step(let step):
            line.show(
                "step \(step.step) of \(steps): loss \(decimals(step.loss, 3)), "
                    + "\(decimals(step.tokensPerSecond, 0)) tokens/s")
            guard json else { return }
            StandardOutput.json(
                .object([
                    ("step", .int(step.step)), ("steps", .int(steps)),
                    ("loss", .double(step.loss)), ("tokens", .int(step.tokens)),
                    ("tokens_per_s", .double(step.tokensPerSecond)),
                    ("gradient_norm", .double(step.gradientNorm)),
                    ("learning_rate", .double(step.learningRate)),
                ]))
        case .evaluated(let step, let found):
            line.note(
                "after step \(step): held-out accuracy \(decimals(found.accuracy, 3)), "
                    + "loss \(decimals(found.logLoss, 3))")
            guard json else { return }
            StandardOutput.json(
                .object([
                    ("step", .int(step)), ("held_out_accuracy", .double(found.accuracy)),
                    ("held_out_loss", .double(found.logLoss)),
                ]))
        }
    }
}
