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

extension GenerationSettings {
    /// Defaults, then the template's settings, then what was given outright.
    public init(
        template: Template, overrides: SettingOverrides = SettingOverrides(),
        base: GenerationSettings = GenerationSettings()
    ) {
        self = template.settings(over: base)
        overrides.apply(to: &self)
    }
}
