/// Says which tokens may come next: all of them, or of a few, where finding all takes long.
public protocol TokenFilter {
    var vocabularySize: Int { get }

    /// The tokens allowed, where that is known already.
    var knownMask: TokenMask? { get }

    /// The tokens allowed.
    func mask() -> TokenMask

    /// Sets the logits of those among `ids` that are not allowed to minus infinity.
    ///
    /// - Returns: how many they were.
    func exclude(_ ids: UnsafeBufferPointer<TokenID>, from row: UnsafeMutablePointer<Float>)
        -> Int
}

/// A set of token ids as bits: the ids a constraint allows next.
public struct TokenMask: Sendable, Equatable, Hashable {
    public let vocabularySize: Int
    /// Bit i of word w is token 64 w + i; bits past the vocabulary are 0.
    private(set) var words: [UInt64]

    /// A mask that allows nothing.
    public init(vocabularySize: Int) {
        self.vocabularySize = vocabularySize
        words = [UInt64](repeating: 0, count: (vocabularySize + 63) / 64)
    }

    /// - Parameter words: as many as the vocabulary needs, bits past it 0.
    init(vocabularySize: Int, words: [UInt64]) {
        self.vocabularySize = vocabularySize
        self.words = words
    }

    public subscript(id: TokenID) -> Bool {
        get {
            guard id >= 0, Int(id) < vocabularySize else { return false }
            return words[Int(id) >> 6] >> UInt64(id & 63) & 1 == 1
        }
        set {
            guard id >= 0, Int(id) < vocabularySize else { return }
            let bit = UInt64(1) << UInt64(id & 63)
            if newValue { words[Int(id) >> 6] |= bit } else { words[Int(id) >> 6] &= ~bit }
        }
    }

    /// How many ids are allowed.
    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// The lowest id allowed.
    var first: TokenID? { ids.first { _ in true } }

    /// The ids allowed, ascending.
    var ids: some Sequence<TokenID> {
        sequence(state: (index: 0, rest: words.first ?? 0)) { state -> TokenID? in
            while state.rest == 0 {
                state.index += 1
                guard state.index < words.count else { return nil }
                state.rest = words[state.index]
            }
            let bit = state.rest.trailingZeroBitCount
            state.rest &= state.rest - 1
            return TokenID(state.index * 64 + bit)
        }
    }

    mutating func formIntersection(_ other: TokenMask) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    public mutating func formUnion(_ other: TokenMask) {
        for index in words.indices { words[index] |= other.words[index] }
    }
}

extension TokenMask: TokenFilter {
    public var knownMask: TokenMask? { self }

    public func mask() -> TokenMask { self }

    public func exclude(
        _ ids: UnsafeBufferPointer<TokenID>, from row: UnsafeMutablePointer<Float>
    ) -> Int {
        var count = 0
        for id in ids where !self[id] {
            row[Int(id)] = -.infinity
            count += 1
        }
        return count
    }
}
