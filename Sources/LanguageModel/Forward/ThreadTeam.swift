import CKernels

/// The threads that compute: one function runs on all of them at once.
///
/// One caller at a time; a ``Generator`` belongs to one thread, and all generators of a model
/// are used from that thread.
// Unchecked because of the pointer: the C team guards its own state, and `run` is documented
// to have one caller at a time.
final class ThreadTeam: @unchecked Sendable {
    let handle: OpaquePointer
    let size: Int

    init(threads: Int) throws {
        let wanted = threads > 0 ? threads : Int(rk_physical_cores())
        guard let handle = rk_team_create(Int32(min(wanted, 256))) else {
            throw LanguageModelError.invalidRequest(
                "The system gives no \(wanted) threads; ask for fewer with --threads")
        }
        self.handle = handle
        size = Int(rk_team_size(handle))
    }

    deinit { rk_team_destroy(handle) }

    /// How many runs were begun; from any thread.
    var runCount: UInt32 { rk_team_runs(handle) }

    /// Runs a C function with a context on every thread and returns when all are done.
    func run(_ context: UnsafeMutableRawPointer, _ function: rk_team_function) {
        rk_team_run(handle, function, context)
    }

    /// Runs a closure, which gets the thread's number, on every thread at the same time, and
    /// returns when all are done. It keeps by itself to what threads may do side by side.
    func run(_ body: (_ thread: Int32) -> Void) {
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: body) { body in
                run(UnsafeMutableRawPointer(mutating: body)) { body, thread, _ in
                    body!.assumingMemoryBound(to: ((Int32) -> Void).self).pointee(thread)
                }
            }
        }
    }
}
