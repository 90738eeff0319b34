import Synchronization

/// Steers a running generation from another thread. Read before each forward pass, and between the
/// layers of one over a prompt.
public final class GenerationControl: Sendable {
    struct State {
        var isCancelled = false
        var cancelledCandidates: Set<Int> = []
        var added: [GenerationRequest.Candidate] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// Ends every candidate.
    public func cancel() { state.withLock { $0.isCancelled = true } }

    /// Ends one candidate, by its index in the request (added ones count on from there).
    public func cancel(candidate index: Int) {
        state.withLock { _ = $0.cancelledCandidates.insert(index) }
    }

    /// Adds a candidate to the running batch.
    public func add(_ candidate: GenerationRequest.Candidate) {
        state.withLock { $0.added.append(candidate) }
    }

    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func isCancelled(candidate index: Int) -> Bool {
        state.withLock { $0.isCancelled || $0.cancelledCandidates.contains(index) }
    }

    func takeAdded() -> [GenerationRequest.Candidate] {
        state.withLock { state in
            defer { state.added = [] }
            return state.added
        }
    }
}
