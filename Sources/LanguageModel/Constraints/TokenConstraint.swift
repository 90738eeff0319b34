import Synchronization

/// A grammar compiled against a vocabulary: says which tokens may come next.
///
/// Shared by all candidates. What was computed once, the set of tokens at a place in the
/// grammar, is kept and found again.
public final class TokenConstraint: Sendable {
    let trie: TokenTrie
    private let cache: Mutex<ConstraintCache>

    public var vocabularySize: Int { trie.vocabularySize }

    public init(_ grammar: Grammar, trie: TokenTrie) throws(GrammarError) {
        self.trie = trie
        cache = Mutex(ConstraintCache(automaton: try GrammarAutomaton(grammar), trie: trie))
    }

    /// The beginning of a reply.
    public func start() -> ConstraintState {
        let (node, epoch) = cache.withLock { ($0.startNode(), $0.epoch) }
        return ConstraintState(constraint: self, node: node, epoch: epoch)
    }

    func withCache<Result>(_ body: (inout ConstraintCache) -> Result) -> Result {
        cache.withLock { body(&$0) }
    }
}

/// How far one candidate is in the grammar. A value: copy it to try something.
public struct ConstraintState: TokenFilter, Sendable {
    let constraint: TokenConstraint
    private var node: Int
    private var epoch: Int
    /// Kept so that the state survives when the cache starts over.
    private var configurations: [UInt64] = []
    private var hasEnded = false
    /// How many tokens the reply may still have. Near that, only those come next after which
    /// the grammar's end is as many bytes away at most as tokens are left: a reply is whole
    /// though its length is limited. Where fewer are left than bytes are needed, only those
    /// come next that lead nearer to the end, as most tokens are of several bytes.
    public var tokensLeft = Int.max

    init(constraint: TokenConstraint, node: Int, epoch: Int) {
        self.constraint = constraint
        self.node = node
        self.epoch = epoch
        configurations = constraint.withCache { $0.configurations(of: node) }
    }

    public var vocabularySize: Int { constraint.vocabularySize }

    public var knownMask: TokenMask? {
        constraint.withCache { cache in
            if hasEnded { return cache.endMask }
            let node = current(&cache)
            return bytesLeft(at: node, &cache) == nil ? cache.knownMask(of: node) : nil
        }
    }

    /// The tokens that may come next. End-of-generation tokens are among them exactly where
    /// the grammar may end.
    public func mask() -> TokenMask {
        if hasEnded { return constraint.withCache { $0.endMask } }
        return constraint.withCache { cache in
            let node = current(&cache)
            let mask = cache.mask(of: node)
            guard let bytesLeft = bytesLeft(at: node, &cache) else { return mask }
            // In the middle of a text nearly all tokens may come; none leads far from the end.
            let isWide = mask.count > Self.manyTokens
            if isWide, bytesLeft > cache.shortestEnd(of: node) + Self.textSlack { return mask }
            var short = mask
            for id in mask.ids where !cache.allows(id, at: node, bytesLeft: bytesLeft) {
                short[id] = false
            }
            return short.isEmpty ? mask : short
        }
    }

    /// The longest way to the end that may be left after the next token; nil where any may.
    private func bytesLeft(at node: Int, _ cache: inout ConstraintCache) -> Int? {
        guard tokensLeft < Int.max else { return nil }
        let shortest = cache.shortestEnd(of: node)
        return tokensLeft > shortest + Self.slack ? nil : max(tokensLeft, shortest) - 1
    }

    /// Bytes that a token may lead away from the end without being looked at: what an object
    /// with all its required members takes, and what a piece of text does.
    private static let slack = 512
    private static let textSlack = 64
    private static let manyTokens = 4096

    public func exclude(
        _ ids: UnsafeBufferPointer<TokenID>, from row: UnsafeMutablePointer<Float>
    ) -> Int {
        constraint.withCache { cache in
            if hasEnded { return cache.endMask.exclude(ids, from: row) }
            let node = current(&cache)
            let bytesLeft = bytesLeft(at: node, &cache)
            var count = 0
            for id in ids where !cache.allows(id, at: node, bytesLeft: bytesLeft) {
                row[Int(id)] = -.infinity
                count += 1
            }
            return count
        }
    }

    /// Goes on with a token.
    ///
    /// - Returns: false, and the state is as before, where the grammar does not allow it.
    @discardableResult
    public mutating func accept(_ id: TokenID) -> Bool {
        guard !hasEnded else { return false }
        let trie = constraint.trie
        if trie.endOfGeneration.contains(id) {
            guard canEnd else { return false }
            hasEnded = true
            return true
        }
        return accept(bytes: trie.bytes(of: id))
    }

    /// Goes on with text.
    public mutating func accept(bytes: some Collection<UInt8>) -> Bool {
        guard !bytes.isEmpty, !hasEnded else { return false }
        return constraint.withCache { cache in
            guard let next = cache.follow(bytes, from: current(&cache)) else { return false }
            node = next
            epoch = cache.epoch
            configurations = cache.configurations(of: next)
            cache.trim()
            return true
        }
    }

    /// Whether the reply so far is a whole one.
    public var canEnd: Bool {
        hasEnded || constraint.withCache { $0.isAccepting(current(&$0)) }
    }

    /// Whether the reply is whole and nothing can follow.
    public var isComplete: Bool {
        hasEnded
            || constraint.withCache { cache in
                let node = current(&cache)
                return cache.isAccepting(node) && cache.isFinal(node)
            }
    }

    /// The node's number now, also after the cache started over.
    private func current(_ cache: inout ConstraintCache) -> Int {
        cache.epoch == epoch ? node : cache.node(for: configurations)
    }
}
