/// The vocabulary as a tree of bytes, laid out in the order of a walk, so that all tokens a
/// grammar allows are found in one pass that skips what it cuts off.
public final class TokenTrie: Sendable {
    public let vocabularySize: Int
    let endOfGeneration: [TokenID]
    /// By node, in preorder: the byte that leads to it, its depth (from 1), the node after its
    /// subtree, and where its tokens begin in `tokens`.
    let bytes: [UInt8]
    let depths: [UInt16]
    let ends: [Int32]
    let tokenStarts: [Int32]
    let tokens: [TokenID]
    /// By node: the depth of the deepest in its subtree.
    let heights: [UInt16]
    let deepest: Int
    /// By length: the tokens that are no longer.
    private let short: [TokenMask]
    /// The bytes of token i are `text[offsets[i]..<offsets[i + 1]]`.
    private let text: [UInt8]
    private let offsets: [Int32]

    /// - Parameter bytes: what each token adds to the text; empty for control tokens, which a
    ///   grammar never allows.
    public init(tokenBytes: [[UInt8]], endOfGeneration: Set<TokenID>) {
        vocabularySize = tokenBytes.count
        self.endOfGeneration = endOfGeneration.filter { $0 >= 0 && $0 < tokenBytes.count }.sorted()
        var text: [UInt8] = []
        var offsets: [Int32] = [0]
        for bytes in tokenBytes {
            text += bytes
            offsets.append(Int32(text.count))
        }
        let order = tokenBytes.indices
            .filter { !tokenBytes[$0].isEmpty && !endOfGeneration.contains(TokenID($0)) }
            .sorted { tokenBytes[$0].lexicographicallyPrecedes(tokenBytes[$1]) }
        var bytes: [UInt8] = []
        var depths: [UInt16] = []
        var ends: [Int32] = []
        var tokenStarts: [Int32] = []
        var tokens: [TokenID] = []
        var path: [Int] = []
        var previous: [UInt8] = []
        for id in order {
            let token = Array(tokenBytes[id].prefix(Int(UInt16.max) - 1))
            var common = 0
            while common < min(previous.count, token.count), previous[common] == token[common] {
                common += 1
            }
            while path.count > common { ends[path.removeLast()] = Int32(bytes.count) }
            for index in common..<token.count {
                path.append(bytes.count)
                bytes.append(token[index])
                depths.append(UInt16(index + 1))
                ends.append(0)
                tokenStarts.append(Int32(tokens.count))
            }
            tokens.append(TokenID(id))
            previous = token
        }
        while let node = path.popLast() { ends[node] = Int32(bytes.count) }
        tokenStarts.append(Int32(tokens.count))
        self.bytes = bytes
        self.depths = depths
        self.ends = ends
        self.tokenStarts = tokenStarts
        self.tokens = tokens
        self.text = text
        self.offsets = offsets
        let deepest = Int(depths.max() ?? 0)
        self.deepest = deepest
        var heights = depths
        var open: [Int] = []
        for node in bytes.indices {
            open.removeSubrange((Int(depths[node]) - 1)...)
            for above in open { heights[above] = max(heights[above], depths[node]) }
            open.append(node)
        }
        self.heights = heights
        var short = TokenMask(vocabularySize: tokenBytes.count)
        var byLength = [[TokenID]](repeating: [], count: deepest + 1)
        for id in order { byLength[min(tokenBytes[id].count, deepest)].append(TokenID(id)) }
        self.short = byLength.prefix(Self.longestShort + 1).map { ids in
            for id in ids { short[id] = true }
            return short
        }
    }

    /// Masks by length are kept up to here; few tokens are longer.
    private static let longestShort = 32

    /// The tokens of at most so many bytes, or of fewer where that is many.
    func tokens(upTo length: Int) -> (mask: TokenMask, length: Int) {
        let length = min(length, short.count - 1)
        return (short[length], length)
    }

    /// - Parameter vocabularySize: of the model's logits, where that is larger than the
    ///   tokenizer's vocabulary.
    public convenience init(tokenizer: any Tokenizer, vocabularySize: Int? = nil) {
        self.init(
            tokenBytes: (0..<(vocabularySize ?? tokenizer.vocabularySize)).map {
                let isText =
                    $0 < tokenizer.vocabularySize && !tokenizer.isControl(TokenID($0))
                return isText ? tokenizer.bytes(of: TokenID($0)) : []
            },
            endOfGeneration: tokenizer.specialTokens.endOfGeneration)
    }

    func bytes(of id: TokenID) -> ArraySlice<UInt8> {
        guard id >= 0, Int(id) < vocabularySize else { return [] }
        return text[Int(offsets[Int(id)])..<Int(offsets[Int(id) + 1])]
    }
}
