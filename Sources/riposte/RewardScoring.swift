import ArgumentParser
import Engine
import Foundation
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
        @Argument(help: "A JSONL file.") var file: String

        func run() throws {
            let items = try ScoringItem.read(contentsOf: file)
            let scorer = try arguments.load()
            scorer.noteScale()
            let names = scorer.reward.outputNames
            for item in items {
                let outputs = try scorer.outputs(of: item)
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

    struct Eval: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Judge a reward model on preferences it has not seen.",
            discussion: """
                The interval of the accuracy is bootstrapped by prompt. 'longer wins' is how often \
                the longer reply was preferred: a reward model should do better than that.
                """)

        @OptionGroup var arguments: RewardArguments
        @Argument(help: "A JSONL file of preferences; your own rankings where absent.")
        var file: String?
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let dataset =
                try file.map { try PreferenceReader.read(contentsOf: $0) }
                ?? PreferenceReader.read(openStore().rankingRecords())
            let scorer = try arguments.load()
            let examples = try scorer.examples(dataset, source: file ?? "rankings")
            let progress = StepProgress(title: "scoring")
            let evaluation = try RewardEvaluation.scoring(
                examples, with: scorer.reward, source: scorer.session.generator
            ) { progress.show($0, of: $1) }
            progress.clear()
            if json {
                StandardOutput.json(evaluation.json)
            } else {
                for line in dataset.report.lines { StandardError.note(line) }
                StandardOutput.write(evaluation.text)
            }
        }
    }
}

extension RewardEvaluation {
    var json: JSON {
        .object([
            ("pairs", .int(pairs)), ("ties", .int(ties)), ("prompts", .int(prompts)),
            ("accuracy", .double(accuracy)),
            (
                "ci95",
                interval.map { .array([.double($0.lowerBound), .double($0.upperBound)]) } ?? .null
            ),
            ("longer_wins", .double(longerWins)), ("ece", .double(calibrationError)),
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

    var text: String {
        var table = TextTable([])
        let range = interval.map {
            " (95 %: \(decimals($0.lowerBound, 3))–\(decimals($0.upperBound, 3)))"
        }
        table.add(["pairs", "\(pairs) of \(prompts) prompts, \(ties) ties apart"])
        table.add(["accuracy", decimals(accuracy, 3) + (range ?? "")])
        table.add(["longer wins", decimals(longerWins, 3)])
        table.add(["mean margin", decimals(meanMargin, 3)])
        table.add(["calibration error", decimals(calibrationError, 3)])
        table.add(["Brier score", "\(decimals(brier, 3)), a coin has 0.250"])
        table.add(["length correlation", lengthCorrelation.map { decimals($0, 3) } ?? "-"])
        var result = table.text
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
