import LanguageModel
import Synchronization

/// Steers a running reply from any thread.
public final class ReplyControl: Sendable {
    struct State {
        /// The generation under way and its candidates by position.
        var generation: GenerationControl?
        var running: [Candidate] = []
        var finished: Set<Int64> = []
        /// Candidates to end; also those whose turn has not come.
        var cancelled: Set<Int64> = []
        var isCancelled = false
        var isOver = false
        var board: Int64?
        var nextSeed: UInt64 = 0
        var added = 0
    }

    let state = Mutex(State())
    private let store: Store
    private let channel: ReplyChannel

    init(store: Store, channel: ReplyChannel) {
        self.store = store
        self.channel = channel
    }

    /// Ends every candidate. What was sampled so far is kept, finished as cancelled.
    public func cancelAll() {
        state.withLock { state in
            state.isCancelled = true
            state.generation?.cancel()
        }
    }

    /// Ends one candidate.
    public func cancel(_ candidate: Int64) {
        state.withLock { state in
            state.cancelled.insert(candidate)
            if let position = state.running.firstIndex(where: { $0.id == candidate }) {
                state.generation?.cancel(candidate: position)
            }
        }
    }

    public var isOver: Bool { state.withLock { $0.isOver } }

    /// Samples one more candidate for the prompt that is being answered.
    ///
    /// - Returns: nil where nothing is being sampled; ``Workspace/addCandidate(to:settings:)``
    ///   is for a board that is finished.
    @discardableResult
    public func addCandidate() throws -> Candidate? {
        try state.withLock { state in
            guard !state.isOver, !state.isCancelled, let generation = state.generation,
                let board = state.board, let sibling = state.running.last
            else { return nil }
            let plan = Store.Plan(
                variant: sibling.variant, seed: state.nextSeed, sampling: sibling.sampling)
            let candidate = try store.addCandidate(plan, to: board)
            state.nextSeed &+= 1
            state.added += 1
            state.running.append(candidate)
            channel.send(.candidateAdded(candidate))
            generation.add(.init(seed: plan.seed, sampling: plan.sampling))
            return candidate
        }
    }
}
