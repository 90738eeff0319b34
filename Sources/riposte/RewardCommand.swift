import ArgumentParser
import Engine
import Foundation
import LanguageModel
import Training

struct RewardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reward", abstract: "Score replies, judge and show reward models.",
        subcommands: [Show.self, Score.self, Eval.self, Use.self], defaultSubcommand: Show.self)

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the reward models, or the card of one.")

        @Argument(help: "A reward model's name or file.") var name: String?
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let library = RewardLibrary(paths: Paths())
            if let name {
                let specification = try library.specification(name)
                if json { return StandardOutput.json(try JSON(encoding: specification)) }
                StandardOutput.write(specification.card)
                if let card = library.builtInCard(name) { StandardOutput.write("\n\(card)") }
                return
            }
            let entries = library.list()
            if json {
                return StandardOutput.json(
                    .array(
                        try entries.map {
                            .object([
                                ("name", .string($0.name)), ("path", JSON($0.path)),
                                ("active", .bool($0.isActive)), ("problem", JSON($0.problem)),
                                (
                                    "specification",
                                    try $0.specification.map { try JSON(encoding: $0) } ?? .null
                                ),
                            ])
                        }))
            }
            var table = TextTable(["", "name", "base model", "pairs", "accuracy"], right: [3])
            for entry in entries {
                guard let specification = entry.specification else {
                    table.add(["", entry.name, entry.problem ?? "", "", ""])
                    continue
                }
                let training = specification.training
                table.add([
                    entry.isActive ? "*" : "", entry.name, specification.baseModel,
                    "\(training.pairs)", training.accuracyText,
                ])
            }
            if table.isEmpty {
                StandardError.note(
                    "There is no reward model yet; train one with 'riposte train reward'.")
            } else {
                StandardOutput.write(table.text)
            }
        }
    }

    struct Use: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Choose the reward model that scores replies.")

        @Argument(help: "A name of 'riposte reward show', or 'none'.") var name: String?
        @Flag(help: "Go back to the one before.") var back = false

        func validate() throws {
            guard (name != nil) != back else {
                throw ValidationError("Give a reward model's name, or --back")
            }
        }

        func run() throws {
            let library = RewardLibrary(paths: Paths())
            if back {
                let name = try library.revert()
                StandardError.note("Active is now \(name ?? "no reward model").")
            } else {
                try library.activate(name == "none" ? nil : name)
            }
        }
    }
}

extension RewardTraining {
    /// .694 (.66–.73)
    var accuracyText: String {
        guard let heldOutAccuracy else { return "not measured" }
        let interval = (heldOutInterval?.count == 2 ? heldOutInterval : nil)
            .map { " (\(decimals($0[0], 3))–\(decimals($0[1], 3)))" }
        return decimals(heldOutAccuracy, 3) + (interval ?? "")
    }
}

extension RewardSpecification {
    /// What a person should know before trusting its scores.
    var card: String {
        var table = TextTable([])
        table.add(["name", name])
        if let createdAt { table.add(["made", minuteText(createdAt)]) }
        table.add([
            "base model",
            "\(baseModel) (\(baseFingerprint.prefix(12)))",
        ])
        table.add(["method", method])
        table.add([
            "data",
            training.sources.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
                .joined(separator: ", "),
        ])
        table.add(["trained on", "\(training.prompts) prompts, \(training.pairs) pairs"])
        table.add(["held-out accuracy", training.accuracyText])
        table.add([
            "longer reply wins", training.longerWins.map { decimals($0, 3) } ?? "not measured",
        ])
        table.add([
            "scores", "mean \(decimals(scale.mean, 2)), spread \(decimals(scale.spread, 2))",
        ])
        for note in training.notes { table.add(["note", note]) }
        return table.text
    }
}
