/// The automaton made deterministic as far as it was walked: sets of configurations, their
/// transitions and their masks.
///
/// A configuration is a state and a stack of states to return to.
struct ConstraintCache: Sendable {
    private let automaton: GrammarAutomaton
    private let trie: TokenTrie
    let endMask: TokenMask
    /// Counts how often the cache started over; numbers of nodes hold within one epoch.
    private(set) var epoch = 0
    private var stacks: ConstraintStacks

    private var nodes: [Node] = []
    private var numbers: [[UInt64]: Int] = [:]
    /// Nodes by the configurations they were closed from.
    private var closures: [[UInt64]: Int] = [:]
    /// One of each byte class a node: the next node, or one of the marks below.
    private var transitions: [Int32] = []
    private var maskCount = 0
    /// By state of the automaton, once it was asked for.
    private lazy var shortestEnds = automaton.shortestEnds()

    private struct Node: Sendable {
        var configurations: [UInt64]
        var isAccepting: Bool
        var mask: TokenMask?
        /// See ``shortestEnd(of:)``; -1 is not known yet.
        var shortestEnd: Int32 = -1
    }

    private static let unknown: Int32 = -1
    private static let dead: Int32 = -2
    /// Nodes kept; each costs up to a kilobyte.
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
        stacks = ConstraintStacks(loops: automaton.loops, reach: trie.deepest)
    }

    // MARK: Nodes

    mutating func startNode() -> Int {
        node(closing: [
            Self.pack(automaton.starts[Int(automaton.root)], ConstraintStacks.bottom)
        ])
    }

    func configurations(of node: Int) -> [UInt64] { nodes[node].configurations }

    func isAccepting(_ node: Int) -> Bool { nodes[node].isAccepting }

    /// Whether no byte can follow.
    func isFinal(_ node: Int) -> Bool {
        !nodes[node].configurations.contains { configuration in
            !automaton.states[Int(Self.state(configuration))].edges.isEmpty
        }
    }

    private static func pack(_ state: Int32, _ stack: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: state)) << 32 | UInt64(UInt32(bitPattern: stack))
    }

    private static func state(_ configuration: UInt64) -> Int32 {
        Int32(truncatingIfNeeded: configuration >> 32)
    }

    private static func stack(_ configuration: UInt64) -> Int32 {
        Int32(truncatingIfNeeded: configuration)
    }

    /// Follows jumps, calls, rounds and returns until every configuration waits for a byte or
    /// is the end of the whole.
    private mutating func node(closing start: [UInt64]) -> Int {
        if let known = closures[start] { return known }
        var seen = Set(start)
        var work = start
        var waiting: [UInt64] = []
        while let configuration = work.popLast() {
            let state = Int(Self.state(configuration))
            let stack = Self.stack(configuration)
            func visit(_ state: Int32, _ stack: Int32) {
                guard seen.count < 16 * Self.mostConfigurations else { return }
                let next = Self.pack(state, stack)
                if seen.insert(next).inserted { work.append(next) }
            }
            let isEnd = automaton.states[state].isEnd
            if !automaton.states[state].edges.isEmpty
                || (isEnd && stack == ConstraintStacks.bottom)
            {
                waiting.append(configuration)
            }
            if isEnd, stack != ConstraintStacks.bottom {
                let frame = stacks.frames[Int(stack)]
                if frame.top >= 0 {
                    visit(frame.top, frame.below)
                } else if !frame.isFresh {
                    let loop = automaton.loops[Int(-1 - frame.top)]
                    let rounds = frame.rounds + 1
                    if rounds >= loop.min { visit(loop.exit, frame.below) }
                    if loop.max.map({ rounds < $0 }) ?? true {
                        visit(
                            loop.body,
                            stacks.pushRound(
                                of: Int(-1 - frame.top), after: rounds, on: frame.below))
                    }
                }
            }
            for target in automaton.states[state].jumps { visit(target, stack) }
            for call in automaton.states[state].calls {
                // A call at the very end of a rule returns to the caller's caller.
                let isTail = automaton.states[Int(call.target)].isOnlyEnd
                let below =
                    isTail
                    ? stack
                    : stacks.push(ConstraintStacks.Frame(top: call.target, below: stack))
                visit(automaton.starts[Int(call.rule)], below)
            }
            for index in automaton.states[state].loops {
                let loop = automaton.loops[Int(index)]
                if loop.min == 0 { visit(loop.exit, stack) }
                visit(loop.body, stacks.pushRound(of: Int(index), after: 0, on: stack))
            }
        }
        dropCovered(&waiting)
        waiting.sort()
        if waiting.count > Self.mostConfigurations {
            waiting.removeSubrange(Self.mostConfigurations...)
        }
        let number = node(for: waiting)
        closures[start] = number
        return number
    }

    /// The node of configurations that are all there is.
    mutating func node(for configurations: [UInt64]) -> Int {
        if let known = numbers[configurations] { return known }
        let number = nodes.count
        let isAccepting = configurations.contains {
            Self.stack($0) == ConstraintStacks.bottom
                && automaton.states[Int(Self.state($0))].isEnd
        }
        nodes.append(Node(configurations: configurations, isAccepting: isAccepting))
        transitions.append(
            contentsOf: repeatElement(Self.unknown, count: automaton.classCount))
        numbers[configurations] = number
        return number
    }

    /// Drops configurations that add nothing to another: the same place after more rounds.
    /// Else a text that can be cut into rounds in many ways is followed in all of them.
    private func dropCovered(_ configurations: inout [UInt64]) {
        guard configurations.count > 1, !automaton.loops.isEmpty else { return }
        var kept: [UInt64: [Int32]] = [:]
        for configuration in configurations {
            let stack = Self.stack(configuration)
            let place = Self.pack(Self.state(configuration), stacks.form(of: stack))
            guard let others = kept[place] else {
                kept[place] = [stack]
                continue
            }
            if others.contains(where: { stacks.covers($0, stack) }) { continue }
            kept[place] = others.filter { !stacks.covers(stack, $0) } + [stack]
        }
        configurations = kept.flatMap { place, stacks in
            stacks.map { Self.pack(Self.state(place), $0) }
        }
    }

    // MARK: Steps

    mutating func step(_ node: Int, _ byte: UInt8) -> Int? {
        let place = node * automaton.classCount + Int(automaton.byteClasses[Int(byte)])
        let known = transitions[place]
        if known >= 0 { return Int(known) }
        if known == Self.dead { return nil }
        var targets: [UInt64] = []
        for configuration in nodes[node].configurations {
            let stack = Self.stack(configuration)
            for edge in automaton.states[Int(Self.state(configuration))].edges
            where edge.bytes.contains(byte) {
                targets.append(Self.pack(edge.target, stacks.settled(stack)))
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

    /// The node that text leads to; nil where the grammar does not allow it.
    mutating func follow(_ bytes: some Collection<UInt8>, from node: Int) -> Int? {
        var next = node
        for byte in bytes {
            guard let target = step(next, byte) else { return nil }
            next = target
        }
        return next
    }

    // MARK: Tokens

    /// Whether a token may come next; true at most for the tokens of ``mask(of:)``.
    ///
    /// - Parameter bytesLeft: nil, or how many bytes may then be needed to the end of the whole.
    mutating func allows(_ id: TokenID, at node: Int, bytesLeft: Int?) -> Bool {
        if endMask[id] { return nodes[node].isAccepting }
        let bytes = trie.bytes(of: id)
        guard !bytes.isEmpty, let next = follow(bytes, from: node) else { return false }
        return bytesLeft.map { shortestEnd(of: next) <= $0 } ?? true
    }

    /// The fewest bytes from a node to the end of the whole.
    mutating func shortestEnd(of node: Int) -> Int {
        if nodes[node].shortestEnd < 0 {
            var shortest = GrammarAutomaton.unreachable
            for configuration in nodes[node].configurations {
                shortest = min(shortest, bytesToEnd(of: configuration))
            }
            nodes[node].shortestEnd = shortest
        }
        return Int(nodes[node].shortestEnd)
    }

    private mutating func bytesToEnd(of configuration: UInt64) -> Int32 {
        var total = shortestEnds[Int(Self.state(configuration))]
        var stack = Self.stack(configuration)
        while stack != ConstraintStacks.bottom, total < GrammarAutomaton.unreachable {
            let frame = stacks.frames[Int(stack)]
            if frame.top >= 0 {
                total += shortestEnds[Int(frame.top)]
            } else {
                total += automaton.bytes(
                    of: automaton.loops[Int(-1 - frame.top)], after: frame.rounds + 1,
                    shortestEnds)
            }
            stack = frame.below
        }
        return min(total, GrammarAutomaton.unreachable)
    }

    func knownMask(of node: Int) -> TokenMask? { nodes[node].mask }

    mutating func mask(of node: Int) -> TokenMask {
        if let known = nodes[node].mask { return known }
        let typical = typicalNode(of: node)
        let mask = nodes[typical].mask ?? makeMask(of: typical)
        nodes[node].mask = mask
        return mask
    }

    /// The shortest token that is walked for on its own; below that the walk itself is short.
    private static let shortestWalk: Int32 = 3

    /// Of a place near a loop's limit: the tokens too short to get there, which are those of
    /// the same place with more room, and the length up to which they are all known.
    private mutating func shortTokens(of node: Int) -> (mask: TokenMask, length: Int)? {
        let configurations = nodes[node].configurations
        var reach = Int32.max
        for configuration in configurations {
            reach = min(reach, stacks.indifference(of: Self.stack(configuration)))
        }
        guard reach >= Self.shortestWalk, reach < Int32.max else { return nil }
        var changed = configurations.map {
            Self.pack(Self.state($0), stacks.roomiest(Self.stack($0)))
        }
        dropCovered(&changed)
        changed.sort()
        guard changed != configurations else { return nil }
        var (mask, length) = trie.tokens(upTo: Int(reach))
        mask.formIntersection(self.mask(of: self.node(for: changed)))
        return (mask, length)
    }

    /// The node that stands for all that differ from this one only in rounds so far from a
    /// limit that no token gets there.
    private mutating func typicalNode(of node: Int) -> Int {
        guard !automaton.loops.isEmpty else { return node }
        var changed = nodes[node].configurations
        for index in changed.indices {
            let stack = stacks.typical(Self.stack(changed[index]))
            changed[index] = Self.pack(Self.state(changed[index]), stack)
        }
        guard changed != nodes[node].configurations else { return node }
        dropCovered(&changed)
        changed.sort()
        return self.node(for: changed)
    }

    private mutating func makeMask(of node: Int) -> TokenMask {
        let short = shortTokens(of: node)
        var words =
            short?.mask.words ?? Array(repeating: 0, count: (trie.vocabularySize + 63) / 64)
        let known = UInt16(short?.length ?? 0)
        let classCount = automaton.classCount
        var path = [Int](repeating: node, count: trie.deepest + 1)
        var index = 0
        while index < trie.bytes.count {
            if trie.heights[index] <= known {
                index = Int(trie.ends[index])
                continue
            }
            let depth = Int(trie.depths[index])
            let byte = trie.bytes[index]
            let place = path[depth - 1] * classCount + Int(automaton.byteClasses[Int(byte)])
            var next = Int(transitions[place])
            if next == Int(Self.unknown) { next = step(path[depth - 1], byte) ?? -2 }
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
        closures.removeAll()
        transitions.removeAll()
        maskCount = 0
    }
}
