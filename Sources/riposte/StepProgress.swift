import Foundation
import Synchronization

/// How far a long piece of work is: one line that is drawn over, on a terminal only.
final class StepProgress: Sendable {
    private struct State {
        var lastDrawn: ContinuousClock.Instant?
        var isDrawn = false
    }

    private let title: String
    private let isShown: Bool
    private let started = ContinuousClock.now
    private let state = Mutex(State())

    init(title: String, isShown: Bool = StandardError.isTerminal) {
        self.title = title
        self.isShown = isShown
    }

    func show(_ done: Int, of total: Int, _ detail: String = "") {
        guard isShown, total > 0 else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            if let last = state.lastDrawn, last.duration(to: now) < .milliseconds(100) { return }
            state.lastDrawn = now
            state.isDrawn = true
            let share = min(1, Double(done) / Double(total))
            let seconds = started.duration(to: now).seconds
            let left = share > 0.02 ? ", \(Int(seconds / share - seconds)) s left" : ""
            let full = Int(share * 24)
            let bar = String(repeating: "#", count: full) + String(repeating: "-", count: 24 - full)
            StandardError.write(
                "\r\u{1b}[K\(title) [\(bar)] \(done) of \(total)\(left)"
                    + (detail.isEmpty ? "" : ", \(detail)"))
        }
    }

    func clear() {
        state.withLock { state in
            if state.isDrawn { StandardError.write("\r\u{1b}[K") }
            state.isDrawn = false
        }
    }
}
