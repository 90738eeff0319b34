import LanguageModel

/// A setting in which two sides of a comparison may differ.
public struct ComparedSetting: Sendable {
    /// As it is typed and stored.
    public let name: String
    /// As it stands in the title of a reply.
    public let shortName: String
    private let read: @Sendable (SamplingOptions, _ maxTokens: Int) -> Double

    private init(
        _ name: String, short: String? = nil,
        _ read: @escaping @Sendable (SamplingOptions, _ maxTokens: Int) -> Double
    ) {
        self.name = name
        shortName = short ?? name
        self.read = read
    }

    public static let all: [ComparedSetting] = [
        ComparedSetting("temperature", short: "t") { sampling, _ in Double(sampling.temperature) },
        ComparedSetting("top_k") { sampling, _ in Double(sampling.topK) },
        ComparedSetting("top_p") { sampling, _ in Double(sampling.topP) },
        ComparedSetting("min_p") { sampling, _ in Double(sampling.minP) },
        ComparedSetting("repetition_penalty", short: "penalty") { sampling, _ in
            Double(sampling.repetitionPenalty)
        },
        ComparedSetting("repetition_window", short: "window") { sampling, _ in
            Double(sampling.repetitionWindow)
        },
        ComparedSetting("max_tokens", short: "max") { _, maxTokens in Double(maxTokens) },
    ]

    public func value(in sampling: SamplingOptions, maxTokens: Int) -> Double {
        read(sampling, maxTokens)
    }

    /// A setting's name and value, as a record of comparisons calls it.
    public static func label(_ name: String, _ value: Double) -> String {
        "\(name) \(format(value))"
    }

    /// A setting's value as people write it: at most three decimals, none where it is whole.
    public static func format(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        var text = String((value * 1000).rounded() / 1000)
        if text.hasSuffix(".0") { text.removeLast(2) }
        return text
    }
}
