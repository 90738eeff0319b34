import Foundation
import JSON
import LanguageModel

/// Reads preference data in the forms people store it in, told apart line by line:
///
/// - TRL: `prompt`, `chosen`, `rejected` as messages or strings; without `prompt`, what both
///   begin with is the prompt; `margin` where there is one.
/// - TRL unpaired: `prompt`, `completion`, `label`; joined by prompt.
/// - HH: `chosen` and `rejected` strings of `\n\nHuman: … \n\nAssistant: …`.
/// - Argilla: replies and a `ranking` of `{"rank", "value": "reply_1"}`.
/// - K-way: `prompt`, `replies` or `completions`, and `pairs` of `[i, j, w]` (w: 0 tie, 1 the
///   first, 2 the second is better) or `ranks`.
/// - Ours: ``RankingRecord``.
public enum PreferenceReader {
    /// Reads a JSONL file.
    ///
    /// - Throws: ``EngineError/invalidFile(path:line:reason:)`` for the first line that is
    ///   none of these.
    public static func read(contentsOf path: String, keepsTies: Bool = true) throws
        -> PreferenceDataset
    {
        guard let data = FileManager.default.contents(atPath: Paths.expand(path)) else {
            throw EngineError.file(path: path, reason: "the file cannot be read")
        }
        return try read(data, path: path, keepsTies: keepsTies)
    }

    /// `path` names the data in errors and origins.
    public static func read(_ data: Data, path: String, keepsTies: Bool = true) throws
        -> PreferenceDataset
    {
        var items: [PreferenceItem] = []
        var report = PreferenceReport()
        var unpaired = UnpairedReplies()
        let file = NSString(string: path).lastPathComponent
        for (number, line) in try JSONLines(data, path: path) {
            report.read += 1
            let context = LineContext(path: path, line: number, origin: "\(file):\(number)")
            if unpaired.add(line, context) { continue }
            let item = try item(line, context)
            if item.preferences.isEmpty, line["all_bad"]?.bool == true {
                report.drop(.allBad, context.origin)
            } else {
                items.append(item)
            }
        }
        items += unpaired.items(&report)
        if report.read == 0 {
            throw EngineError.invalidFile(path: path, line: nil, reason: "it has no preferences")
        }
        return PreferenceDataset(items, report: report, keepsTies: keepsTies)
    }

    /// The store's rankings.
    public static func read(_ records: [RankingRecord], keepsTies: Bool = true)
        -> PreferenceDataset
    {
        var report = PreferenceReport()
        report.read = records.count
        var items: [PreferenceItem] = []
        for record in records {
            if record.isAllBad {
                report.drop(.allBad, "ranking \(record.id)")
            } else {
                var item = item(record, origin: "ranking \(record.id)")
                item.ranking = record.id
                items.append(item)
            }
        }
        return PreferenceDataset(items, report: report, keepsTies: keepsTies)
    }

    struct LineContext {
        var path: String
        var line: Int
        var origin: String

        func error(_ reason: String) -> EngineError {
            .invalidFile(path: path, line: line, reason: reason)
        }
    }

    static func item(_ line: JSONValue, _ context: LineContext) throws -> PreferenceItem {
        guard line.object != nil else { throw context.error("a JSON object is expected") }
        if line["variants"] != nil, line["replies"] != nil { return try ours(line, context) }
        if line["chosen"] != nil || line["rejected"] != nil { return try pair(line, context) }
        if ranking(in: line) != nil { return try argilla(line, context) }
        if line["replies"] != nil || line["completions"] != nil { return try kWay(line, context) }
        throw context.error(
            "no preference data: chosen and rejected, replies with pairs, or a ranking is expected")
    }

    private static func ours(_ line: JSONValue, _ context: LineContext) throws -> PreferenceItem {
        do {
            return item(try RankingRecord(line), origin: context.origin)
        } catch {
            throw context.error("not a ranking record: \(error.sentence.asClause)")
        }
    }

    private static func item(_ record: RankingRecord, origin: String) -> PreferenceItem {
        var preferences: [PreferenceItem.Preference] = []
        for i in record.replies.indices {
            for j in record.replies.indices where i < j {
                guard let a = record.replies[i].rank, let b = record.replies[j].rank else {
                    continue
                }
                preferences.append(
                    .init(better: b < a ? j : i, worse: b < a ? i : j, isTie: a == b))
            }
        }
        // The ids are those of one prompt only where all replies answer the same one.
        let used = Set(record.replies.map(\.variant))
        let variant = used.count == 1 ? used.first : nil
        let only = variant.flatMap {
            record.variants.indices.contains($0) ? record.variants[$0] : nil
        }
        return PreferenceItem(
            prompt: record.prompt,
            replies: record.replies.map { reply in
                let prefix =
                    record.variants.indices.contains(reply.variant)
                    ? record.variants[reply.variant].prefix : nil
                return .init(text: (prefix ?? "") + reply.text, ids: only == nil ? nil : reply.ids)
            }, preferences: preferences, promptIDs: only?.promptIDs,
            modelFingerprint: only?.modelFingerprint, origin: origin)
    }

    /// `pairs` or `ranks` over replies.
    private static func kWay(_ line: JSONValue, _ context: LineContext) throws -> PreferenceItem {
        let key = line["replies"] != nil ? "replies" : "completions"
        guard let list = line[key]?.array else { throw context.error("\(key) is not a list") }
        let replies = try list.map { try text(of: $0, key, context) }
        let (prompt, isPlain) = try messages(line["prompt"], "prompt", context)
        var preferences: [PreferenceItem.Preference] = []
        if let pairs = line["pairs"] {
            guard let pairs = pairs.array else { throw context.error("pairs is not a list") }
            for pair in pairs {
                guard let numbers = pair.array, numbers.count == 3 || numbers.count == 2,
                    let i = numbers[0].int, let j = numbers[1].int,
                    let w = numbers.count == 2 ? 1 : numbers[2].int, (0...2).contains(w)
                else {
                    throw context.error("a pair is [i, j, w] with w 0 (tie), 1 or 2 (the better)")
                }
                guard replies.indices.contains(i), replies.indices.contains(j), i != j else {
                    throw context.error("pair [\(i), \(j)] names replies that are not there")
                }
                preferences.append(
                    w == 0
                        ? .init(better: min(i, j), worse: max(i, j), isTie: true)
                        : .init(better: w == 1 ? i : j, worse: w == 1 ? j : i))
            }
        } else if let ranks = line["ranks"] ?? line["rank"] {
            guard let ranks = ranks.array, ranks.count == replies.count else {
                throw context.error("ranks has to have one entry a reply")
            }
            preferences = try preferencesOf(
                ranks: ranks.map { value in
                    if value.isNull { return nil }
                    guard let rank = value.double else {
                        throw context.error("a rank is a number or null")
                    }
                    return rank
                })
        } else {
            throw context.error("replies need pairs or ranks")
        }
        return PreferenceItem(
            prompt: prompt, replies: replies.map { .init(text: $0) }, preferences: preferences,
            isPlain: isPlain, origin: context.origin)
    }

    static func preferencesOf(ranks: [Double?]) -> [PreferenceItem.Preference] {
        var result: [PreferenceItem.Preference] = []
        for i in ranks.indices {
            for j in ranks.indices where i < j {
                guard let a = ranks[i], let b = ranks[j] else { continue }
                result.append(.init(better: b < a ? j : i, worse: b < a ? i : j, isTie: a == b))
            }
        }
        return result
    }
}
