import ArgumentParser
import Engine
import Foundation

struct RankingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rankings",
        abstract: "List, export, import and count your rankings of replies.",
        subcommands: [List.self, Export.self, Import.self, Stats.self], defaultSubcommand: List.self
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the rankings, oldest first.")

        @Option(help: "Only so many, the newest.") var limit: Int?
        @Flag(help: "Print JSON, with everything that is recorded.") var json = false

        func run() throws {
            var records = try openStore().rankingRecords()
            if let limit { records = records.suffix(max(0, limit)) }
            if json {
                return StandardOutput.json(.array(try records.map { .encoded(try $0.jsonLine()) }))
            }
            var table = TextTable(["id", "when", "replies", "ranks", "answering"], right: [0, 2])
            for record in records {
                let ranks =
                    record.isAllBad
                    ? "all bad"
                    : record.replies.map { $0.rank.map(String.init) ?? "-" }.joined(separator: " ")
                let question = record.prompt.last { $0.role == "user" }?.content ?? ""
                table.add([
                    "\(record.id)", minuteText(record.createdAt), "\(record.replies.count)", ranks,
                    String(lineText(question).prefix(60)),
                ])
            }
            if !table.isEmpty { StandardOutput.write(table.text) }
        }
    }

    enum Format: String, CaseIterable, ExpressibleByArgument {
        /// Everything that is recorded, a ranking a line.
        case riposte
        /// Preference pairs as TRL reads them.
        case trl
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the rankings as JSONL.",
            discussion: """
                'riposte' is a line a ranking with all that is recorded; 'trl' a line for each \
                pair of replies of which one is better: {"prompt", "chosen", "rejected"}.
                """)

        @Option(help: "Format of the lines.") var format = Format.riposte
        @Option(
            name: .shortAndLong,
            help: ArgumentHelp("Write to this file instead.", valueName: "path"))
        var output: String?

        func run() throws {
            var lines: [String] = []
            for record in try openStore().rankingRecords() {
                switch format {
                case .riposte: lines.append(try record.jsonLine())
                case .trl: lines += record.preferencePairs()
                }
            }
            let text = lines.map { $0 + "\n" }.joined()
            if let output {
                try AtomicFile.write(text, to: Paths.expand(output))
            } else {
                StandardOutput.write(text)
            }
        }
    }

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take rankings over from a JSONL file: all of it, or nothing.",
            discussion: """
                Reads what 'export' wrote, and preference pairs of TRL, HH, Argilla and k-way \
                form. Each prompt becomes a conversation with the tag 'imported'.
                """)

        @Argument(help: "A JSONL file.") var file: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            // Read whole first: a broken file leaves no empty store behind.
            let rankings = try RankingFile(contentsOf: file)
            let report = try openStore().importRankings(rankings)
            if json {
                return StandardOutput.json(
                    .object([
                        ("rankings", .int(report.rankings)), ("known", .int(report.known)),
                        ("dropped", .array(report.dropped.map(JSON.string))),
                    ]))
            }
            StandardOutput.line(
                "\(report.rankings) rankings added, \(report.known) known already")
            for line in report.dropped { StandardError.note(line) }
        }
    }

    struct Stats: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Count the rankings.")

        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let counts = try openStore().rankingStatistics()
            if json { return StandardOutput.json(try JSON(encoding: counts)) }
            func share(_ value: Double?) -> String {
                value.map { "\(decimals($0 * 100, 1)) %" } ?? "-"
            }
            var table = TextTable([], right: [1])
            table.add(["rankings", "\(counts.rankings)"])
            table.add(["all bad", "\(counts.allBad)"])
            table.add(["blind", "\(counts.blind)"])
            table.add(["replies", "\(counts.candidates)"])
            table.add(["ordered pairs", "\(counts.orderedPairs)"])
            table.add(["tied pairs", "\(counts.tiedPairs)"])
            table.add(["median time", counts.medianSeconds.map { "\(decimals($0, 1)) s" } ?? "-"])
            table.add(["longer reply preferred", share(counts.longerWins)])
            table.add(["reward model agreed", share(counts.rewardAgreement)])
            StandardOutput.write(table.text)
            for record in counts.comparisons {
                StandardOutput.line(
                    "\(record.kind.rawValue) \(record.name): won \(share(record.winRate)) of "
                        + "\(record.comparisons) comparisons")
            }
        }
    }
}
