import LanguageModel

/// Settings that somebody chose: a template, an option or `/set`. Nil leaves what stands
/// below it, the template's or the default.
public struct SettingOverrides: Sendable, Equatable, Codable {
    public var temperature: Float?
    public var topK: Int?
    public var topP: Float?
    public var minP: Float?
    public var typicalP: Float?
    public var repetitionPenalty: Float?
    public var frequencyPenalty: Float?
    public var presencePenalty: Float?
    public var repetitionWindow: Int?
    public var dryMultiplier: Float?
    public var dryBase: Float?
    public var dryAllowedLength: Int?
    public var xtcProbability: Float?
    public var xtcThreshold: Float?
    public var mirostatTau: Float?
    public var mirostatEta: Float?
    public var minTokens: Int?
    public var maxTokens: Int?
    public var logitBias: [SamplingOptions.LogitBias]?

    public init() {}

    public var isEmpty: Bool { self == SettingOverrides() }
}

extension SettingOverrides {
    /// A setting as template files call it, with the values it may have.
    public struct Field<Value: Comparable & Sendable> {
        public let name: String
        public let range: ClosedRange<Value>
        public let path: WritableKeyPath<SettingOverrides, Value?>

        init(
            _ name: String, _ range: ClosedRange<Value>,
            _ path: WritableKeyPath<SettingOverrides, Value?>
        ) {
            self.name = name
            self.range = range
            self.path = path
        }
    }

    public static var numbers: [Field<Float>] {
        [
            Field("temperature", 0...100, \.temperature), Field("top_p", 0...1, \.topP),
            Field("min_p", 0...1, \.minP), Field("typical_p", 0...1, \.typicalP),
            Field("repetition_penalty", 0.01...100, \.repetitionPenalty),
            Field("frequency_penalty", -100...100, \.frequencyPenalty),
            Field("presence_penalty", -100...100, \.presencePenalty),
            Field("dry_multiplier", 0...100, \.dryMultiplier),
            Field("dry_base", 1...100, \.dryBase),
            Field("xtc_probability", 0...1, \.xtcProbability),
            Field("xtc_threshold", 0...1, \.xtcThreshold),
            Field("mirostat_tau", 0...100, \.mirostatTau),
            Field("mirostat_eta", 0...1, \.mirostatEta),
        ]
    }

    public static var counts: [Field<Int>] {
        [
            Field("top_k", 0...10_000_000, \.topK),
            Field("repetition_window", -1...10_000_000, \.repetitionWindow),
            Field("dry_allowed_length", 0...10_000_000, \.dryAllowedLength),
            Field("min_tokens", 0...10_000_000, \.minTokens),
            Field("max_tokens", 1...10_000_000, \.maxTokens),
        ]
    }

    /// Puts what was chosen over the settings.
    func apply(to settings: inout GenerationSettings) {
        func set<Value>(_ value: Value?, _ field: inout Value) { if let value { field = value } }
        set(maxTokens, &settings.maxTokens)
        set(temperature, &settings.sampling.temperature)
        set(topK, &settings.sampling.topK)
        set(topP, &settings.sampling.topP)
        set(minP, &settings.sampling.minP)
        set(typicalP, &settings.sampling.typicalP)
        set(repetitionPenalty, &settings.sampling.repetitionPenalty)
        set(frequencyPenalty, &settings.sampling.frequencyPenalty)
        set(presencePenalty, &settings.sampling.presencePenalty)
        set(repetitionWindow, &settings.sampling.repetitionWindow)
        set(dryMultiplier, &settings.sampling.dry.multiplier)
        set(dryBase, &settings.sampling.dry.base)
        set(dryAllowedLength, &settings.sampling.dry.allowedLength)
        set(xtcProbability, &settings.sampling.xtc.probability)
        set(xtcThreshold, &settings.sampling.xtc.threshold)
        set(mirostatTau, &settings.sampling.mirostat.tau)
        set(mirostatEta, &settings.sampling.mirostat.eta)
        set(minTokens, &settings.sampling.minTokens)
        set(logitBias, &settings.sampling.logitBias)
    }
}
