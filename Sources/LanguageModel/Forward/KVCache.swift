import CKernels

/// 64 positions of keys and values of all layers. Shared by the sequences that begin alike.
final class CachePage {
    let memory: UnsafeMutablePointer<UInt8>
    private let pool: PagePool

    fileprivate init(memory: UnsafeMutablePointer<UInt8>, pool: PagePool) {
        self.memory = memory
        self.pool = pool
    }

    deinit { pool.giveBack(memory) }
}

/// Hands out pages and takes them back. Pages stay zeroed or hold old numbers: nothing reads
/// a position that was not written, but a weight of zero times garbage must still be a number.
final class PagePool {
    let pageBytes: Int
    private(set) var pagesInUse = 0
    private var free: [UnsafeMutablePointer<UInt8>] = []

    init(pageBytes: Int) { self.pageBytes = max(pageBytes, 64) }

    deinit { free.forEach { $0.deallocate() } }

    var bytesInUse: Int { pagesInUse * pageBytes }

    func makePage() -> CachePage {
        pagesInUse += 1
        if let memory = free.popLast() { return CachePage(memory: memory, pool: self) }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: pageBytes, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: pageBytes)
        return CachePage(memory: memory.assumingMemoryBound(to: UInt8.self), pool: self)
    }

    fileprivate func giveBack(_ memory: UnsafeMutablePointer<UInt8>) {
        pagesInUse -= 1
        // A few are kept at hand; the rest goes back to the system.
        if free.count < 16 { free.append(memory) } else { memory.deallocate() }
    }
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
    func fork(length: Int) -> CachedSequence {
        precondition(length <= tokens.count)
        let copy = CachedSequence(
            pool: pool, capacity: (tableCapacity - 2) * Self.pageLength,
            usesLongRope: usesLongRope)
        copy.tokens = Array(tokens[..<length])
        let whole = length / Self.pageLength
        copy.pages = Array(pages[..<whole])
        if length % Self.pageLength > 0 {
            let page = pool.makePage()
            page.memory.update(from: pages[whole].memory, count: pool.pageBytes)
            copy.pages.append(page)
        }
        for (index, page) in copy.pages.enumerated() { copy.table[index] = page.memory }
        return copy
    }

    /// Makes room for tokens that a forward pass is about to write, and counts them in.
    func append(_ newTokens: ArraySlice<TokenID>) {
        addPages(for: tokens.count + newTokens.count)
        tokens.append(contentsOf: newTokens)
    }

    func append(_ token: TokenID) {
        addPages(for: tokens.count + 1)
        tokens.append(token)
    }

    private func addPages(for length: Int) {
        let needed = (length + Self.pageLength - 1) / Self.pageLength
        precondition(needed <= tableCapacity, "a sequence outgrew its context")
        while pages.count < needed {
            let page = pool.makePage()
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
