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
                "rejected"} for a pair, {"rewards"} for {"prompt", "completions"}.
                """)

        @OptionGroup var arguments: RewardArguments
        @Argument(help: "A JSONL file.") var file: String

        func run() throws {
            let items = try ScoringItem.read(contentsOf: file)
            let (reward, session) = try arguments.load()
            for item in items {
                let tokens = try item.tokens(for: session.loaded)
                try check(tokens.prompt, below: session.loaded.info.vocabularySize)
                for reply in tokens.replies {
                    try check(reply, below: session.loaded.info.vocabularySize)
                }
                let scores = try reward.score(
                    prompt: tokens.prompt,
                    replies: tokens.replies.map {
                        item.ids == nil
                            ? session.loaded.normalized(reply: $0, endsTurn: reward.addsEndOfTurn)
                            : $0
                    }, with: session.generator)
                switch item.shape {
                case .single: StandardOutput.json(.object([("reward", .double(scores[0]))]))
                case .pair:
                    StandardOutput.json(
                        .object([
                            ("chosen", .double(scores[0])), ("rejected", .double(scores[1])),
                        ]))
                case .list:
                    StandardOutput.json(.object([("rewards", .array(scores.map(JSON.double)))]))
                }
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
            let (reward, session) = try arguments.load()
            let examples = try dataset.items.map {
                try RewardExample($0, source: file ?? "rankings", model: session.loaded)
            }
            let progress = StepProgress(title: "scoring")
            let evaluation = try RewardEvaluation.scoring(
                examples, with: reward, source: session.generator
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

/// Which reward model, and the model it stands on.
struct RewardArguments: ParsableArguments {
    @OptionGroup var model: ModelArguments

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A reward model; the active one by default.", valueName: "path|name"))
    var reward: String?

    func load() throws -> (any RewardModel, ModelSession) {
        let library = RewardLibrary(paths: Paths())
        if let folder = reward.map(Paths.expand),
            FileManager.default.fileExists(atPath: folder + "/" + PEFTAdapter.configName)
        {
            let session = try ModelSession(model)
            let files = try ModelFiles.open(path: session.loaded.info.path)
            let adapter = try LoRARewardModel(
                folder: folder,
                body: try FrozenBody(architecture: files.architecture, weights: files.weights),
                base: files.info, threads: model.threads)
            for warning in try adapter.check(session.loaded) { StandardError.note(warning) }
            return (adapter, session)
        }
        guard let reward = try reward.map(library.load) ?? library.active() else {
            throw Failure(
                "There is no reward model; train one with 'riposte train reward', or name one "
                    + "with --reward.")
        }
        let session = try ModelSession(model)
        for warning in try reward.check(session.loaded) { StandardError.note(warning) }
        return (reward, session)
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
