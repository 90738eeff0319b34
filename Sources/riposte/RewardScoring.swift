import ArgumentParser
import Engine
import Foundation
import JSON
import LanguageModel
import Training

extension RewardCommand {
    struct Score: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Score the replies in a JSONL file.",
            discussion: """
                A JSON line for each line: {"reward"} for {"messages"} and {"ids"}, {"chosen", \
                "rejected"} for a pair, {"rewards"} for {"prompt", "completions"}. A head with \
                several outputs gives them all under "outputs"; the first is the reward.
                """)

        @OptionGroup var arguments: RewardArguments

        @Flag(
            help: """
                Print the lines of the file with their scores added: "reward", "rewards", or \
                "score_chosen" and "score_rejected".
                """)
        var label = false

        @Argument(help: "A JSONL file.") var file: String

        func run() throws {
            let items = try ScoringItem.read(contentsOf: file)
            let lines = label ? try LabeledLines(contentsOf: file) : nil
            let scorer = try arguments.load()
            scorer.noteScale()
            let names = scorer.reward.outputNames
            for (index, item) in items.enumerated() {
                let outputs = try scorer.outputs(of: item)
                if let lines {
                    StandardOutput.line(lines.labeled(index, item.shape, outputs.map { $0[0] }))
                    continue
                }
                var members: [(String, JSON)]
                switch item.shape {
                case .single: members = [("reward", .double(outputs[0][0]))]
                case .pair:
                    members = [
                        ("chosen", .double(outputs[0][0])), ("rejected", .double(outputs[1][0])),
                    ]
                case .list: members = [("rewards", .array(outputs.map { .double($0[0]) }))]
                }
                if names.count > 1 {
                    members.append(
                        (
                            "outputs",
                            .array(
                                outputs.map { row in
                                    .object(zip(names, row).map { ($0, .double($1)) })
                                })
                        ))
                }
                StandardOutput.json(.object(members))
            }
        }
    }

    /// The lines of a JSONL file, each an object that scores are added to.
    private struct LabeledLines {
        private var lines: [String] = []

        init(contentsOf path: String) throws {
            let data = FileManager.default.contents(atPath: Paths.expand(path)) ?? Data()
            let all = String(decoding: data, as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: false)
            for (number, line) in all.enumerated() {
                let line = line.trimmingCharacters(in: .whitespaces.union(["\r"]))
                guard !line.isEmpty else { continue }
                let value = try? JSONValue(parsing: Data(line.utf8))
                for key in ["reward", "rewards", "score_chosen", "score_rejected"]
                where value?[key] != nil {
                    throw EngineError.invalidFile(
                        path: path, line: number + 1,
                        reason: "it has \"\(key)\" already, which --label would write")
                }
                lines.append(line)
            }
        }

        func labeled(_ index: Int, _ shape: ScoringItem.Shape, _ scores: [Double]) -> String {
            let members: [(String, JSON)] =
                switch shape {
                case .single: [("reward", .double(scores[0]))]
                case .pair:
                    [
                        ("score_chosen", .double(scores[0])),
                        ("score_rejected", .double(scores[1])),
                    ]
                case .list: [("rewards", .array(scores.map(JSON.double)))]
                }
            return lines[index].dropLast() + "," + JSON.object(members).text.dropFirst()
        }
    }

    struct Eval: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Judge a reward model on preferences it has not seen.",
            discussion: """
                The interval of the accuracy is bootstrapped by prompt. 'longer wins' is how often \
                the longer reply was preferred: a reward model should do better than that.
                """)

        @OptionGroup var arguments: RewardArguments
        @Option(
            help: ArgumentHelp(
                "Another reward model on the same pairs, with a paired test of the two.",
                valueName: "path|name"))
        var against: String?

        @Option(help: "Judge on this many of your newest rankings only.") var newest: Int?

        @Option(help: ArgumentHelp("Draw the calibration as SVG.", valueName: "file.svg"))
        var picture: String?

        @Argument(help: "JSONL files of preferences; your own rankings where absent.")
        var files: [String] = []
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            try Chart.validate(picture)
            if let newest, newest < 1 { throw ValidationError("--newest takes 1 or more") }
            if newest != nil, !files.isEmpty {
                throw ValidationError("--newest is for your own rankings; leave the files out")
            }
        }

        func run() throws {
            var dataset = try PreferenceSources.read(files)
            if let newest { dataset.items = dataset.items.suffix(newest) }
            let (name, examples, scores) = try scored(dataset, by: arguments)
            let evaluation = try RewardEvaluation.scoring(examples, scores: scores)
            let sources = try RewardEvaluation.bySource(examples, scores: scores)
            if let picture { try evaluation.chart(name).write(to: picture) }
            if !json { for line in dataset.report.lines { StandardError.note(line) } }
            guard let against else {
                if json { return StandardOutput.json(.object(figures(evaluation, sources))) }
                return StandardOutput.write(evaluation.text + sources.text)
            }
            var other = arguments
            other.reward = against
            let (otherName, otherExamples, otherScores) = try scored(dataset, by: other)
            let second = try RewardEvaluation.scoring(otherExamples, scores: otherScores)
            let paired = try PairedComparison(examples, first: scores, second: otherScores)
            if json {
                StandardOutput.json(
                    .object(
                        figures(evaluation, sources)
                            + [("against", second.json), ("paired", paired.json)]))
            } else {
                let others = try RewardEvaluation.bySource(otherExamples, scores: otherScores)
                StandardOutput.write("\(name)\n\(evaluation.text)\(sources.text)\n")
                StandardOutput.write("\(otherName)\n\(second.text)\(others.text)\n")
                StandardOutput.write(paired.text(name, otherName))
            }
        }

        private func figures(_ evaluation: RewardEvaluation, _ sources: [SourceEvaluation])
            -> [(String, JSON)]
        {
            guard case .object(let figures) = evaluation.json else { return [] }
            return figures + [("sources", sources.json)]
        }

        private func scored(_ dataset: PreferenceDataset, by arguments: RewardArguments) throws
            -> (name: String, [RewardExample], [Double])
        {
            let scorer = try arguments.load()
            let examples = try scorer.examples(dataset)
            let progress = StepProgress(title: "scoring")
            let scores = try RewardEvaluation.scores(
                of: examples, with: scorer.reward, source: scorer.session.generator
            ) { progress.show($0, of: $1) }
            progress.clear()
            return (scorer.reward.name, examples, scores)
        }
    }
}

extension PairedComparison {
    var json: JSON {
        .object([
            ("difference", .double(difference)), ("ci95", JSON(interval)),
            ("only_first_right", .int(onlyFirst)), ("only_second_right", .int(onlySecond)),
            ("p_value", .double(pValue)),
        ])
    }

    func text(_ first: String, _ second: String) -> String {
        var table = TextTable([])
        let range = interval.map { " (95 %: \($0.threeDecimals))" } ?? ""
        table.add(["difference in accuracy", decimals(difference, 3) + range])
        table.add(["only \(first) is right", "\(onlyFirst) pairs"])
        table.add(["only \(second) is right", "\(onlySecond) pairs"])
        table.add([
            "chance of such a split", "\(decimals(pValue, 4)) if both were equally good (McNemar)",
        ])
        return table.text
    }
}

extension RewardEvaluation {
    var json: JSON {
        .object([
            ("pairs", .int(pairs)), ("ties", .int(ties)), ("prompts", .int(prompts)),
            ("accuracy", .double(accuracy)),
            ("ci95", JSON(interval)), ("longer_wins", .double(longerWins)),
            ("ece", .double(calibrationError)),
            ("brier", .double(brier)), ("length_correlation", JSON(lengthCorrelation)),
            ("log_loss", .double(logLoss)), ("mean_margin", .double(meanMargin)),
            (
                "by_margin",
                .array(
                    byMargin.map {
                        .object([
                            ("low", .double($0.low)), ("high", .double($0.high)),
                            ("pairs", .int($0.pairs)), ("accuracy", .double($0.accuracy)),
                        ])
                    })
            ),
            (
                "calibration",
                .array(
                    calibration.map {
                        .object([
                            ("low", .double($0.low)), ("high", .double($0.high)),
                            ("pairs", .int($0.pairs)), ("accuracy", .double($0.accuracy)),
                            ("confidence", .double($0.meanConfidence)),
                        ])
                    })
            ),
        ])
    }

    /// How often it is right against how sure it is.
    func chart(_ name: String) -> Chart {
        let largest = calibration.map(\.pairs).max() ?? 1
        return Chart(
            title: "Calibration of \(name): \(pairs) pairs, ECE \(decimals(calibrationError, 3))",
            xLabel: "confidence of the model, σ(|Δ|)", yLabel: "share of pairs it has right",
            x: 0.5...1, y: 0...1,
            series: [
                Chart.Series(
                    name: "as sure as right", look: .dashes, color: "#888888",
                    points: [(0.5, 0.5), (1, 1)]),
                Chart.Series(
                    name: "bins of confidence, by their pairs", look: .points, color: "#1f77b4",
                    points: calibration.map { ($0.meanConfidence, $0.accuracy) },
                    sizes: calibration.map {
                        3 + 9 * (Double($0.pairs) / Double(largest)).squareRoot()
                    }),
            ])
    }

    var text: String {
        var table = TextTable([])
        let range = interval.map { " (95 %: \($0.threeDecimals))" }
        table.add(["pairs", "\(pairs) of \(prompts) prompts, \(ties) ties apart"])
        table.add(["accuracy", decimals(accuracy, 3) + (range ?? "")])
        table.add(["longer wins", decimals(longerWins, 3)])
        table.add(["mean margin", decimals(meanMargin, 3)])
        table.add(["calibration error", decimals(calibrationError, 3)])
        table.add(["Brier score", "\(decimals(brier, 3)), a coin has 0.250"])
        table.add(["length correlation", lengthCorrelation.map { decimals($0, 3) } ?? "-"])
        var result = table.text
        if !byMargin.isEmpty {
            result += "\nBy margin, a quarter of the pairs each:\n"
            for bin in byMargin {
                result +=
                    "  |Δ| \(decimals(bin.low, 2))–\(decimals(bin.high, 2))  "
                    + "\(decimals(bin.accuracy, 2)) of \(bin.pairs)\n"
            }
        }
        guard !calibration.isEmpty else { return result }
        result += "\nHow often it is right (#) where it is so sure (|):\n"
        for bin in calibration where bin.pairs > 0 {
            let width = 40
            let right = Int((bin.accuracy * Double(width)).rounded())
            let sure = Int((bin.meanConfidence * Double(width)).rounded())
            let bar = (0...width).map { $0 == sure ? "|" : $0 < right ? "#" : " " }.joined()
            result +=
                "  \(decimals(bin.low, 2))–\(decimals(bin.high, 2))  \(bar)  "
                + "\(decimals(bin.accuracy, 2)) of \(bin.pairs)\n"
        }
        return result
    }
}
