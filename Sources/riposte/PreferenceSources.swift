import ArgumentParser
import Engine
import Training

/// Where preferences come from: files, the person's own rankings, or both.
enum PreferenceSources {
    /// Your own rankings where no file is given.
    static func read(_ files: [String], withRankings: Bool = false) throws -> PreferenceDataset {
        var parts = try files.map { try PreferenceReader.read(contentsOf: $0) }
        if files.isEmpty || withRankings {
            parts.append(PreferenceReader.read(try openStore().rankingRecords()))
        }
        let all = parts.dropFirst().reduce(parts[0]) { $0 + $1 }
        guard !all.items.isEmpty else {
            throw TrainingError.noComparisons(dropped: Array(all.report.lines.dropFirst()))
        }
        return all
    }
}

extension PreferenceReport {
    var json: JSON {
        .object([
            ("read", .int(read)), ("pairs", .int(pairs)), ("ties", .int(ties)),
            (
                "dropped",
                .object(
                    Reason.allCases.compactMap { reason in
                        dropped[reason].map { (reason.rawValue, .int($0)) }
                    })
            ),
        ])
    }
}

/// How much a source of preferences counts: `hh.jsonl=0.5`.
struct SourceWeight: ExpressibleByArgument {
    var source: String
    var weight: Double

    init?(argument: String) {
        guard let mark = argument.lastIndex(of: "="), mark != argument.startIndex,
            let weight = Double(argument[argument.index(after: mark)...]), weight > 0,
            weight.isFinite
        else { return nil }
        // A file is named by its path or by its last part, which is how the report names it.
        source = String(argument[..<mark].split(separator: "/").last ?? "")
        self.weight = weight
    }

    /// Weights by source; those that are not named have 1.
    static func table(_ weights: [SourceWeight], of dataset: PreferenceDataset) throws
        -> [String: Double]
    {
        let known = Set(dataset.items.map(\.source))
        var table: [String: Double] = [:]
        for item in weights {
            guard known.contains(item.source) else {
                throw Failure(
                    "There is no source \(item.source) to weigh; the data has "
                        + "\(known.sorted().joined(separator: ", ")).", status: 2)
            }
            table[item.source] = item.weight
        }
        return table
    }
}

extension [SourceEvaluation] {
    /// A table of the sources; empty where there is only one.
    var text: String {
        guard count > 1 else { return "" }
        var table = TextTable(
            ["source", "pairs", "accuracy", "95 %", "longer wins"], right: [1, 2])
        for item in self {
            let found = item.evaluation
            table.add([
                item.source, "\(found.pairs)", decimals(found.accuracy, 3),
                found.interval?.threeDecimals ?? "", decimals(found.longerWins, 3),
            ])
        }
        return "\nBy source:\n" + table.text
    }

    var json: JSON {
        .array(
            map { item in
                let found = item.evaluation
                return .object([
                    ("source", .string(item.source)), ("pairs", .int(found.pairs)),
                    ("prompts", .int(found.prompts)), ("accuracy", .double(found.accuracy)),
                    ("ci95", JSON(found.interval)), ("longer_wins", .double(found.longerWins)),
                ])
            })
    }
}
