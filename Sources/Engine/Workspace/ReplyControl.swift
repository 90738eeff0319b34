import LanguageModel
import Synchronization

/// Steers a running reply from any thread.
public final class ReplyControl: Sendable {
    struct State {
        var generation: GenerationControl?
        var isCancelled = false
        /// Position in the running generation by candidate.
        var positions: [Int64: Int] = [:]
        var waiting: Set<Int64> = []
        var added = 0
    }

    let state = Mutex(State())

    init() {}

    /// Ends every candidate; what was sampled so far is kept, finished as cancelled.
    public func cancelAll() {
        state.withLock { state in
            state.isCancelled = true
            state.generation?.cancel()
        }
    }

    /// Ends one candidate.
    public func cancel(_ candidate: Int64) {
        state.withLock { state in
            if let position = state.positions[candidate] {
                state.generation?.cancel(candidate: position)
            } else {
                state.waiting.insert(candidate)
            }
        }
    }

    /// Samples one more candidate for the prompt that is being answered.
    ///
    /// - Returns: false where the reply is already over; use
    ///   ``Workspace/addCandidate(to:settings:)`` then.
    public func addCandidate() -> Bool { fatalError("being written") }
}
