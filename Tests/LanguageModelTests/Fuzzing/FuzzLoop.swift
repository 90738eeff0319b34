import Foundation
import Testing

/// The loop of every fuzzer: so many rounds, or as long as RIPOSTE_FUZZ_SECONDS says, from
/// the seed in RIPOSTE_FUZZ_SEED.
///
/// In a long run each input lies in a file while it is used, so that a crash leaves its cause
/// behind; a round that takes over a second of the processor, or more memory than its input
/// justifies, fails. A short one is not measured. Run long ones one at a time: time and memory
/// are the process's.
enum FuzzLoop {
    private static let environment = ProcessInfo.processInfo.environment
    static let seconds = environment["RIPOSTE_FUZZ_SECONDS"].flatMap(Double.init)
    static let seed = environment["RIPOSTE_FUZZ_SEED"].flatMap(UInt64.init) ?? 1

    static func run(
        _ name: String, rounds: Int, next: () -> [UInt8], body: ([UInt8]) throws -> Void
    ) throws {
        guard let seconds else {
            for _ in 0..<rounds { try body(next()) }
            return
        }
        let last = FileManager.default.temporaryDirectory
            .appendingPathComponent("riposte-fuzz-\(name)")
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        var done = 0
        while clock.now < end {
            let input = next()
            try Data(input).write(to: last)
            let before = usage()
            try body(input)
            let after = usage()
            let taken = after.seconds - before.seconds
            let grown = after.peakBytes - before.peakBytes
            // A round also pays for the allocator's arenas and for what is loaded once.
            if taken > 1 || grown > 64 << 20 + 256 * input.count {
                let kept = last.path + "-\(done)"
                try Data(input).write(to: URL(fileURLWithPath: kept))
                Issue.record("\(taken) s, \(grown >> 20) MB: the input is in \(kept)")
            }
            done += 1
        }
        try FileManager.default.removeItem(at: last)
        print("\(name): \(done) inputs")
    }

    /// The most memory this process has had, and the processor's time it has taken: others
    /// that are busy do not count.
    private static func usage() -> (seconds: Double, peakBytes: Int) {
        var usage = rusage()
        #if os(Linux)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            let peak = usage.ru_maxrss << 10
        #else
            getrusage(RUSAGE_SELF, &usage)
            let peak = usage.ru_maxrss
        #endif
        let seconds = [usage.ru_utime, usage.ru_stime].reduce(0) {
            $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
        }
        return (seconds, peak)
    }
}
