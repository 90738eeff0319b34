/// A piece of a word while its parts are being merged.
struct Symbol {
    /// The token, or a negative number where the vocabulary has none for the piece.
    var id: TokenID
    /// Bytes of the word.
    var start: Int32
    var end: Int32
}

/// Tells which neighbours may be merged, and in what order.
protocol PairRanking {
    /// The rank of merging two neighbours (lower goes first, `UInt32.max` for never) and the
    /// token they become.
    func rank(_ left: Symbol, _ right: Symbol) -> (rank: UInt32, id: TokenID)
}

/// Merges neighbours, lowest rank first and leftmost among equals, until none may be merged.
///
/// Short words, nearly all, are searched for the lowest rank each time; long ones keep a heap,
/// which makes a word of n pieces cost O(n log n).
struct PairMerger {
    private static let longWord = 48

    private var ranks: [UInt32] = []
    private var ids: [TokenID] = []
    private var heap: [UInt64] = []

    /// Merges in place; `symbols` keeps what is left, in order.
    @inline(__always)
    mutating func merge(_ symbols: inout [Symbol], by ranking: some PairRanking) {
        if symbols.count < 2 { return }
        if symbols.count <= Self.longWord {
            mergeShort(&symbols, by: ranking)
        } else {
            mergeLong(&symbols, by: ranking)
        }
    }

    @inline(__always)
    private mutating func mergeShort(_ symbols: inout [Symbol], by ranking: some PairRanking) {
        var count = symbols.count
        if ranks.count < Self.longWord {
            ranks = [UInt32](repeating: .max, count: Self.longWord)
            ids = [TokenID](repeating: -1, count: Self.longWord)
        }
        symbols.withUnsafeMutableBufferPointer { symbols in
            ranks.withUnsafeMutableBufferPointer { ranks in
                ids.withUnsafeMutableBufferPointer { ids in
                    for index in 0..<(count - 1) {
                        (ranks[index], ids[index]) = ranking.rank(
                            symbols[index], symbols[index + 1])
                    }
                    while count > 1 {
                        var best = UInt32.max
                        var place = 0
                        for index in 0..<(count - 1) where ranks[index] < best {
                            best = ranks[index]
                            place = index
                        }
                        if best == .max { break }
                        symbols[place].id = ids[place]
                        symbols[place].end = symbols[place + 1].end
                        count -= 1
                        var index = place + 1
                        while index < count {
                            symbols[index] = symbols[index + 1]
                            ranks[index - 1] = ranks[index]
                            ids[index - 1] = ids[index]
                            index += 1
                        }
                        if place + 1 < count {
                            (ranks[place], ids[place]) = ranking.rank(
                                symbols[place], symbols[place + 1])
                        }
                        if place > 0 {
                            (ranks[place - 1], ids[place - 1]) = ranking.rank(
                                symbols[place - 1], symbols[place])
                        }
                    }
                }
            }
        }
        symbols.removeLast(symbols.count - count)
    }

    private mutating func mergeLong(_ symbols: inout [Symbol], by ranking: some PairRanking) {
        let count = symbols.count
        var ranks = [UInt32](repeating: .max, count: count)
        var ids = [TokenID](repeating: -1, count: count)
        var previous = [Int32](repeating: -1, count: count)
        var next = [Int32](repeating: -1, count: count)
        heap.removeAll(keepingCapacity: true)
        heap.reserveCapacity(count)
        for index in 0..<count {
            previous[index] = Int32(truncatingIfNeeded: index) - 1
            next[index] = index + 1 < count ? Int32(truncatingIfNeeded: index) + 1 : -1
            if index + 1 < count {
                (ranks[index], ids[index]) = ranking.rank(symbols[index], symbols[index + 1])
                if ranks[index] != .max { heap.append(entry(ranks[index], index)) }
            }
        }
        var parent = heap.count / 2 - 1
        while parent >= 0 {
            siftDown(parent)
            parent -= 1
        }
        while let top = heap.first {
            let last = heap.removeLast()
            if !heap.isEmpty {
                heap[0] = last
                siftDown(0)
            }
            let place = Int(top & 0xFFFF_FFFF)
            // An entry that a merge since then has made wrong.
            guard ranks[place] == UInt32(top >> 32), next[place] >= 0 else { continue }
            let right = Int(next[place])
            symbols[place].id = ids[place]
            symbols[place].end = symbols[right].end
            ranks[right] = .max
            symbols[right].end = -1
            next[place] = next[right]
            if next[right] >= 0 { previous[Int(next[right])] = Int32(truncatingIfNeeded: place) }
            next[right] = -1
            ranks[place] = .max
            if next[place] >= 0 {
                (ranks[place], ids[place]) = ranking.rank(
                    symbols[place], symbols[Int(next[place])])
                if ranks[place] != .max { push(entry(ranks[place], place)) }
            }
            if previous[place] >= 0 {
                let left = Int(previous[place])
                (ranks[left], ids[left]) = ranking.rank(symbols[left], symbols[place])
                if ranks[left] != .max { push(entry(ranks[left], left)) }
            }
        }
        symbols.removeAll { $0.end < 0 }
    }

    // MARK: Heap of rank and place, the smallest first

    private func entry(_ rank: UInt32, _ place: Int) -> UInt64 {
        UInt64(rank) << 32 | UInt64(UInt32(truncatingIfNeeded: place))
    }

    private mutating func push(_ value: UInt64) {
        heap.append(value)
        heap.withUnsafeMutableBufferPointer { heap in
            var child = heap.count - 1
            while child > 0 {
                let parent = (child - 1) / 2
                if heap[parent] <= value { break }
                heap[child] = heap[parent]
                child = parent
            }
            heap[child] = value
        }
    }

    private mutating func siftDown(_ start: Int) {
        heap.withUnsafeMutableBufferPointer { heap in
            let count = heap.count
            let value = heap[start]
            var parent = start
            while true {
                var child = parent * 2 + 1
                if child >= count { break }
                if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
                if heap[child] >= value { break }
                heap[parent] = heap[child]
                parent = child
            }
            heap[parent] = value
        }
    }
}
