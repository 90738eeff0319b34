import LanguageModel

/// What the engine asks of a running model. ``Generator`` is the real one; tests bring a
/// deterministic double. Synchronous, and owned by one thread.
public protocol ReplyGenerator: HiddenStateSource {
    func generate(
        _ request: GenerationRequest, control: GenerationControl,
        checkpoints: GenerationCheckpoints?, onEvent: (GenerationEvent) -> Void
    ) throws -> [GeneratedReply]

    func logProbabilities(of ids: [TokenID], top: Int) throws -> [PositionLogProbability]

    func logProbabilities(ofContinuations continuations: [[TokenID]], after prompt: [TokenID])
        throws -> [[Float]]

    /// Forgets what was read before.
    func clearCache()
}

extension ReplyGenerator {
    public func generate(
        _ request: GenerationRequest, control: GenerationControl,
        onEvent: (GenerationEvent) -> Void
    ) throws -> [GeneratedReply] {
        try generate(request, control: control, checkpoints: nil, onEvent: onEvent)
    }
}

extension Generator: ReplyGenerator {}
