import LanguageModel

/// What a person sets for a reply; a template's settings go over these, and what was given
/// outright (``overrides``) over the template's.
public struct GenerationSettings: Sendable, Equatable, Codable {
    public var sampling: SamplingOptions
    /// Tokens a reply may have at most.
    public var maxTokens: Int
    /// Texts that end a reply.
    public var stop: [String]

    public init(
        sampling: SamplingOptions = SamplingOptions(), maxTokens: Int = 512, stop: [String] = []
    ) {
        self.sampling = sampling
        self.maxTokens = maxTokens
        self.stop = stop
    }
}

/// Settings given outright, by an option or `/set`; nil leaves the template's or the default.
public struct SettingOverrides: Sendable, Equatable, Codable {
    public var temperature: Float?
    public var topK: Int?
    public var topP: Float?
    public var minP: Float?
    public var repetitionPenalty: Float?
    public var maxTokens: Int?

    public init() {}

    public var isEmpty: Bool { self == SettingOverrides() }
}

extension GenerationSettings {
    /// Defaults, then the template's settings, then what was given outright.
    public init(
        template: Template, overrides: SettingOverrides = SettingOverrides(),
        base: GenerationSettings = GenerationSettings()
    ) {
        self = template.settings(over: base)
        if let value = overrides.temperature { sampling.temperature = value }
        if let value = overrides.topK { sampling.topK = value }
        if let value = overrides.topP { sampling.topP = value }
        if let value = overrides.minP { sampling.minP = value }
        if let value = overrides.repetitionPenalty { sampling.repetitionPenalty = value }
        if let value = overrides.maxTokens { maxTokens = value }
    }
}
