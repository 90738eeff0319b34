import Foundation
import Testing

/// The loop of every fuzzer: so many rounds, or as long as RIPOSTE_FUZZ_SECONDS says, from
/// the seed in RIPOSTE_FUZZ_SEED.
///
/// In a long run each input lies in a file while it is used, so that a crash leaves its cause
/// behind; a round that takes over a second, or more memory than its input justifies, fails.
/// A short one is not measured: the machine may be busy. Run long ones one at a time.
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
            let memory = peakBytes()
            let start = clock.now
            try body(input)
            let taken = clock.now - start
            let grown = peakBytes() - memory
            // A round also pays for the allocator's arenas and for what is loaded once.
            if taken > .seconds(1) || grown > 64 << 20 + 256 * input.count {
                let kept = last.path + "-\(done)"
                try Data(input).write(to: URL(fileURLWithPath: kept))
                Issue.record("\(taken), \(grown >> 20) MB: the input is in \(kept)")
            }
            done += 1
        }
        try FileManager.default.removeItem(at: last)
        print("\(name): \(done) inputs")
    }

    /// The most memory this process has had.
    private static func peakBytes() -> Int {
        var usage = rusage()
        #if os(Linux)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss << 10
        #else
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #endif
    }
}
