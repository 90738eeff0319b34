import CKernels

/// One thread's way through units of work that a team shares. Most units are dealt out in
/// advance, in long runs; the rest goes in small pieces to whoever is free first, as another
/// program may slow one of the cores.
struct WorkShare {
    private let counter: UnsafeMutablePointer<rk_counter>
    private let total: Int32
    private let piece: Int32
    private let dealt: Int32
    private var own: Range<Int32>

    /// All threads begin with the same counter, which nothing else uses in this pass.
    init(
        of total: Int32, piece: Int32, counter: UnsafeMutablePointer<rk_counter>, thread: Int32,
        threads: Int32
    ) {
        self.counter = counter
        self.total = total
        self.piece = max(1, piece)
        let each = total / threads * 3 / 4
        dealt = each * threads
        own = each * thread..<each * (thread + 1)
    }

    /// The next units, nil when all are taken.
    mutating func next() -> Range<Int32>? {
        if !own.isEmpty {
            defer { own = own.upperBound..<own.upperBound }
            return own
        }
        let first = dealt + rk_claim(counter, piece)
        return first < total ? first..<min(first + piece, total) : nil
    }
}
