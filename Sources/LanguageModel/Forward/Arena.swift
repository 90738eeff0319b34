import CKernels
import Foundation

/// One block of memory, aligned to cache lines, that lives as long as this object.
// Unchecked because of the pointer: whoever makes the arena fills it before it is shared;
// afterwards weights are only read.
final class Arena: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int
    private let mapping: UnsafeMutableRawBufferPointer
    private var used = 0
    /// Where pages are small from. After loading, the thread that folds has it for itself.
    private var smallFrom: Int

    /// - Parameter usesLargePages: for memory that is used in full; large pages are taken whole
    ///   where a byte of them is touched.
    init(byteCount: Int, usesLargePages: Bool) throws {
        self.byteCount = max(byteCount, 64)
        let pageBytes = usesLargePages ? Self.largePageBytes : 0
        // Anonymous pages come zeroed and only when touched.
        guard
            let address = mmap(
                nil, self.byteCount + pageBytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            address != MAP_FAILED
        else {
            throw LanguageModelError.invalidRequest(
                "There is not enough memory: \(max(1, byteCount >> 20)) MB more were needed")
        }
        mapping = UnsafeMutableRawBufferPointer(start: address, count: self.byteCount + pageBytes)
        base = usesLargePages ? address.alignedUp(toMultipleOf: pageBytes) : address
        smallFrom = usesLargePages ? self.byteCount : 0
        #if os(Linux)
            if usesLargePages { madvise(base, self.byteCount, 14 /* MADV_HUGEPAGE */) }
        #endif
    }

    /// Has the system find all large pages now, on all threads of a team. Where that takes long,
    /// as on a virtual machine whose host has to look for them, the rest stay small at first:
    /// the default model would load in 0.2 s instead of 0.05.
    func touchLargePages(team: ThreadTeam) {
        let count = byteCount / Self.largePageBytes
        let touched = PageTouch(base: base, count: count, pageBytes: Self.largePageBytes).run(team)
        guard touched < count else { return }
        smallFrom = touched * Self.largePageBytes
        #if os(Linux)
            madvise(base + smallFrom, byteCount - smallFrom, 15 /* MADV_NOHUGEPAGE */)
        #endif
    }

    /// Puts large pages in the place of small ones, in the background when the team has had no
    /// work for a while: what is moved is read by it, and moving takes a core. A team that never
    /// rests is left alone for some seconds.
    func foldWhenIdle(team: ThreadTeam) {
        #if os(Linux)
            guard smallFrom < byteCount else { return }
            foldIfIdle(team: team, runs: team.runCount, patience: 30)
        #endif
    }

    #if os(Linux)
        private func foldIfIdle(team: ThreadTeam, runs: UInt32, patience: Int) {
            DispatchQueue.global(qos: .background).asyncAfter(deadline: .now() + 0.3) {
                [weak self, weak team] in
                guard let self, let team else { return }
                // A page at a time, as whoever reads one that is being moved waits.
                while smallFrom + Self.largePageBytes <= byteCount {
                    let now = team.runCount
                    if now != runs, patience > 0 {
                        return foldIfIdle(team: team, runs: now, patience: patience - 1)
                    }
                    // Large pages may be asked for again now; older systems do not know the
                    // second request, which is no harm.
                    madvise(base + smallFrom, Self.largePageBytes, 14 /* MADV_HUGEPAGE */)
                    madvise(base + smallFrom, Self.largePageBytes, 25 /* MADV_COLLAPSE */)
                    smallFrom += Self.largePageBytes
                }
            }
        }
    #endif

    deinit { munmap(mapping.baseAddress, mapping.count) }

    private static let largePageBytes = 2 << 20

    static func aligned(_ bytes: Int) -> Int { (bytes + 63) & ~63 }

    /// The next `bytes` of the block.
    func take(_ bytes: Int) -> UnsafeMutableRawPointer {
        precondition(used + bytes <= byteCount, "an arena was planned too small")
        defer { used += Self.aligned(bytes) }
        return base + used
    }

    func take(floats: [Float]) -> UnsafePointer<Float> {
        let target = take(floats.count * 4).assumingMemoryBound(to: Float.self)
        floats.withUnsafeBufferPointer { source in
            if let from = source.baseAddress { target.update(from: from, count: floats.count) }
        }
        return UnsafePointer(target)
    }
}

/// Touches pages on all threads of a team, until several took long.
// Unchecked because of the pointers: threads share out the pages by the counter.
private final class PageTouch: @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    private let count: Int
    private let pageBytes: Int
    private let claimed: UnsafeMutablePointer<rk_counter>
    private let slow: UnsafeMutablePointer<rk_counter>

    /// Clearing a page takes a fifth of a millisecond, and six where a host looks for it; here
    /// and there one takes long where a host has other work.
    private static let slowSeconds = 0.002
    private static let mostSlow = 4

    init(base: UnsafeMutableRawPointer, count: Int, pageBytes: Int) {
        self.base = base
        self.count = count
        self.pageBytes = pageBytes
        claimed = .allocate(capacity: 2)
        slow = claimed + 1
        rk_counter_reset(claimed)
        rk_counter_reset(slow)
    }

    deinit { claimed.deallocate() }

    /// - Returns: how many pages were touched, from the first on.
    func run(_ team: ThreadTeam) -> Int {
        team.run(Unmanaged.passUnretained(self).toOpaque()) { context, _, _ in
            Unmanaged<PageTouch>.fromOpaque(context!).takeUnretainedValue().work()
        }
        return min(Int(rk_claim(claimed, 0)), count)
    }

    private func work() {
        while rk_claim(slow, 0) < Self.mostSlow {
            let index = Int(rk_claim(claimed, 1))
            guard index < count else { return }
            let start = Self.threadSeconds
            // Pages come zeroed.
            (base + index * pageBytes).storeBytes(of: 0, as: UInt8.self)
            if Self.threadSeconds - start > Self.slowSeconds { _ = rk_claim(slow, 1) }
        }
    }

    /// Processor time of this thread, which does not count when another one had its core.
    private static var threadSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
}
