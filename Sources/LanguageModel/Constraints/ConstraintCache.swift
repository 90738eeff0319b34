/// The automaton made deterministic as far as it was walked: sets of configurations, their
/// transitions and their masks.
///
/// A configuration is a state and a stack of states to return to. Stacks are shared: each is
/// one number, the pair of its top and the stack below.
struct ConstraintCache: Sendable {
    private let automaton: GrammarAutomaton
    private let trie: TokenTrie
    let endMask: TokenMask
    /// Counts how often the cache started over; numbers of nodes hold within one epoch.
    private(set) var epoch = 0

    private var stackTops: [Int32] = [-1]
    private var stackParents: [Int32] = [-1]
    private var stackNumbers: [UInt64: Int32] = [:]

    private var nodes: [Node] = []
    private var numbers: [[UInt64]: Int] = [:]
    /// 256 a node: the next node, or one of the marks below.
    private var transitions: [Int32] = []
    private var maskCount = 0

    private struct Node: Sendable {
        var configurations: [UInt64]
        var isAccepting: Bool
        var mask: TokenMask?
    }

    private static let unknown: Int32 = -1
    private static let dead: Int32 = -2
    /// Nodes kept; each costs a kilobyte.
    private static let mostNodes = 16384
    /// Bytes of masks kept.
    private static let mostMaskBytes = 64 << 20
    /// Ways to read the same text that are followed at once. More are dropped, which cannot
    /// allow a wrong reply, only miss a right one of a wildly ambiguous grammar.
    private static let mostConfigurations = 2048

    init(automaton: GrammarAutomaton, trie: TokenTrie) {
        self.automaton = automaton
        self.trie = trie
        var mask = TokenMask(vocabularySize: trie.vocabularySize)
        for id in trie.endOfGeneration { mask[id] = true }
        endMask = mask
    }

    // MARK: Nodes

    mutating func startNode() -> Int {
        node(closing: [Self.pack(automaton.starts[Int(automaton.root)], 0)])
    }

    func configurations(of node: Int) -> [UInt64] { nodes[node].configurations }

    func isAccepting(_ node: Int) -> Bool { nodes[node].isAccepting }

    /// Whether no byte can follow.
    mutating func isFinal(_ node: Int) -> Bool {
        !nodes[node].configurations.contains { configuration in
            !automaton.states[Int(Self.state(configuration))].edges.isEmpty
        }
    }

    /// The node of configurations that were closed before.
    mutating func node(for configurations: [UInt64]) -> Int { node(closing: configurations) }

    private static func pack(_ state: Int32, _ stack: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: state)) << 32 | UInt64(UInt32(bitPattern: stack))
    }

    private static func state(_ configuration: UInt64) -> Int32 {
        Int32(truncatingIfNeeded: configuration >> 32)
    }

    private static func stack(_ configuration: UInt64) -> Int32 {
        Int32(truncatingIfNeeded: configuration)
    }

    private mutating func push(_ state: Int32, on stack: Int32) -> Int32 {
        let key = Self.pack(state, stack)
        if let known = stackNumbers[key] { return known }
        let number = Int32(stackTops.count)
        stackTops.append(state)
        stackParents.append(stack)
        stackNumbers[key] = number
        return number
    }

    /// Follows jumps, calls and returns until every configuration waits for a byte or is the
    /// end of the whole.
    private mutating func node(closing start: [UInt64]) -> Int {
        var seen = Set(start)
        var work = start
        var waiting: [UInt64] = []
        var isAccepting = false
        while let configuration = work.popLast() {
            let state = Self.state(configuration)
            let stack = Self.stack(configuration)
            func visit(_ next: UInt64) {
                guard seen.count < 16 * Self.mostConfigurations else { return }
                if seen.insert(next).inserted { work.append(next) }
            }
            let definition = automaton.states[Int(state)]
            if definition.isEnd, stack == 0 {
                isAccepting = true
                // Kept, so that the node can be found again by its configurations.
                if definition.edges.isEmpty { waiting.append(configuration) }
            }
            if !definition.edges.isEmpty { waiting.append(configuration) }
            if definition.isEnd, stack != 0 {
                visit(Self.pack(stackTops[Int(stack)], stackParents[Int(stack)]))
            }
            for target in definition.jumps { visit(Self.pack(target, stack)) }
            for call in definition.calls {
                // A call at the very end of a rule returns to the caller's caller.
                let isTail = automaton.states[Int(call.target)].isOnlyEnd
                let below = isTail ? stack : push(call.target, on: stack)
                visit(Self.pack(automaton.starts[Int(call.rule)], below))
            }
        }
        if waiting.count > Self.mostConfigurations {
            waiting.removeSubrange(Self.mostConfigurations...)
        }
        waiting.sort()
        if let known = numbers[waiting] { return known }
        let number = nodes.count
        nodes.append(Node(configurations: waiting, isAccepting: isAccepting))
        transitions.append(contentsOf: repeatElement(Self.unknown, count: 256))
        numbers[waiting] = number
        return number
    }

    // MARK: Steps

    mutating func step(_ node: Int, _ byte: UInt8) -> Int? {
        let place = node << 8 | Int(byte)
        let known = transitions[place]
        if known >= 0 { return Int(known) }
        if known == Self.dead { return nil }
        var targets: [UInt64] = []
        for configuration in nodes[node].configurations {
            for edge in automaton.states[Int(Self.state(configuration))].edges
            where edge.bytes.contains(byte) {
                targets.append(Self.pack(edge.target, Self.stack(configuration)))
            }
        }
        guard !targets.isEmpty else {
            transitions[place] = Self.dead
            return nil
        }
        let next = self.node(closing: targets)
        transitions[place] = Int32(next)
        return next
    }

    // MARK: Masks

    mutating func mask(of node: Int) -> TokenMask {
        if let known = nodes[node].mask { return known }
        var words = [UInt64](repeating: 0, count: (trie.vocabularySize + 63) / 64)
        var path = [Int](repeating: node, count: trie.deepest + 1)
        var index = 0
        while index < trie.bytes.count {
            let depth = Int(trie.depths[index])
            let place = path[depth - 1] << 8 | Int(trie.bytes[index])
            var next = Int(transitions[place])
            if next == Int(Self.unknown) { next = step(path[depth - 1], trie.bytes[index]) ?? -2 }
            if next < 0 {
                index = Int(trie.ends[index])
                continue
            }
            path[depth] = next
            for token in trie.tokenStarts[index]..<trie.tokenStarts[index + 1] {
                let id = Int(trie.tokens[Int(token)])
                words[id >> 6] |= 1 << UInt64(id & 63)
            }
            index += 1
        }
        var mask = TokenMask(vocabularySize: trie.vocabularySize, words: words)
        if nodes[node].isAccepting { mask.formUnion(endMask) }
        nodes[node].mask = mask
        maskCount += 1
        return mask
    }

    /// Starts over where too much was kept; states find their nodes again.
    mutating func trim() {
        guard
            nodes.count > Self.mostNodes
                || maskCount * (trie.vocabularySize / 8) > Self.mostMaskBytes
        else { return }
        epoch += 1
        nodes.removeAll()
        numbers.removeAll()
        transitions.removeAll()
        maskCount = 0
    }
}
