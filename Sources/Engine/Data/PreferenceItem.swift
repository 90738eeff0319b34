import ChatTemplates
import LanguageModel

/// Replies to one prompt and a person's preferences among them.
public struct PreferenceItem: Sendable, Equatable {
    public struct Reply: Sendable, Equatable {
        public var text: String
        /// Sampled ids, for replies sampled here; nil where only the text is known.
        public var ids: [TokenID]?

        public init(text: String, ids: [TokenID]? = nil) {
            self.text = text
            self.ids = ids
        }
    }

    /// A judgement of two replies, by their indices.
    public struct Preference: Sendable, Equatable, Hashable {
        public var better: Int
        public var worse: Int
        /// Neither is better; ``better`` and ``worse`` are in order of index then.
        public var isTie: Bool
        /// How much better, where the data says (TRL's `margin`).
        public var margin: Double?

        public init(better: Int, worse: Int, isTie: Bool = false, margin: Double? = nil) {
            self.better = better
            self.worse = worse
            self.isTie = isTie
            self.margin = margin
        }
    }

    /// Messages before the replies, the last normally a user's; empty for plain text without
    /// a prompt.
    public var prompt: [ChatMessage]
    public var replies: [Reply]
    /// At least one; all pairs of a prompt are one element of a batch.
    public var preferences: [Preference]
    /// The prompt as the model read it, for rankings made here under one template; valid only
    /// for the model of ``modelFingerprint``.
    public var promptIDs: [TokenID]?
    public var modelFingerprint: String?
    /// Data without roles: the prompt's one message and the replies are plain text.
    public var isPlain: Bool
    /// Equal for equal prompts: what splits by prompt go by.
    public var promptKey: String
    /// Where it came from: file and line, or ranking.
    public var origin: String
    /// The store's ranking that it is; nil for what comes from a file.
    public var ranking: Int64?
    /// The data it belongs to: the file's name, or that of the store's rankings.
    public var source: String {
        ranking == nil ? String(origin.prefix { $0 != ":" }) : "rankings"
    }

    public init(
        prompt: [ChatMessage], replies: [Reply], preferences: [Preference],
        promptIDs: [TokenID]? = nil, modelFingerprint: String? = nil, isPlain: Bool = false,
        origin: String = "", ranking: Int64? = nil
    ) {
        self.prompt = prompt
        self.replies = replies
        self.preferences = preferences
        self.promptIDs = promptIDs
        self.modelFingerprint = modelFingerprint
        self.isPlain = isPlain
        self.origin = origin
        self.ranking = ranking
        promptKey = SHA256.hex(
            of: prompt.map { "\($0.role)\u{1f}\($0.content)" }.joined(separator: "\u{1e}"))
    }
}

/// What was left out of a data source, and why.
public struct PreferenceReport: Sendable, Equatable {
    public enum Reason: String, Sendable, CaseIterable {
        case identicalPair = "both replies are the same"
        case emptyReply = "a reply is empty"
        case tie = "a tie"
        case allBad = "all replies were bad"
        case unranked = "no two replies are ranked"
        case duplicate = "said before"
        case labelledAlone = "a labelled reply without one of the other label"
    }

    /// Lines, or rankings, that were read.
    public var read = 0
    /// Items and pairs (ties among them) that were kept.
    public var items = 0
    public var pairs = 0
    public var ties = 0
    /// Pairs, or whole lines where nothing of them was left, by reason.
    public var dropped: [Reason: Int] = [:]
    /// The first few places of each reason.
    public var examples: [Reason: [String]] = [:]

    public init() {}

    mutating func drop(_ reason: Reason, _ origin: String) {
        dropped[reason, default: 0] += 1
        if examples[reason, default: []].count < 3 { examples[reason, default: []].append(origin) }
    }

    /// One line a fact, for a person.
    public var lines: [String] {
        var lines = ["read \(read), kept \(pairs) pairs of \(items) prompts' replies"]
        if ties > 0 { lines[0] += ", \(ties) of them ties" }
        for reason in Reason.allCases {
            guard let count = dropped[reason] else { continue }
            let places = examples[reason, default: []].joined(separator: ", ")
            lines.append(
                "dropped \(count): \(reason.rawValue) (\(places)\(count > 3 ? ", …" : ""))")
        }
        return lines
    }
}

/// Preferences from one source or several, cleaned.
public struct PreferenceDataset: Sendable, Equatable {
    public var items: [PreferenceItem]
    public var report: PreferenceReport

    /// Cleans items: leaves out empty replies, pairs of equal texts and what was said before.
    /// Ties stay, marked, unless `keepsTies` is false.
    public init(_ raw: [PreferenceItem], read: Int? = nil, keepsTies: Bool = true) {
        var report = PreferenceReport()
        report.read = read ?? raw.count
        self.init(raw, report: report, keepsTies: keepsTies)
    }

    init(_ raw: [PreferenceItem], report: PreferenceReport, keepsTies: Bool) {
        var report = report
        var items: [PreferenceItem] = []
        var seen: Set<Said> = []
        for item in raw {
            var kept = item
            kept.preferences = []
            if item.preferences.isEmpty { report.drop(.unranked, item.origin) }
            for preference in item.preferences {
                let (a, b) = (
                    item.replies[preference.better].text, item.replies[preference.worse].text
                )
                let said =
                    preference.isTie
                    ? Said(prompt: item.promptKey, better: min(a, b), worse: max(a, b), isTie: true)
                    : Said(prompt: item.promptKey, better: a, worse: b, isTie: false)
                if a.trimmed.isEmpty || b.trimmed.isEmpty {
                    report.drop(.emptyReply, item.origin)
                } else if a == b {
                    report.drop(.identicalPair, item.origin)
                } else if preference.isTie, !keepsTies {
                    report.drop(.tie, item.origin)
                } else if !seen.insert(said).inserted {
                    report.drop(.duplicate, item.origin)
                } else {
                    kept.preferences.append(preference)
                    report.pairs += 1
                    if preference.isTie { report.ties += 1 }
                }
            }
            if !kept.preferences.isEmpty { items.append(kept) }
        }
        report.items = items.count
        self.items = items
        self.report = report
    }

    private struct Said: Hashable {
        var prompt: String
        var better: String
        var worse: String
        var isTie: Bool
    }

    /// The newest of the store's rankings among the items; nil where there is none.
    public var latestRanking: Int64? { items.compactMap(\.ranking).max() }

    /// Prompt keys in order of first appearance.
    public var promptKeys: [String] {
        var seen: Set<String> = []
        return items.map(\.promptKey).filter { seen.insert($0).inserted }
    }

    /// Both together, cleaned again: what both say is kept once.
    public static func + (a: PreferenceDataset, b: PreferenceDataset) -> PreferenceDataset {
        var report = PreferenceReport()
        report.read = a.report.read + b.report.read
        report.dropped = a.report.dropped.merging(b.report.dropped, uniquingKeysWith: +)
        report.examples = a.report.examples.merging(b.report.examples) { x, y in
            Array((x + y).prefix(3))
        }
        return PreferenceDataset(a.items + b.items, report: report, keepsTies: true)
    }
}
