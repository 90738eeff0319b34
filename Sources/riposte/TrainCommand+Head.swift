import ArgumentParser
import Engine
import Foundation
import LanguageModel
import Training

extension TrainCommand {
    struct Head: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Train a classifier from texts and labels.",
            discussion: """
                The file is TSV (text, tab, label) or JSONL of {"text", "label"}. --method \
                features fits a head to the frozen model's hidden states; --method lora adapts \
                the model too. The reported accuracy is of texts that training did not see.

                A question after a text helps much, as the last state is then about the answer. \
                Without --form, one of a few is chosen by how often the model, untrained, would \
                give 200 of the texts their labels; '{text}' alone reads texts as they are.
                """)

        @OptionGroup(title: "Model") var model: ModelArguments
        @Option(help: "How to train.") var method = TrainRewardCommand.Method.features
        @Option(
            name: [.customShort("o"), .customLong("output")],
            help: ArgumentHelp("File (features) or folder (lora) to write.", valueName: "path"))
        var output: String
        @Option(help: ArgumentHelp("Texts that only judge the result.", valueName: "file"))
        var test: String?
        @Option(
            help: ArgumentHelp(
                "Spell a label out, such as 1=positive; may be repeated.", valueName: "label=name"))
        var labels: [String] = []
        @Option(
            help: ArgumentHelp(
                "What stands around a text, such as 'Review: {text}\\nSentiment:'.",
                valueName: "form"))
        var form: String?
        @Option(help: "features: layers to choose from, such as 14,20,26.") var layers: String?
        @Option(help: "lora: times through the data at most.") var epochs = 3
        @Option(name: .customLong("batch"), help: "lora: texts a step.") var textsPerStep = 32
        @Option(help: "lora: learning rate of the adapters.") var learningRate = 5e-4
        @Option(help: "lora: rank of the adapters.") var rank = 8
        @Option(help: "Seed of splits, order and first weights.") var seed: UInt64 = 0
        @Flag(help: "Print JSON, a line a step.") var json = false
        @Argument(help: "A TSV or JSONL file of texts and labels.") var file: String

        func validate() throws {
            if epochs < 1 || textsPerStep < 1 || !(1...256).contains(rank) {
                throw ValidationError("--epochs, --batch and --rank take positive numbers")
            }
            if !(learningRate > 0 && learningRate < 1) {
                throw ValidationError("--learning-rate takes a number below 1")
            }
        }

        func run() throws {
            let names = try LabelNames(labels).names
            let texts = try LabeledText.read(contentsOf: file, names: names)
            let judges = try test.map { try LabeledText.read(contentsOf: $0, names: names) }
            let given = try self.form.map { try TextForm(option: $0) }
            let session = try ModelSession(model)
            let started = ContinuousClock.now
            let line = StatusLine(isQuiet: json)
            func form(_ training: [LabeledText]) throws -> TextForm {
                try given ?? chosenForm(training, session, line)
            }
            let found: ClassifierEvaluation
            let read: TextForm?
            let path = Paths.expand(output)
            let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            switch method {
            case .features:
                var trainer = ClassifierHeadTrainer()
                trainer.options.name = name
                trainer.options.seed = seed
                trainer.options.threads = model.threads
                trainer.options.layers = layers.map {
                    $0.split(separator: ",").compactMap { Int($0) }
                        .filter { (0...session.loaded.info.layerCount).contains($0) }
                }
                let outcome = try trainer.train(
                    texts, test: judges, model: session.loaded, source: session.generator,
                    choosingForm: form
                ) { line.show("reading and choosing: \(Int($0 * 100)) %") }
                try outcome.head.write(to: path)
                (found, read) = (outcome.heldOut, outcome.head.specification.form)
            case .lora:
                let files = try ModelFiles.open(path: session.loaded.info.path)
                var trainer = ClassifierAdapterTrainer()
                trainer.options.name = name
                trainer.options.adapters.seed = seed
                trainer.options.adapters.rank = rank
                trainer.options.adapters.alpha = Float(2 * rank)
                trainer.options.adapters.epochs = epochs
                trainer.options.adapters.itemsPerStep = textsPerStep
                trainer.options.adapters.adapterRate = learningRate
                trainer.threads = model.threads
                trainer.checkpointPath = path + ".checkpoint.safetensors"
                let result = try trainer.train(
                    texts, test: judges,
                    body: try FrozenBody(
                        architecture: files.architecture, weights: files.weights),
                    model: session.loaded, choosingForm: form,
                    onStep: { step, steps in show(step, steps, line) },
                    onEvaluation: { step, found in
                        line.note(
                            "after step \(step): held-out accuracy "
                                + "\(decimals(found.accuracy, 3)), loss \(decimals(found.logLoss, 3))"
                        )
                    })
                try result.classifier.write(folder: path)
                try? FileManager.default.removeItem(atPath: trainer.checkpointPath!)
                (found, read) = (result.heldOut, result.classifier.specification.form)
            }
            line.clear()
            let seconds = started.duration(to: .now).seconds
            if json {
                StandardOutput.json(
                    .object([
                        ("done", .bool(true)), ("output", .string(path)),
                        ("form", read.map { .string($0.string) } ?? .null),
                        ("accuracy", .double(found.accuracy)), ("ci95", JSON(found.interval)),
                        ("texts", .int(found.count)), ("seconds", .double(seconds)),
                    ]))
            } else {
                StandardOutput.line(
                    "accuracy \(decimals(found.accuracy, 3))"
                        + (found.interval.map { " (95 %: \($0.threeDecimals))" } ?? "")
                        + " on \(found.count) held-out texts")
                StandardError.note("Wrote \(path) in \(decimals(seconds, 0)) s.")
            }
        }

        private func chosenForm(
            _ training: [LabeledText], _ session: ModelSession, _ line: StatusLine
        ) throws -> TextForm {
            line.show("asking the model about some texts")
            var search = TextFormSearch()
            search.seed = seed
            let choice = try search.choose(training, tokenizer: session.tokenizer) {
                try session.generator.logProbabilities(ofContinuations: $0, after: $1)
            }
            line.note(
                choice.accuracy.map {
                    "form '\(choice.form.optionText)': untrained, the model would label "
                        + "\(decimals($0, 2)) right"
                } ?? "no question helps the untrained model; texts are read as they are")
            return choice.form
        }

        private func show(_ step: TrainingStep, _ steps: Int, _ line: StatusLine) {
            line.show(
                "step \(step.step) of \(steps): loss \(decimals(step.loss, 3)), "
                    + "\(decimals(step.tokensPerSecond, 0)) tokens/s")
            guard json else { return }
            StandardOutput.json(
                .object([
                    ("step", .int(step.step)), ("steps", .int(steps)),
                    ("loss", .double(step.loss)), ("tokens_per_s", .double(step.tokensPerSecond)),
                ]))
        }
    }
}

/// LABEL=NAME options.
struct LabelNames {
    let names: [String: String]

    init(_ options: [String]) throws {
        var names: [String: String] = [:]
        for option in options {
            let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw ValidationError("--labels takes LABEL=NAME, not '\(option)'")
            }
            names[parts[0]] = parts[1]
        }
        self.names = names
    }
}

extension TextForm {
    /// As a person writes it on a command line, with \\n for a line's end.
    init(option: String) throws { try self.init(option.replacing("\\n", with: "\n")) }

    var optionText: String { string.replacing("\n", with: "\\n") }
}

extension JSON {
    /// [low, high]
    init(_ interval: ClosedRange<Double>?) {
        self =
            interval.map { .array([.double($0.lowerBound), .double($0.upperBound)]) } ?? .null
    }
}

extension ClosedRange<Double> {
    var threeDecimals: String { "\(decimals(lowerBound, 3))–\(decimals(upperBound, 3))" }
}
