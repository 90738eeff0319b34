/// The tokens of words seen before: text is mostly the same words again.
///
/// Bounded: when it is full it is emptied, which costs less than keeping count of use.
struct WordCache {
    private struct Entry {
        var hash: UInt64
        var keyStart: Int32
        var keyCount: Int32
        var idStart: Int32
        var idCount: Int32
    }

    static let longestWord = 64
    private static let slotCount = 1 << 16
    private static let capacity = slotCount / 2

    private var slots: [UInt32] = []
    private var entries: [Entry] = []
    private var keys: [UInt8] = []
    private var ids: [TokenID] = []

    /// Appends the tokens of a word that is known; false where it is not.
    @inline(__always)
    func find(
        _ word: UnsafePointer<UInt8>, _ count: Int, hash: UInt64, into output: inout [TokenID]
    ) -> Bool {
        guard !slots.isEmpty else { return false }
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
        while true {
            let index = slots[slot]
            if index == 0 { return false }
            let entry = entries[Int(index) - 1]
            if entry.hash == hash, Int(entry.keyCount) == count {
                let isEqual = keys.withUnsafeBufferPointer {
                    equalBytes($0.baseAddress.unsafelyUnwrapped + Int(entry.keyStart), word, count)
                }
                if isEqual {
                    let start = Int(entry.idStart)
                    for place in start..<(start + Int(entry.idCount)) { output.append(ids[place]) }
                    return true
                }
            }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
    }

    mutating func insert(
        _ word: UnsafePointer<UInt8>, _ count: Int, hash: UInt64, tokens: ArraySlice<TokenID>
    ) {
        if slots.isEmpty || entries.count >= Self.capacity {
            slots = [UInt32](repeating: 0, count: Self.slotCount)
            entries.removeAll(keepingCapacity: true)
            keys.removeAll(keepingCapacity: true)
            ids.removeAll(keepingCapacity: true)
        }
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (Self.slotCount - 1) }
        entries.append(
            Entry(
                hash: hash, keyStart: Int32(keys.count), keyCount: Int32(count),
                idStart: Int32(ids.count), idCount: Int32(tokens.count)))
        slots[slot] = UInt32(entries.count)
        keys.append(contentsOf: UnsafeBufferPointer(start: word, count: count))
        ids.append(contentsOf: tokens)
    }
}
