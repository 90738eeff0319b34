import ArgumentParser
import Engine
import Foundation

struct RankingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rankings", abstract: "List, export and count your rankings of replies.",
        subcommands: [List.self, Export.self, Stats.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the rankings, oldest first.")

        @Option(help: "Only so many, the newest.") var limit: Int?
        @Flag(help: "Print JSON, with everything that is recorded.") var json = false

        func run() throws {
            var records = try openStore().rankingRecords()
            if let limit { records = records.suffix(max(0, limit)) }
            if json { return StandardOutput.json(try JSON(encoding: records)) }
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
            var lines = ""
            for record in try openStore().rankingRecords() {
                switch format {
                case .riposte: lines += try JSON(encoding: record).text + "\n"
                case .trl:
                    for pair in record.orderedPairs {
                        lines += trl(record, pair.better, pair.worse).text + "\n"
                    }
                }
            }
            if let output {
                try AtomicFile.write(lines, to: Paths.expand(output))
            } else {
                StandardOutput.write(lines)
            }
        }

        private func trl(_ record: RankingRecord, _ better: Int, _ worse: Int) -> JSON {
            func messages(_ list: [(role: String, content: String)]) -> JSON {
                .array(
                    list.map {
                        .object([("role", .string($0.role)), ("content", .string($0.content))])
                    })
            }
            func reply(_ index: Int) -> JSON {
                messages([("assistant", record.replies[index].text)])
            }
            return .object([
                ("prompt", messages(record.prompt.map { ($0.role, $0.content) })),
                ("chosen", reply(better)), ("rejected", reply(worse)),
            ])
        }
    }

    struct Stats: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Count the rankings.")

        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let store = try openStore()
            let counts = try store.rankingStatistics()
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
            for record in try store.templateRecords() {
                guard let rate = record.winRate else { continue }
                StandardOutput.line(
                    "template \(record.template): won \(share(rate)) of "
                        + "\(record.wins + record.losses + record.ties) comparisons")
            }
        }
    }
}
