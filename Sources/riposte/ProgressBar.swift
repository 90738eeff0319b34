import Engine
import Foundation
import Synchronization

/// How far a download is: one line that is drawn over on a terminal, a line every tenth of
/// the way elsewhere.
final class ProgressBar: Sendable {
    private struct State {
        var tenth = -1
        var lastDrawn: ContinuousClock.Instant?
        var isDrawn = false
    }

    private let title: String
    private let isQuiet: Bool
    private let started = ContinuousClock.now
    private let state = Mutex(State())

    init(title: String, isQuiet: Bool) {
        self.title = title
        self.isQuiet = isQuiet
    }

    func show(_ progress: DownloadProgress) {
        guard !isQuiet else { return }
        switch progress {
        case .resolving: status("looking for it")
        case .downloading(let done, let total): downloading(done, of: total)
        case .extracting: status("unpacking")
        case .verifying: status("checking")
        case .finished: break
        }
    }

    /// Takes the line away.
    func clear() {
        state.withLock { state in
            if state.isDrawn { StandardError.write("\r\u{1b}[K") }
            state.isDrawn = false
        }
    }

    private func status(_ text: String) {
        state.withLock { state in
            if StandardError.isTerminal {
                StandardError.write("\r\u{1b}[K\(title): \(text)")
                state.isDrawn = true
            } else {
                StandardError.write("\(title): \(text)\n")
            }
        }
    }

    private func downloading(_ done: Int, of total: Int?) {
        state.withLock { state in
            let share = total.map { $0 > 0 ? min(1, Double(done) / Double($0)) : 0 }
            guard StandardError.isTerminal else {
                let tenth = Int((share ?? 0) * 10)
                guard tenth > state.tenth else { return }
                state.tenth = tenth
                StandardError.write("\(title): \(byteText(done))\(of(total))\n")
                return
            }
            let now = ContinuousClock.now
            if let last = state.lastDrawn, last.duration(to: now) < .milliseconds(80), done != total
            {
                return
            }
            state.lastDrawn = now
            state.isDrawn = true
            let seconds = started.duration(to: now).seconds
            let rate = seconds > 0.5 ? ", \(byteText(Int(Double(done) / seconds)))/s" : ""
            var bar = ""
            if let share {
                let full = Int(share * 24)
                bar =
                    " [" + String(repeating: "#", count: full)
                    + String(repeating: "-", count: 24 - full) + "] \(Int(share * 100)) %"
            }
            StandardError.write("\r\u{1b}[K\(title)\(bar) \(byteText(done))\(of(total))\(rate)")
        }
    }

    private func of(_ total: Int?) -> String { total.map { " of \(byteText($0))" } ?? "" }
}
