/// How the next token is drawn from the model's distribution.
///
/// The defaults are those of a fresh chat; a template's or a person's settings override them
/// one by one. Temperature 0 is greedy: the most probable token, whatever the other settings.
public struct SamplingOptions: Sendable, Equatable, Codable {
    /// Divides the logits; 0 is greedy.
    public var temperature: Float = 0.7
    /// Keeps the k most probable tokens; 0 keeps all.
    public var topK: Int = 40
    /// Keeps the smallest set of tokens whose probability reaches p; 1 keeps all.
    public var topP: Float = 0.95
    /// Drops tokens below this share of the most probable one's probability; 0 keeps all.
    public var minP: Float = 0.05
    /// Divides positive and multiplies negative logits of tokens seen in the last
    /// ``repetitionWindow`` tokens (Keskar et al. 2019, arXiv 1909.05858); 1 changes nothing.
    public var repetitionPenalty: Float = 1
    /// Number of latest tokens, prompt included, that the penalties look at; 0 none, -1 all.
    public var repetitionWindow: Int = 64

    public init() {}
}
