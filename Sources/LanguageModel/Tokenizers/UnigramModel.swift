/// SentencePiece unigram: of all ways to cut a text into tokens, the one whose scores have
/// the largest sum (Kudo 2018, https://arxiv.org/abs/1804.10959), by Viterbi's algorithm.
struct UnigramModel: Sendable {
    private let tokens: ByteStrings
    private let index: TokenIndex
    private let trie: ByteTrie
    private let scores: [Double]
    private let unknownScore: Double
    private let unknown: TokenID?
    /// Empty where unknown text becomes the unknown token.
    private let byteTokens: [TokenID]

    /// What an unknown character costs beyond the worst token.
    private static let unknownPenalty = 10.0

    init(_ vocabulary: VocabularyDescription, index: TokenIndex, byteFallback: Bool) {
        tokens = vocabulary.tokens
        self.index = index
        unknown = vocabulary.specialTokens.unknown
        byteTokens = byteFallback ? vocabulary.fallbackTokens : []
        var trie = ByteTrie()
        var scores = vocabulary.scores
        scores += Array(repeating: 0, count: max(0, tokens.count - scores.count))
        var worst = Double.infinity
        for id in 0..<tokens.count {
            if !scores[id].isFinite { scores[id] = -1e9 }
            let kind = vocabulary.kinds[id]
            // A token the person's words must match goes before any that is merely likely.
            if kind == .userDefined, !vocabulary.countsAllScores { scores[id] = 0 }
            if vocabulary.isSegmentable(id) {
                trie.insert(tokens[id], value: TokenID(truncatingIfNeeded: id))
            }
            if kind == .normal || vocabulary.countsAllScores { worst = min(worst, scores[id]) }
        }
        self.trie = trie
        self.scores = scores
        unknownScore = (worst.isFinite ? worst : 0) - Self.unknownPenalty
    }

    func encode(
        _ word: UnsafePointer<UInt8>, _ count: Int, _ scratch: EncodingScratch,
        into output: inout [TokenID]
    ) {
        guard count > 0 else { return }
        let lattice = scratch.lattice.reset(count)
        var start = 0
        while start < count {
            let soFar = lattice.scores[start]
            let length = scalarLength(word[start])
            var isCovered = false
            var node = trie.root
            var end = start
            while end < count, let child = trie.child(of: node, word[end]) {
                node = child
                end += 1
                guard let id = trie.value(of: node) else { continue }
                lattice.offer(end, score: soFar + scores[Int(id)], from: start, id: id)
                if end - start == length { isCovered = true }
            }
            if !isCovered {
                lattice.offer(
                    start + length, score: soFar + unknownScore, from: start, id: unknown ?? -1)
            }
            start += length
        }
        scratch.lattice.pieces.removeAll(keepingCapacity: true)
        var end = count
        while end > 0 {
            let start = Int(lattice.starts[end])
            scratch.lattice.pieces.append((start, end, lattice.ids[end]))
            end = start
        }
        emit(word, scratch.lattice.pieces, into: &output)
    }

    /// Writes the pieces, which are in reverse; neighbouring unknown ones become one.
    private func emit(
        _ word: UnsafePointer<UInt8>, _ pieces: [UnigramLattice.Piece],
        into output: inout [TokenID]
    ) {
        var place = pieces.count - 1
        while place >= 0 {
            let piece = pieces[place]
            place -= 1
            guard piece.id == unknown ?? -1 else {
                output.append(piece.id)
                continue
            }
            var end = piece.end
            while place >= 0, pieces[place].id == piece.id {
                end = pieces[place].end
                place -= 1
            }
            let text = UnsafeBufferPointer(start: word + piece.start, count: end - piece.start)
            if let id = index.find(word + piece.start, text.count, in: tokens) {
                output.append(id)
            } else if !byteTokens.isEmpty, text.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
                for byte in text { output.append(byteTokens[Int(byte)]) }
            } else if let unknown {
                output.append(unknown)
            }
        }
    }
}

/// The best way to reach each byte of a text.
struct UnigramLattice {
    typealias Piece = (start: Int, end: Int, id: TokenID)

    /// The columns, grown once and reused.
    final class Columns {
        var scores: [Double] = []
        var starts: [Int32] = []
        var ids: [TokenID] = []

        @inline(__always)
        func offer(_ end: Int, score: Double, from start: Int, id: TokenID) {
            if starts[end] < 0 || score > scores[end] {
                scores[end] = score
                starts[end] = Int32(truncatingIfNeeded: start)
                ids[end] = id
            }
        }
    }

    private let columns = Columns()
    var pieces: [Piece] = []

    func reset(_ count: Int) -> Columns {
        columns.scores.removeAll(keepingCapacity: true)
        columns.scores.append(contentsOf: repeatElement(0, count: count + 1))
        columns.starts.removeAll(keepingCapacity: true)
        columns.starts.append(contentsOf: repeatElement(-1, count: count + 1))
        columns.ids.removeAll(keepingCapacity: true)
        columns.ids.append(contentsOf: repeatElement(-1, count: count + 1))
        return columns
    }
}

/// Byte strings by their prefixes: nodes are numbers, edges one hash table.
struct ByteTrie: Sendable {
    let root: UInt32 = 0
    private var values: [TokenID] = [-1]
    private var keys: [UInt64] = Array(repeating: 0, count: 1024)
    private var children: [UInt32] = Array(repeating: 0, count: 1024)
    private var edgeCount = 0

    var isEmpty: Bool { edgeCount == 0 }

    @inline(__always)
    private func slot(_ key: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & (keys.count - 1)
        while keys[slot] != 0 && keys[slot] != key { slot = (slot + 1) & (keys.count - 1) }
        return slot
    }

    /// Never 0, which marks a free slot.
    @inline(__always)
    private func key(_ node: UInt32, _ byte: UInt8) -> UInt64 {
        (UInt64(node) << 8 | UInt64(byte)) + 1
    }

    @inline(__always)
    func child(of node: UInt32, _ byte: UInt8) -> UInt32? {
        let slot = slot(key(node, byte))
        return keys[slot] == 0 ? nil : children[slot]
    }

    @inline(__always)
    func value(of node: UInt32) -> TokenID? {
        let value = values[Int(node)]
        return value < 0 ? nil : value
    }

    mutating func insert(_ string: some Sequence<UInt8>, value: TokenID) {
        var node = root
        for byte in string {
            if let next = child(of: node, byte) {
                node = next
                continue
            }
            if edgeCount * 2 >= keys.count { grow() }
            let slot = slot(key(node, byte))
            keys[slot] = key(node, byte)
            children[slot] = UInt32(values.count)
            node = UInt32(values.count)
            values.append(-1)
            edgeCount += 1
        }
        if node != root { values[Int(node)] = value }
    }

    private mutating func grow() {
        let old = (keys, children)
        keys = Array(repeating: 0, count: old.0.count * 2)
        children = Array(repeating: 0, count: keys.count)
        for (index, key) in old.0.enumerated() where key != 0 {
            let slot = slot(key)
            keys[slot] = key
            children[slot] = old.1[index]
        }
    }
}
