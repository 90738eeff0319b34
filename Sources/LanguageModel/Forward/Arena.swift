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
                "There is not enough memory for \(byteCount >> 20) MB")
        }
        mapping = UnsafeMutableRawBufferPointer(start: address, count: self.byteCount + pageBytes)
        base = usesLargePages ? address.alignedUp(toMultipleOf: pageBytes) : address
        if usesLargePages { suitLargePages() }
    }

    /// Lets the system use large pages: for what is not touched yet at once, for the rest in
    /// the background.
    func suitLargePages() {
        #if os(Linux)
            madvise(base, byteCount, 14 /* MADV_HUGEPAGE */)
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
