/// How often the replies of one template, model or setting beat those of others on boards that
/// compare.
public struct ComparisonRecord: Sendable, Equatable, Codable {
    /// What the sides differed in.
    public enum Kind: String, Sendable, Codable, CaseIterable { case template, model, settings }

    public var kind: Kind
    /// The template, the model, or the settings that differed: "temperature 0.2, top_k 20".
    public var name: String
    public var wins = 0
    public var losses = 0
    public var ties = 0

    public init(kind: Kind, name: String) {
        self.kind = kind
        self.name = name
    }

    public var comparisons: Int { wins + losses + ties }

    /// Share of comparisons won, a tie counting half; nil without comparisons.
    public var winRate: Double? {
        comparisons == 0 ? nil : (Double(wins) + Double(ties) / 2) / Double(comparisons)
    }
}
