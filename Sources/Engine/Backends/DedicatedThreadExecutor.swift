import Foundation

/// Runs an actor's jobs on one thread of its own.
///
/// Generation holds its thread for seconds; on the cooperative pool of a two-core machine that
/// would starve the interface.
final class DedicatedThreadExecutor: SerialExecutor {
    // Unchecked: jobs and isClosed are only touched under the condition's lock.
    private final class Queue: @unchecked Sendable {
        private let condition = NSCondition()
        private var jobs: [@Sendable () -> Void] = []
        private var isClosed = false

        func push(_ job: @escaping @Sendable () -> Void) {
            condition.withLock {
                jobs.append(job)
                condition.signal()
            }
        }

        func close() {
            condition.withLock {
                isClosed = true
                condition.signal()
            }
        }

        /// The next jobs; nil once closed and empty.
        func take() -> [@Sendable () -> Void]? {
            condition.withLock {
                while jobs.isEmpty && !isClosed { condition.wait() }
                defer { jobs = [] }
                return jobs.isEmpty ? nil : jobs
            }
        }
    }

    private let queue = Queue()

    init(name: String) {
        let thread = Thread { [queue] in
            while let jobs = queue.take() {
                for job in jobs { job() }
            }
        }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit { queue.close() }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        // The closure keeps the executor alive until its job has run.
        queue.push { unowned.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
