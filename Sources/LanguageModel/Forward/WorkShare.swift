import CKernels

/// One thread's way through units of work that a team shares. Each thread has a run of units
/// of its own, takes most of what is left of it again and again, and when it is done takes
/// pieces of the others', as another program may slow one of the cores. (A common rest in small
/// pieces would do for that, but weights come from memory faster in long runs: on Zen 5 a token
/// took a tenth less time.)
struct WorkShare {
    /// One a thread: units taken of its run.
    private let counters: UnsafeMutablePointer<rk_counter>
    private let total: Int32
    private let piece: Int32
    private let threads: Int32
    private let thread: Int32
    /// Whose run this thread takes from: its own, then those of the threads after it.
    private var turn: Int32 = 0
    /// How far it knows its own run to be taken.
    private var position: Int32
    /// The run that the last units are from.
    private(set) var run: Range<Int32>

    /// All threads begin with the same counters, which nothing else uses in this pass.
    init(
        of total: Int32, piece: Int32, counters: UnsafeMutablePointer<rk_counter>, thread: Int32,
        threads: Int32
    ) {
        self.counters = counters
        self.total = total
        self.piece = max(1, piece)
        self.thread = thread
        self.threads = threads
        position = total * thread / threads
        run = position..<position
    }

    private func start(_ owner: Int32) -> Int32 { total * owner / threads }

    /// The next units, nil when all are taken.
    mutating func next() -> Range<Int32>? {
        while turn < threads {
            let owner = (thread + turn) % threads
            let first = start(owner)
            let end = start(owner + 1)
            let count = max(piece, turn == 0 ? (end - position) * 3 / 4 : 0)
            let begin = first + rk_claim(counters + Int(owner), count)
            if begin < end {
                position = min(begin + count, end)
                run = first..<end
                return begin..<position
            }
            turn += 1
        }
        return nil
    }
}
