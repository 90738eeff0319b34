import CKernels

/// 64 positions of keys and values of all layers. Shared by the sequences that begin alike.
final class CachePage {
    let memory: UnsafeMutablePointer<UInt8>
    private let pool: PagePool
    fileprivate let slab: PagePool.Slab

    fileprivate init(
        memory: UnsafeMutablePointer<UInt8>, slab: PagePool.Slab, pool: PagePool
    ) {
        self.memory = memory
        self.slab = slab
        self.pool = pool
    }

    deinit { pool.giveBack(self) }
}

/// Hands out pages and takes them back. Pages stay zeroed or hold old numbers: nothing reads
/// a position that was not written, but a weight of zero times garbage must still be a number.
///
/// Pages come from slabs of several: a deep context is read from end to end for every token,
/// and with the system's small pages the look-up of addresses would take longer than the
/// reading.
final class PagePool {
    fileprivate final class Slab {
        let arena: Arena
        var free: [UnsafeMutablePointer<UInt8>]
        let pageCount: Int
        var isFree: Bool { free.count == pageCount }

        init(pageBytes: Int) throws {
            pageCount = max(1, (8 << 20) / pageBytes)
            let bytes = Arena.aligned(pageBytes)
            let arena = try Arena(byteCount: pageCount * bytes, usesLargePages: true)
            self.arena = arena
            free = (0..<pageCount).map { _ in
                arena.take(bytes).assumingMemoryBound(to: UInt8.self)
            }
            // Those at the front go first: memory behind them stays untouched.
            free.reverse()
        }
    }

    let pageBytes: Int
    private(set) var pagesInUse = 0
    private var slabs: [Slab] = []

    init(pageBytes: Int) { self.pageBytes = max(pageBytes, 64) }

    var bytesInUse: Int { pagesInUse * pageBytes }

    /// - Throws: ``LanguageModelError`` where the system has no memory left.
    func makePage() throws -> CachePage {
        let slab: Slab
        if let some = slabs.first(where: { !$0.free.isEmpty }) {
            slab = some
        } else {
            slab = try Slab(pageBytes: pageBytes)
            slabs.append(slab)
        }
        pagesInUse += 1
        return CachePage(memory: slab.free.removeLast(), slab: slab, pool: self)
    }

    fileprivate func giveBack(_ page: CachePage) {
        pagesInUse -= 1
        page.slab.free.append(page.memory)
        if page.slab.isFree, slabs.count(where: \.isFree) > Self.mostFreeSlabs {
            slabs.removeAll { $0 === page.slab }
        }
    }

    /// Slabs kept at hand when nothing is in them; others go back to the system. On a virtual
    /// machine whose host has to find the memory first, a new megabyte can take 2 ms, and a
    /// prompt of 512 tokens a twelfth longer.
    private static let mostFreeSlabs = 3
}

/// A run of tokens whose keys and values are in the cache.
final class CachedSequence {
    static let pageLength = RK_PAGE

    /// Rotated with LongRoPE's second set of frequencies, as sequences of more tokens than its
    /// threshold are from their first token on. Keys of the two kinds do not mix.
    let usesLongRope: Bool

    private let pool: PagePool
    private(set) var tokens: [TokenID]
    private var pages: [CachePage]
    /// The pages' addresses, as the kernels read them.
    private(set) var table: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>
    private var tableCapacity: Int

    var count: Int { tokens.count }

    init(pool: PagePool, capacity: Int, usesLongRope: Bool) {
        self.pool = pool
        self.usesLongRope = usesLongRope
        tokens = []
        pages = []
        tableCapacity = capacity / Self.pageLength + 2
        table = .allocate(capacity: tableCapacity)
    }

    deinit { table.deallocate() }

    /// A sequence that begins with this one's first `length` tokens. Whole pages are shared;
    /// the last one is copied, as both will go on writing in it.
    func fork(length: Int) throws -> CachedSequence {
        precondition(length <= tokens.count)
        let copy = CachedSequence(
            pool: pool, capacity: (tableCapacity - 2) * Self.pageLength,
            usesLongRope: usesLongRope)
        copy.tokens = Array(tokens[..<length])
        let whole = length / Self.pageLength
        copy.pages = Array(pages[..<whole])
        if length % Self.pageLength > 0 {
            let page = try pool.makePage()
            page.memory.update(from: pages[whole].memory, count: pool.pageBytes)
            copy.pages.append(page)
        }
        for (index, page) in copy.pages.enumerated() { copy.table[index] = page.memory }
        return copy
    }

    /// Makes room for tokens that a forward pass is about to write, and counts them in.
    /// - Throws: where there is no memory for them; the sequence is then as before.
    func append(_ newTokens: ArraySlice<TokenID>) throws {
        try addPages(for: tokens.count + newTokens.count)
        tokens.append(contentsOf: newTokens)
    }

    func append(_ token: TokenID) throws {
        try addPages(for: tokens.count + 1)
        tokens.append(token)
    }

    private func addPages(for length: Int) throws {
        let needed = (length + Self.pageLength - 1) / Self.pageLength
        precondition(needed <= tableCapacity, "a sequence outgrew its context")
        while pages.count < needed {
            let page = try pool.makePage()
            table[pages.count] = page.memory
            pages.append(page)
        }
    }

    /// Forgets the tokens behind `length`. Their pages must not be shared with a fork made
    /// behind that point.
    func truncate(to length: Int) {
        let kept = (length + Self.pageLength - 1) / Self.pageLength
        pages.removeLast(pages.count - kept)
        tokens.removeLast(tokens.count - length)
    }

    /// Tokens that this sequence and a prompt have in common at the start.
    func commonPrefix(with prompt: [TokenID]) -> Int {
        var length = 0
        let limit = min(tokens.count, prompt.count)
        tokens.withUnsafeBufferPointer { mine in
            prompt.withUnsafeBufferPointer { theirs in
                while length < limit && mine[length] == theirs[length] { length += 1 }
            }
        }
        return length
    }
}
