import Foundation
import Synchronization

/// A signal ended the command after it had put its things in order.
struct Interrupted: Error {
    var signal: Int32
}

/// Turns the first SIGINT, SIGTERM or SIGHUP into a call, so that work can end in order; the
/// second ends the program at once.
final class Interrupts: Sendable {
    private let received = Mutex<Int32?>(nil)
    // Dispatch sources are safe to use from any thread; their protocol does not say so.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    init(onFirst: @escaping @Sendable () -> Void) {
        let numbers = [SIGINT, SIGTERM, SIGHUP]
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: .global())
        }
        for (number, source) in zip(numbers, sources) {
            source.setEventHandler { [weak self] in
                let isFirst =
                    self?.received.withLock { received in
                        defer { received = received ?? number }
                        return received == nil
                    } ?? false
                if isFirst { onFirst() } else { _exit(128 + number) }
            }
            source.resume()
        }
    }

    deinit {
        for source in sources { source.cancel() }
    }

    /// Throws once the work that a signal ended is in order.
    func check() throws {
        if let number = received.withLock({ $0 }) { throw Interrupted(signal: number) }
    }
}
