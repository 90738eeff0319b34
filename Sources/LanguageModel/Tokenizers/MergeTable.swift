/// The merges of a byte-pair vocabulary: a pair of ids to its rank and the merged id.
struct MergeTable: Sendable {
    /// 16 bytes, so that a lookup touches one cache line as a rule.
    private struct Slot {
        var key: UInt64
        var rank: UInt32
        var id: TokenID
    }

    private static let empty = UInt64.max
    private var slots: [Slot]
    private let mask: Int

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = [Slot](repeating: Slot(key: Self.empty, rank: .max, id: -1), count: size)
        mask = size - 1
    }

    @inline(__always)
    private static func key(_ left: TokenID, _ right: TokenID) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private func slot(of key: UInt64) -> Int {
        let hash = key &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: hash >> 32) & mask
    }

    /// Adds a merge; of two with the same pair the first counts.
    mutating func insert(left: TokenID, right: TokenID, rank: Int, merged: TokenID) {
        guard merged >= 0 else { return }
        let key = Self.key(left, right)
        var index = slot(of: key)
        while slots[index].key != Self.empty {
            if slots[index].key == key { return }
            index = (index + 1) & mask
        }
        slots[index] = Slot(key: key, rank: UInt32(truncatingIfNeeded: rank), id: merged)
    }

    @inline(__always)
    func find(_ left: TokenID, _ right: TokenID) -> (rank: UInt32, id: TokenID) {
        let key = Self.key(left, right)
        return slots.withUnsafeBufferPointer { slots in
            var index = slot(of: key)
            while true {
                let slot = slots[index]
                if slot.key == key { return (slot.rank, slot.id) }
                if slot.key == Self.empty { return (.max, -1) }
                index = (index + 1) & mask
            }
        }
    }
}
