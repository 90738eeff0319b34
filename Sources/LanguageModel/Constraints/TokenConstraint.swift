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

    init(constraint: TokenConstraint, node: Int, epoch: Int) {
        self.constraint = constraint
        self.node = node
        self.epoch = epoch
        configurations = constraint.withCache { $0.configurations(of: node) }
    }

    public var vocabularySize: Int { constraint.vocabularySize }

    public var knownMask: TokenMask? {
        constraint.withCache { cache in
            hasEnded ? cache.endMask : cache.knownMask(of: current(&cache))
        }
    }

    /// The tokens that may come next. End-of-generation tokens are among them exactly where
    /// the grammar may end.
    public func mask() -> TokenMask {
        if hasEnded { return constraint.withCache { $0.endMask } }
        return constraint.withCache { cache in
            cache.mask(of: current(&cache))
        }
    }

    public func exclude(
        _ ids: UnsafeBufferPointer<TokenID>, from row: UnsafeMutablePointer<Float>
    ) -> Int {
        constraint.withCache { cache in
            let node = current(&cache)
            var count = 0
            for id in ids where hasEnded || !cache.allows(id, at: node) {
                if hasEnded, cache.endMask[id] { continue }
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
            var next = current(&cache)
            for byte in bytes {
                guard let target = cache.step(next, byte) else { return false }
                next = target
            }
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
