import Dispatch
import LanguageModel
import Synchronization

extension Workspace {
    /// Learns a reward model from the store's rankings, on a thread of its own. The model in
    /// use is asked in short requests between replies, so that a reply never waits long.
    ///
    /// - Parameter progress: shares from 0 to 1, on that thread.
    /// - Throws: what the trainer throws; `CancellationError` soon after the task is cancelled;
    ///   ``EngineError/inference(reason:)`` where the model is replaced meanwhile.
    public func trainReward(
        progress: @escaping @Sendable (Double) -> Void
    ) async throws -> RewardOffer {
        guard let trainer = rewardTrainer else {
            throw EngineError.inference(reason: "Reward models cannot be trained here.")
        }
        let model = try requireModel()
        var request = RewardTrainingRequest(
            name: rewards.freeName("rankings"), rankings: try store.rankingRecords(), model: model)
        // One that is broken, or was made for another model, has nothing to say about this one's
        // replies.
        if let present = try? rewards.usable(for: model), (try? present.check(model)) != nil {
            request.present = present
            request.presentLearntUpTo =
                try rewards.specification(present.name).training.latestRanking
        }
        let source = WaitingStates(inference: inference, fingerprint: model.info.fingerprint)
        let training = request
        return try await TrainingThread().run {
            try trainer.train(training, source: source, progress: progress)
        }
    }

    /// Keeps an offered reward model and lets it score replies from now on.
    public func take(_ offer: RewardOffer) throws {
        var model = offer.model
        try model.write(to: rewards.path(of: model.name))
        try rewards.activate(model.name)
    }
}

/// A thread for one training: it computes for minutes, which no thread of the pool may.
private actor TrainingThread {
    private let executor = DedicatedThreadExecutor(name: "riposte.training")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    func run<T: Sendable>(_ body: @Sendable () throws -> T) throws -> T { try body() }
}

/// Hidden states of the model in use for a thread that may wait for them, a few replies a
/// request: what the person does comes in between.
private struct WaitingStates: HiddenStateSource {
    let inference: InferenceActor
    let fingerprint: String
    /// Tokens a request at most, where a reply alone has no more: a tenth of a second.
    private static let tokensAtOnce = 128

    private final class Answer: Sendable {
        let result = Mutex<Result<[[[Float]]], any Error>?>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    func hiddenStates(prompt: [TokenID], replies: [[TokenID]], layers: [Int]) throws
        -> [[[Float]]]
    {
        var states: [[[Float]]] = []
        while states.count < replies.count {
            var part: [[TokenID]] = []
            var tokens = 0
            for reply in replies[states.count...] {
                if !part.isEmpty, tokens + reply.count > Self.tokensAtOnce { break }
                part.append(reply)
                tokens += reply.count
            }
            states += try request(prompt, part, layers)
        }
        return states
    }

    private func request(_ prompt: [TokenID], _ replies: [[TokenID]], _ layers: [Int]) throws
        -> [[[Float]]]
    {
        let answer = Answer()
        let task = Task.detached { [inference, fingerprint] in
            let result: Result<[[[Float]]], any Error>
            do {
                result = .success(
                    try await inference.hiddenStates(
                        prompt: prompt, replies: replies, layers: layers, of: fingerprint))
            } catch {
                result = .failure(error)
            }
            answer.result.withLock { $0 = result }
            answer.isThere.signal()
        }
        // A reply may be in the way for a minute, and the end of the training cannot wait for it.
        while answer.isThere.wait(timeout: .now() + .milliseconds(50)) == .timedOut {
            guard !Task.isCancelled else {
                task.cancel()
                throw CancellationError()
            }
        }
        guard let result = answer.result.withLock({ $0 }) else { throw CancellationError() }
        return try result.get()
    }
}
