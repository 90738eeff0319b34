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

    /// Puts large pages in the place of the small ones that were touched, in the background and
    /// a little later: the first token should not wait for it.
    func foldLater() {
        #if os(Linux)
            DispatchQueue.global(qos: .background).asyncAfter(deadline: .now() + 0.3) {
                [weak self] in
                var offset = 0
                // A page at a time, as whoever reads one that is being moved waits.
                while let self, offset < self.byteCount {
                    let start = (self.base + offset).alignedUp(toMultipleOf: Self.largePageBytes)
                    guard start + Self.largePageBytes <= self.base + self.byteCount else { break }
                    // Older systems do not know the request, which is no harm.
                    madvise(start, Self.largePageBytes, 25 /* MADV_COLLAPSE */)
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
