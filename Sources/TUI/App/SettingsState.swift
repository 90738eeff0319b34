import Engine

/// A setting of the sampling that a person can change.
public enum SettingKey: String, Sendable, CaseIterable {
    case temperature
    case topK = "top_k"
    case topP = "top_p"
    case minP = "min_p"
    case repetitionPenalty = "repetition_penalty"
    case repetitionWindow = "repetition_window"
    case maxTokens = "max_tokens"
    case seed

    /// What it does, for the settings panel.
    var help: String {
        switch self {
        case .temperature: "0 always takes the most probable token; higher is more varied"
        case .topK: "keep the k most probable tokens; 0 keeps all"
        case .topP: "keep the smallest set with this probability; 1 keeps all"
        case .minP: "drop tokens below this share of the best; 0 keeps all"
        case .repetitionPenalty: "above 1, tokens seen lately become less likely"
        case .repetitionWindow: "how many latest tokens the penalty sees; -1 all"
        case .maxTokens: "a reply ends after this many tokens"
        case .seed: "same seed, same replies; none draws a new one each time"
        }
    }

    /// The values allowed, and the step of the arrow keys.
    var range: ClosedRange<Double> {
        switch self {
        case .temperature: 0...5
        case .topK: 0...100_000
        case .topP, .minP: 0...1
        case .repetitionPenalty: 0.1...10
        case .repetitionWindow: -1...1_000_000
        case .maxTokens: 1...1_000_000
        case .seed: 0...Double(UInt32.max)
        }
    }

    var step: Double {
        switch self {
        case .temperature, .repetitionPenalty, .topP: 0.05
        case .minP: 0.01
        case .topK: 5
        case .repetitionWindow, .maxTokens: 32
        case .seed: 1
        }
    }

    var isInteger: Bool {
        switch self {
        case .temperature, .topP, .minP, .repetitionPenalty: false
        case .topK, .repetitionWindow, .maxTokens, .seed: true
        }
    }
}

/// What the person has asked for, over what the template asks for, over the defaults.
public struct ChatSettings: Sendable, Equatable {
    /// Replies a turn.
    public var candidates = 1
    /// The person's own values; absent ones are the template's or the default.
    public private(set) var values: [SettingKey: Double] = [:]
    /// Overrides from the command line may hold a seed above what a Double keeps exactly.
    public private(set) var seed: UInt64?

    public static let candidateLimit = 64
    public static let defaultMaxTokens = 512

    public init() {}

    public subscript(key: SettingKey) -> Double? {
        // Spelled out: `map(Double.init)` would take the initializer from a bit pattern.
        get { key == .seed ? seed.map { Double($0) } : values[key] }
        set {
            guard key != .seed else {
                seed = newValue.map { UInt64(max(0, $0)) }
                return
            }
            values[key] = newValue.map { value in
                let clamped = min(max(value, key.range.lowerBound), key.range.upperBound)
                return key.isInteger ? clamped.rounded() : clamped
            }
        }
    }

    public mutating func setSeed(_ seed: UInt64?) { self.seed = seed }

    /// Sets a value from what a person typed; `default` (or `none`) takes it away.
    ///
    /// - Returns: what is wrong with it, as a sentence, or nil.
    public mutating func set(_ key: SettingKey, to text: String) -> String? {
        let text = text.trimmingWhitespace
        if ["default", "none", "-"].contains(text.lowercased()) {
            self[key] = nil
            return nil
        }
        if key == .seed {
            guard let value = UInt64(text) else {
                return "seed takes a whole number, or none; \"\(text)\" is neither."
            }
            seed = value
            return nil
        }
        guard let value = Double(text), key.range.contains(value),
            !key.isInteger || value == value.rounded()
        else {
            let kind = key.isInteger ? "a whole number" : "a number"
            let low = ComparedSetting.format(key.range.lowerBound)
            let high = ComparedSetting.format(key.range.upperBound)
            return "\(key.rawValue) takes \(kind) from \(low) to \(high), or default."
        }
        self[key] = value
        return nil
    }

    /// The value in force under a template, and where it comes from.
    func value(_ key: SettingKey, under template: Template?) -> (value: Double?, isOwn: Bool) {
        if let own = self[key] { return (own, true) }
        let defaults = SamplingOptions()
        let asked = template?.sampling
        switch key {
        case .temperature: return (Double(asked?.temperature ?? defaults.temperature), false)
        case .topK: return (Double(asked?.topK ?? defaults.topK), false)
        case .topP: return (Double(asked?.topP ?? defaults.topP), false)
        case .minP: return (Double(asked?.minP ?? defaults.minP), false)
        case .repetitionPenalty:
            return (Double(asked?.repetitionPenalty ?? defaults.repetitionPenalty), false)
        case .repetitionWindow: return (Double(defaults.repetitionWindow), false)
        case .maxTokens: return (Double(asked?.maxTokens ?? Self.defaultMaxTokens), false)
        case .seed: return (nil, false)
        }
    }
}

extension String {
    var trimmingWhitespace: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
