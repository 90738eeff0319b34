import Foundation
import LanguageModel

/// Owns the running model, on a thread of its own. Everything that needs a forward pass goes
/// through here, one thing after another; a running generation is steered from outside by its
/// ``GenerationControl``.
public actor InferenceActor {
    /// Makes a generator and what may be known of it; replaced in tests.
    public typealias Loader =
        @Sendable (
            _ path: String, _ options: ModelOptions, _ progress: (@Sendable (Double) -> Void)?
        ) throws -> (LoadedModel, any ReplyGenerator)

    private let executor: DedicatedThreadExecutor
    private let loader: Loader
    private var generator: (any ReplyGenerator)?
    /// The model in use.
    public private(set) var loaded: LoadedModel?
    /// The model in use while another has its place, and the others that have had it.
    private var owner: (LoadedModel?, (any ReplyGenerator)?)?
    private var borrowed: [String: (LoadedModel, any ReplyGenerator)] = [:]

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    public init(loader: @escaping Loader = InferenceActor.loadModel) {
        executor = DedicatedThreadExecutor(name: "riposte.inference")
        self.loader = loader
    }

    /// The loader of the product: a GGUF file or a Hugging Face folder.
    public static let loadModel: Loader = { path, options, progress in
        let model = try Model.load(path: path, options: options, progress: progress)
        return (LoadedModel(model), try Generator(model: model))
    }

    /// Loads a model and drops the one before, which stays where loading fails.
    @discardableResult
    public func load(
        path: String, options: ModelOptions = ModelOptions(),
        progress: (@Sendable (Double) -> Void)? = nil
    ) throws -> LoadedModel {
        let (loaded, generator) = try loader(path, options, progress)
        self.loaded = loaded
        self.generator = generator
        owner = nil
        borrowed = [:]
        return loaded
    }

    /// Puts another model in the place of the one in use until ``giveBack()``, for a comparison.
    /// Each stays in memory till then, so that it is loaded once.
    func borrow(path: String, options: ModelOptions) throws -> LoadedModel {
        let taken = try borrowed[path] ?? loader(path, options, nil)
        if owner == nil { owner = (loaded, generator) }
        borrowed[path] = taken
        (loaded, generator) = taken
        return taken.0
    }

    /// Goes on with the model in use, which was aside; the others may be borrowed again.
    func returnToOwner() {
        guard let owner else { return }
        (loaded, generator) = owner
    }

    /// Goes on with the model in use and drops the others.
    func giveBack() {
        returnToOwner()
        owner = nil
        borrowed = [:]
    }

    public func unload() {
        loaded = nil
        generator = nil
    }

    /// Samples the candidates of a request; events come on the inference thread.
    @discardableResult
    public func generate(
        _ request: GenerationRequest, control: GenerationControl,
        onEvent: @Sendable (GenerationEvent) -> Void
    ) throws -> [GeneratedReply] {
        try running().generate(request, control: control, onEvent: onEvent)
    }

    /// Samples the candidates of a request, and ends those that turn out hopeless.
    public func generate(
        _ request: GenerationRequest, control: GenerationControl, stopping rule: EarlyStop,
        onEvent: @Sendable (GenerationEvent) -> Void
    ) throws -> (replies: [GeneratedReply], stopping: EarlyStop.Report) {
        guard let loaded else { throw EngineError.noModel }
        let generator = try running()
        let judge = EarlyStopJudge(
            rule, prompt: request.prompt, model: loaded, source: generator)
        let replies = try generator.generate(
            request, control: control,
            checkpoints: GenerationCheckpoints(
                lengths: rule.lengths(below: request.maxTokens), judge: judge.judge),
            onEvent: onEvent)
        return (replies, judge.report)
    }

    public func logProbabilities(of ids: [TokenID], top: Int = 0) throws
        -> [PositionLogProbability]
    {
        try running().logProbabilities(of: ids, top: top)
    }

    public func logProbabilities(
        ofContinuations continuations: [[TokenID]], after prompt: [TokenID]
    ) throws -> [[Float]] {
        try running().logProbabilities(ofContinuations: continuations, after: prompt)
    }

    public func hiddenStates(prompt: [TokenID], replies: [[TokenID]], layers: [Int]) throws
        -> [[[Float]]]
    {
        try running().hiddenStates(prompt: prompt, replies: replies, layers: layers)
    }

    /// Hidden states of the model of this fingerprint, also while another has its place. It is
    /// for work beside the replies, which may have been cancelled before its turn comes.
    func hiddenStates(
        prompt: [TokenID], replies: [[TokenID]], layers: [Int], of fingerprint: String
    ) throws -> [[[Float]]] {
        try Task.checkCancellation()
        for case (let model?, let generator?) in [(loaded, generator), owner ?? (nil, nil)]
        where model.info.fingerprint == fingerprint {
            return try generator.hiddenStates(prompt: prompt, replies: replies, layers: layers)
        }
        throw EngineError.inference(reason: "Another model has been loaded meanwhile.")
    }

    /// Scores replies to one prompt; `replies` may be sampled ids as they are.
    public func score(prompt: [TokenID], replies: [[TokenID]], by reward: any RewardModel) throws
        -> [Double]
    {
        guard let loaded else { throw EngineError.noModel }
        let normalized = replies.map {
            loaded.normalized(reply: $0, endsTurn: reward.addsEndOfTurn)
        }
        return try reward.score(prompt: prompt, replies: normalized, with: running())
    }

    /// Runs synchronous work on the generator, on the inference thread.
    public func withGenerator<T: Sendable>(
        _ body: @Sendable (any ReplyGenerator) throws -> T
    ) throws -> T {
        try body(running())
    }

    private func running() throws -> any ReplyGenerator {
        guard let generator else { throw EngineError.noModel }
        return generator
    }
}
