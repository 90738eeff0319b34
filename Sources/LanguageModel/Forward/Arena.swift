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
        #if os(Linux)
            if usesLargePages { madvise(base, self.byteCount, 14 /* MADV_HUGEPAGE */) }
        #endif
    }

    /// Clearing a large page takes a fifth of a millisecond, and six where the host of a virtual
    /// machine looks for it first; here and there one takes long where the host has other work.
    private static let slowSeconds = 0.002
    private static let mostSlowPages = 4

    /// Has the system find the large pages now, on all threads of a team. Where that takes long
    /// the rest stay small at first: the default model would load in 0.2 s instead of 0.05.
    /// - Returns: the offset from which pages are small.
    func touchLargePages(team: ThreadTeam) -> Int {
        let count = byteCount / Self.largePageBytes
        let claimed = UnsafeMutablePointer<rk_counter>.allocate(capacity: 2)
        defer { claimed.deallocate() }
        let slow = claimed + 1
        rk_counter_reset(claimed)
        rk_counter_reset(slow)
        team.run { _ in
            while rk_claim(slow, 0) < Self.mostSlowPages {
                let index = Int(rk_claim(claimed, 1))
                guard index < count else { return }
                let start = Self.threadSeconds
                // Pages come zeroed.
                (self.base + index * Self.largePageBytes).storeBytes(of: 0, as: UInt8.self)
                if Self.threadSeconds - start > Self.slowSeconds { _ = rk_claim(slow, 1) }
            }
        }
        let smallFrom = min(Int(rk_claim(claimed, 0)), count) * Self.largePageBytes
        #if os(Linux)
            if smallFrom < count * Self.largePageBytes {
                madvise(base + smallFrom, byteCount - smallFrom, 15 /* MADV_NOHUGEPAGE */)
            }
        #endif
        return smallFrom
    }

    /// Processor time of this thread, which does not count when another one had its core.
    private static var threadSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }

    /// Puts large pages in the place of the small ones that begin at `offset`, in the background
    /// when the team has had no work for a while: what is moved is read by it, and moving takes a
    /// core. A team that never rests is left alone `patience` times, some seconds in all.
    func foldWhenIdle(from offset: Int, team: ThreadTeam, patience: Int = 30) {
        #if os(Linux)
            guard offset + Self.largePageBytes <= byteCount else { return }
            let runs = team.runCount
            DispatchQueue.global(qos: .background).asyncAfter(deadline: .now() + 0.3) {
                [weak self, weak team] in
                var offset = offset
                // A page at a time, as whoever reads one that is being moved waits.
                while let self, let team, offset + Self.largePageBytes <= byteCount {
                    if team.runCount != runs, patience > 0 {
                        return foldWhenIdle(from: offset, team: team, patience: patience - 1)
                    }
                    // Large pages may be asked for again now; older systems do not know the
                    // second request, which is no harm.
                    madvise(base + offset, Self.largePageBytes, 14 /* MADV_HUGEPAGE */)
                    madvise(base + offset, Self.largePageBytes, 25 /* MADV_COLLAPSE */)
                    offset += Self.largePageBytes
                }
            }
        #endif
    }

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
