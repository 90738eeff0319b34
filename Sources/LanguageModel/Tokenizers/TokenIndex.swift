/// Finds a token by its bytes: open addressing over ``ByteStrings``.
struct TokenIndex: Sendable {
    /// Upper half: part of the hash; lower half: id + 1, 0 where the slot is free.
    private var slots: [UInt64]
    private let mask: Int
    /// No token is longer than this, so longer byte ranges need not be hashed.
    private(set) var longestToken = 0

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = [UInt64](repeating: 0, count: size)
        mask = size - 1
    }

    /// Indexes every string for which `isIncluded` holds. Of equal strings, the last wins
    /// where `lastWins`, else the first.
    init(_ strings: ByteStrings, lastWins: Bool = true, where isIncluded: (Int) -> Bool) {
        self.init(capacity: strings.count)
        for index in 0..<strings.count where isIncluded(index) {
            insert(TokenID(truncatingIfNeeded: index), of: strings, replaces: lastWins)
        }
    }

    mutating func insert(_ id: TokenID, of strings: ByteStrings, replaces: Bool) {
        let range = strings.range(of: Int(id))
        guard !range.isEmpty else { return }
        longestToken = max(longestToken, range.count)
        strings.bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            let key = base + range.lowerBound
            let hash = hashBytes(key, range.count)
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 {
                if slots[slot] >> 32 == hash >> 32 {
                    let other = strings.range(of: Self.index(slots[slot]))
                    if other.count == range.count,
                        equalBytes(base + other.lowerBound, key, range.count)
                    {
                        if !replaces { return }
                        break
                    }
                }
                slot = (slot + 1) & mask
            }
            slots[slot] = (hash >> 32) << 32 | UInt64(UInt32(bitPattern: id) &+ 1)
        }
    }

    @inline(__always)
    private static func index(_ slot: UInt64) -> Int { Int(slot & 0xFFFF_FFFF) - 1 }

    /// The id of the token with exactly these bytes, or nil.
    @inline(__always)
    func find(_ key: UnsafePointer<UInt8>, _ count: Int, in strings: ByteStrings) -> TokenID? {
        guard count > 0, count <= longestToken else { return nil }
        let hash = hashBytes(key, count)
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            if slots[slot] >> 32 == hash >> 32 {
                let range = strings.range(of: Self.index(slots[slot]))
                if range.count == count {
                    let isEqual = strings.bytes.withUnsafeBufferPointer {
                        equalBytes($0.baseAddress.unsafelyUnwrapped + range.lowerBound, key, count)
                    }
                    if isEqual { return TokenID(Self.index(slots[slot])) }
                }
            }
            slot = (slot + 1) & mask
        }
        return nil
    }

    func find(_ key: some Collection<UInt8>, in strings: ByteStrings) -> TokenID? {
        let key = Array(key)
        return key.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.flatMap { find($0, buffer.count, in: strings) }
        }
    }
}
