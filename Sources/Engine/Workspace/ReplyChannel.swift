import Synchronization

/// Events from the inference thread to a reader that may be slower.
///
/// While the reader is busy, text of a candidate is joined to its text that still waits, and
/// progress replaces older progress, so that no more waits than a few events a candidate.
final class ReplyChannel: Sendable {
    private struct State {
        var waiting: [ReplyEvent] = []
        var reader: CheckedContinuation<ReplyEvent?, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())

    /// The reader's side; `onCancel` runs when the reader goes away before the end.
    func events(onCancel: @escaping @Sendable () -> Void) -> AsyncStream<ReplyEvent> {
        AsyncStream(
            unfolding: { await self.next() },
            onCancel: {
                onCancel()
                self.close()
            })
    }

    func send(_ event: ReplyEvent) {
        let reader = state.withLock { state -> CheckedContinuation<ReplyEvent?, Never>? in
            guard !state.isClosed else { return nil }
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            Self.join(event, to: &state.waiting)
            return nil
        }
        reader?.resume(returning: event)
    }

    /// The stream ends once what waits is read.
    func close() {
        let reader = state.withLock { state in
            state.isClosed = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
    }

    private func next() async -> ReplyEvent? {
        await withCheckedContinuation { continuation in
            let event: ReplyEvent?? = state.withLock { state in
                if !state.waiting.isEmpty { return .some(state.waiting.removeFirst()) }
                if state.isClosed { return .some(nil) }
                state.reader = continuation
                return nil
            }
            if let event { continuation.resume(returning: event) }
        }
    }

    private static func join(_ event: ReplyEvent, to waiting: inout [ReplyEvent]) {
        switch event {
        case .text(let candidate, let delta, let tokens, let logProbability):
            // Not past other events: a candidate's text never follows its end.
            for index in waiting.indices.reversed() {
                guard case .text(let other, let before, _, _) = waiting[index] else { break }
                guard other == candidate else { continue }
                waiting[index] = .text(
                    candidate: candidate, delta: before + delta, tokens: tokens,
                    logProbability: logProbability)
                return
            }
        case .promptRead:
            if case .promptRead? = waiting.last { waiting.removeLast() }
        default:
            break
        }
        waiting.append(event)
    }
}
