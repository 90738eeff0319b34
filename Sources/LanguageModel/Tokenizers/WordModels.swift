/// Byte-pair encoding over ranked merges.
struct BytePairModel: Sendable {
    private let tokens: ByteStrings
    private let index: TokenIndex
    private let merges: MergeTable
    private let ignoresMerges: Bool
    /// The token of each byte: of the byte itself, or `<0x0A>` tokens for the fallback. -1
    /// where there is none.
    private let byteTokens: [TokenID]
    private let options: VocabularyDescription.RankedMerges

    init(
        _ vocabulary: VocabularyDescription, _ options: VocabularyDescription.RankedMerges,
        index: TokenIndex
    ) {
        tokens = vocabulary.tokens
        self.index = index
        self.options = options
        ignoresMerges = vocabulary.ignoresMerges
        if options.isByteLevel {
            byteTokens = (0..<256).map { index.find([UInt8($0)], in: vocabulary.tokens) ?? -1 }
        } else {
            byteTokens = options.hasByteFallback ? vocabulary.fallbackTokens : []
        }
        var merges = MergeTable(capacity: vocabulary.merges.count)
        for (rank, merge) in vocabulary.merges.enumerated() {
            merges.insert(
                left: merge.left, right: merge.right, rank: rank, merged: merge.merged)
        }
        self.merges = merges
    }

    private struct Ranking: PairRanking {
        let merges: MergeTable
        @inline(__always)
        func rank(_ left: Symbol, _ right: Symbol) -> (rank: UInt32, id: TokenID) {
            merges.find(left.id, right.id)
        }
    }

    func encode(
        _ word: UnsafePointer<UInt8>, _ count: Int, _ scratch: EncodingScratch,
        into output: inout [TokenID]
    ) {
        if ignoresMerges, let whole = index.find(word, count, in: tokens) {
            output.append(whole)
            return
        }
        scratch.symbols.removeAll(keepingCapacity: true)
        if options.isByteLevel {
            splitBytes(word, count, scratch)
        } else {
            splitCharacters(word, count, scratch)
        }
        scratch.merger.merge(&scratch.symbols, by: Ranking(merges: merges))
        for symbol in scratch.symbols { output.append(symbol.id) }
    }

    private func splitBytes(
        _ word: UnsafePointer<UInt8>, _ count: Int, _ scratch: EncodingScratch
    ) {
        for offset in 0..<count {
            let start = Int32(truncatingIfNeeded: offset)
            let id = byteTokens[Int(word[offset])]
            if id >= 0 {
                scratch.symbols.append(Symbol(id: id, start: start, end: start + 1))
            } else {
                appendUnknown(start, start + 1, scratch)
            }
        }
    }

    private func appendUnknown(_ start: Int32, _ end: Int32, _ scratch: EncodingScratch) {
        guard let unknown = options.unknown else { return }
        if options.fusesUnknown, let last = scratch.symbols.last, last.id == unknown,
            last.end == start
        {
            scratch.symbols[scratch.symbols.count - 1].end = end
        } else {
            scratch.symbols.append(Symbol(id: unknown, start: start, end: end))
        }
    }

    private func splitCharacters(
        _ word: UnsafePointer<UInt8>, _ count: Int, _ scratch: EncodingScratch
    ) {
        var offset = 0
        while offset < count {
            let length = scalarLength(word[offset])
            let start = Int32(truncatingIfNeeded: offset)
            let end = Int32(truncatingIfNeeded: offset + length)
            let bytes = UnsafeBufferPointer(start: word + offset, count: length)
            if let id = index.find(word + offset, length, in: tokens) {
                scratch.symbols.append(Symbol(id: id, start: start, end: end))
            } else if !byteTokens.isEmpty, bytes.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
                for (place, byte) in bytes.enumerated() {
                    let start = start + Int32(place)
                    scratch.symbols.append(
                        Symbol(id: byteTokens[Int(byte)], start: start, end: start + 1))
                }
            } else {
                appendUnknown(start, end, scratch)
            }
            offset += length
        }
    }
}

/// SentencePiece BPE: any two neighbours whose text is a token may become it, the one with
/// the best score first.
struct ScoredPairModel: Sendable {
    private let tokens: ByteStrings
    private let index: TokenIndex
    /// The place of each token among all, best score first; equal scores share it.
    private let ranks: [UInt32]
    private let byteTokens: [TokenID]
    private let unknown: TokenID?

    init(_ vocabulary: VocabularyDescription, index: TokenIndex) {
        tokens = vocabulary.tokens
        self.index = index
        unknown = vocabulary.specialTokens.unknown
        byteTokens = vocabulary.fallbackTokens
        let scores = vocabulary.scores
        // A NaN would make the order depend on the sort: it counts as the worst score.
        func score(_ id: Int) -> Double {
            id < scores.count && !scores[id].isNaN ? scores[id] : -.infinity
        }
        let order = (0..<tokens.count).sorted { score($0) > score($1) }
        var ranks = [UInt32](repeating: 0, count: tokens.count)
        var rank: UInt32 = 0
        for (place, id) in order.enumerated() {
            if place > 0, score(order[place - 1]) != score(id) { rank += 1 }
            ranks[id] = rank
        }
        self.ranks = ranks
    }

    private struct Ranking: PairRanking {
        let word: UnsafePointer<UInt8>
        let model: ScoredPairModel
        @inline(__always)
        func rank(_ left: Symbol, _ right: Symbol) -> (rank: UInt32, id: TokenID) {
            let count = Int(right.end - left.start)
            guard
                let id = model.index.find(word + Int(left.start), count, in: model.tokens)
            else { return (.max, -1) }
            return (model.ranks[Int(id)], id)
        }
    }

    func encode(
        _ word: UnsafePointer<UInt8>, _ count: Int, _ scratch: EncodingScratch,
        into output: inout [TokenID]
    ) {
        scratch.symbols.removeAll(keepingCapacity: true)
        var offset = 0
        while offset < count {
            let length = scalarLength(word[offset])
            let id = index.find(word + offset, length, in: tokens) ?? -1
            scratch.symbols.append(
                Symbol(
                    id: id, start: Int32(truncatingIfNeeded: offset),
                    end: Int32(truncatingIfNeeded: offset + length)))
            offset += length
        }
        scratch.merger.merge(&scratch.symbols, by: Ranking(word: word, model: self))
        for symbol in scratch.symbols {
            if symbol.id >= 0 {
                output.append(symbol.id)
                continue
            }
            for place in symbol.start..<symbol.end {
                let byte = byteTokens[Int(word[Int(place)])]
                if byte >= 0 {
                    output.append(byte)
                } else if let unknown {
                    output.append(unknown)
                }
            }
        }
    }
}

/// A token is a whole word.
struct WordLevelModel: Sendable {
    let tokens: ByteStrings
    let index: TokenIndex
    let unknown: TokenID?

    func encode(_ word: UnsafePointer<UInt8>, _ count: Int, into output: inout [TokenID]) {
        if let id = index.find(word, count, in: tokens) ?? unknown { output.append(id) }
    }
}

extension VocabularyDescription {
    /// The `<0x0A>` token of each byte, or one whose text is that byte; -1 where there is none.
    var fallbackTokens: [TokenID] {
        var result = [TokenID](repeating: -1, count: 256)
        for id in 0..<tokens.count {
            if let byte = byteValue(of: tokens[id]) { result[Int(byte)] = TokenID(id) }
        }
        return result
    }
}

/// The byte that `<0x0A>` spells.
func byteValue(of token: ArraySlice<UInt8>) -> UInt8? {
    guard token.count == 6, token.starts(with: "<0x".utf8), token.last == UInt8(ascii: ">") else {
        return nil
    }
    let digits = String(decoding: token.dropFirst(3).dropLast(), as: UTF8.self)
    return UInt8(digits, radix: 16)
}
