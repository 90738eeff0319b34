import ArgumentParser
import Engine
import Foundation
import LanguageModel
import Training

/// The ways to build a function, on the same texts: what each costs and brings.
struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Compare prompts, trained heads and adapters as classifiers on the same texts.",
        discussion: """
            Always: the labels' likelihood after a text in --form without examples, as it is and \
            with contextual calibration (Zhao et al. 2021). With --template, the same as the reply to \
            a template's prompt, its examples before it; with --head and --adapter, what 'train \
            head' wrote.
            """)

    @OptionGroup(title: "Model") var model: ModelArguments
    @OptionGroup(title: "Template") var template: TemplateArguments
    @Option(
        help: ArgumentHelp(
            "Spell a label out, such as 1=positive; may be repeated.", valueName: "label=name"))
    var labels: [String] = []
    @Option(help: ArgumentHelp("A head of 'train head'.", valueName: "file")) var head: String?
    @Option(help: ArgumentHelp("An adapter of 'train head --method lora'.", valueName: "folder"))
    var adapter: String?
    @Option(
        help: ArgumentHelp(
            "What stands around a text in a prompt without examples.", valueName: "form"))
    var form = "Review: {text}\\nSentiment:"
    @Option(help: "Texts to judge on at most, from the beginning; 0 is all.") var limit = 0
    @Flag(help: "Print JSON.") var json = false
    @Argument(help: "A TSV or JSONL file of texts and labels.") var file: String

    private struct Way {
        var name: String
        var evaluation: ClassifierEvaluation
        var seconds: Double
        /// The most that was resident while it ran, the model included.
        var peakMemory: Int
    }

    func run() throws {
        let form = try TextForm(option: form)
        var texts = try LabeledText.read(
            contentsOf: file, names: try LabelNames(labels).names)
        if limit > 0 { texts = Array(texts.prefix(limit)) }
        let names = Set(texts.map(\.label)).sorted()
        guard names.count >= 2 else { throw TrainingError.tooFewLabels(found: names) }
        let truth = texts.map { names.firstIndex(of: $0.label)! }
        let session = try ModelSession(model)
        let tokenizer = try session.tokenizer
        var ways: [Way] = []
        func add(_ name: String, _ body: () throws -> [[Double]]) throws {
            PeakMemory.reset()
            let started = ContinuousClock.now
            let probabilities = try body()
            ways.append(
                Way(
                    name: name,
                    evaluation: ClassifierEvaluation(probabilities: probabilities, truth: truth),
                    seconds: started.duration(to: .now).seconds, peakMemory: PeakMemory.bytes))
        }
        func judge(
            _ name: String, _ labels: [[TokenID]], prompt: (_ text: String) throws -> [TokenID]
        ) throws {
            func score(_ labels: [[TokenID]], _ prompt: [TokenID]) throws -> [[Float]] {
                try session.generator.logProbabilities(ofContinuations: labels, after: prompt)
            }
            var likelihood = LabelLikelihood(labels: labels)
            try add(name) {
                try texts.map { try likelihood.probabilities(prompt($0.text), score: score) }
            }
            try likelihood.calibrate(LabelLikelihood.contentFree.map(prompt), score: score)
            try add(name + ", calibrated") {
                try texts.map { try likelihood.probabilities(prompt($0.text), score: score) }
            }
        }
        try judge("zero-shot prompt", names.map { tokenizer.encode(" " + $0) }) {
            form.ids($0, with: tokenizer)
        }
        if template.template != nil {
            let few = try template.template(in: TemplateLibrary(paths: Paths()))
            if !few.labels.isEmpty { try sameLabels(few.labels.sorted(), names, few.name) }
            let composer = try PromptComposer(model: session.loaded)
            func composed(_ text: String) throws -> ComposedPrompt {
                let message = Message(
                    id: 0, conversation: 0, parent: nil, role: .user, text: text,
                    createdAt: Date())
                return try composer.compose(
                    path: [message], template: few, variables: template.values,
                    maxTokens: PromptComposer.smallestReplyRoom)
            }
            let labels = composer.labelIDs(names, mode: few.mode, after: try composed("N/A"))
            let shots = few.examples.isEmpty ? "template" : "few-shot prompt"
            try judge("\(shots) (\(few.name))", labels) { try composed($0).ids }
        }
        if let head {
            let trained = try ClassifierHead(contentsOf: Paths.expand(head))
            try trained.check(session.loaded.info)
            try sameLabels(trained.labels, names, head)
            try add("frozen head") {
                let ids = texts.map { trained.ids($0.text, with: tokenizer) }
                var found: [[Double]] = []
                for start in stride(from: 0, to: ids.count, by: 64) {
                    found += try trained.probabilities(
                        Array(ids[start..<min(start + 64, ids.count)]), with: session.generator)
                }
                return found
            }
        }
        if let adapter {
            let files = try ModelFiles.open(path: session.loaded.info.path)
            let trained = try ClassifierAdapter(
                folder: Paths.expand(adapter),
                body: try FrozenBody(architecture: files.architecture, weights: files.weights),
                base: files.info, threads: model.threads)
            try sameLabels(trained.specification.labels, names, adapter)
            try add("adapted body") {
                trained.probabilities(texts.map { trained.ids($0.text, with: tokenizer) })
            }
        }
        report(ways, count: texts.count)
    }

    private func sameLabels(_ trained: [String], _ found: [String], _ path: String) throws {
        guard trained == found else {
            throw Failure(
                "\(path) knows the labels \(trained.joined(separator: ", ")), and the texts have "
                    + "\(found.joined(separator: ", ")); spell them alike with --labels.")
        }
    }

    private func report(_ ways: [Way], count: Int) {
        if json {
            return StandardOutput.json(
                .array(
                    ways.map {
                        .object([
                            ("way", .string($0.name)), ("texts", .int($0.evaluation.count)),
                            ("accuracy", .double($0.evaluation.accuracy)),
                            ("ci95", JSON($0.evaluation.interval)),
                            ("log_loss", .double($0.evaluation.logLoss)),
                            ("seconds", .double($0.seconds)),
                            ("ms_a_text", .double(1000 * $0.seconds / Double(max(1, count)))),
                            ("peak_rss_bytes", .int($0.peakMemory)),
                        ])
                    }))
        }
        var table = TextTable(
            ["way", "accuracy", "95 %", "log loss", "ms a text", "memory"], right: [1, 3, 4, 5])
        for way in ways {
            table.add([
                way.name, decimals(way.evaluation.accuracy, 3),
                way.evaluation.interval?.threeDecimals ?? "",
                decimals(way.evaluation.logLoss, 3),
                decimals(1000 * way.seconds / Double(max(1, count)), 1),
                byteText(way.peakMemory),
            ])
        }
        StandardOutput.write(table.text)
    }
}
