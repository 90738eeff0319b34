import Foundation
import Synchronization

/// Messages from other threads to the thread that runs the event loop.
///
/// Posting wakes the loop at most once until the messages are taken, so a fast producer costs
/// one byte in a pipe and not one a message.
public final class Mailbox<Message: Sendable>: Sendable {
    private struct State {
        var messages: [Message] = []
        var isWoken = false
    }

    private let state = Mutex(State())
    /// Readable while there are messages.
    let descriptor: Int32
    private let writer: Int32

    /// Throws where the system has no file descriptors left.
    public init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TerminalError.system(call: "pipe", code: errno) }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (descriptor, writer) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(writer)
    }

    /// From any thread; never blocks for long.
    public func post(_ message: Message) {
        let wakes = state.withLock { state in
            state.messages.append(message)
            defer { state.isWoken = true }
            return !state.isWoken
        }
        if wakes {
            var byte: UInt8 = 0
            // A full pipe is readable already, which is all that is wanted.
            _ = write(writer, &byte, 1)
        }
    }

    /// Takes what was posted, in order.
    func take() -> [Message] {
        var bytes: [UInt8] = Array(repeating: 0, count: 16)
        while read(descriptor, &bytes, bytes.count) > 0 {}
        return state.withLock { state in
            defer { state = State() }
            return state.messages
        }
    }
}
