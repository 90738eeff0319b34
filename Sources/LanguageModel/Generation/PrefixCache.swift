/// What was read before, so that it need not be read again: sequences of earlier turns,
/// templates and candidates, found by their longest common prefix with a new prompt.
final class PrefixCache {
    private struct Entry {
        var sequence: CachedSequence
        var lastUse: Int
        var isBrief: Bool
    }

    let pool: PagePool
    private let budget: Int
    private let capacity: Int
    private var entries: [Entry] = []
    private var clock = 0

    /// - Parameters:
    ///   - budget: bytes all pages may take; the least recently used sequences go first.
    ///   - capacity: tokens of the longest sequence.
    init(pageBytes: Int, budget: Int, capacity: Int) {
        pool = PagePool(pageBytes: pageBytes)
        self.budget = budget
        self.capacity = capacity
    }

    /// A sequence that holds as much of the prompt as is cached, at most `limit` tokens.
    func sequence(for prompt: [TokenID], limit: Int, usesLongRope: Bool) throws
        -> CachedSequence
    {
        clock += 1
        var best: Int?
        var length = 0
        for index in entries.indices where entries[index].sequence.usesLongRope == usesLongRope {
            let common = entries[index].sequence.commonPrefix(with: prompt)
            if common > length {
                best = index
                length = common
            }
        }
        makeRoom()
        guard let best, min(length, limit) > 0 else {
            return CachedSequence(pool: pool, capacity: capacity, usesLongRope: usesLongRope)
        }
        let fork = try entries[best].sequence.fork(length: min(length, limit))
        entries[best].lastUse = clock
        return fork
    }

    /// Tokens of the prompt that a new sequence would find cached.
    func cachedLength(of prompt: [TokenID], usesLongRope: Bool) -> Int {
        entries.filter { $0.sequence.usesLongRope == usesLongRope }
            .reduce(0) { max($0, $1.sequence.commonPrefix(with: prompt)) }
    }

    /// Keeps a sequence for later prompts.
    ///
    /// - Parameter isBrief: only till the next brief one comes. Prompts whose replies are scored
    ///   one after the other are not met again, and hundreds of them are no use to a chat.
    func keep(_ sequence: CachedSequence, isBrief: Bool = false) {
        guard sequence.count > 0 else { return }
        clock += 1
        // A sequence that is the beginning of this one adds nothing.
        entries.removeAll {
            if isBrief { return $0.isBrief }
            return $0.sequence === sequence
                || $0.sequence.usesLongRope == sequence.usesLongRope
                    && $0.sequence.count <= sequence.count
                    && $0.sequence.commonPrefix(with: sequence.tokens) == $0.sequence.count
        }
        entries.append(Entry(sequence: sequence, lastUse: clock, isBrief: isBrief))
        makeRoom()
    }

    func removeAll() { entries = [] }

    private func makeRoom() {
        while pool.bytesInUse > budget,
            let oldest = entries.indices.min(by: { entries[$0].lastUse < entries[$1].lastUse })
        {
            entries.remove(at: oldest)
        }
    }
}
