/// A grammar as a nondeterministic pushdown automaton over the bytes of UTF-8 text.
///
/// Every rule is a piece of automaton; a call pushes the state to go on from and enters the
/// rule's start, a rule's end pops. Bytes, not characters, so that tokens that end inside a
/// character need no special case.
struct GrammarAutomaton: Sendable {
    struct Edge: Sendable {
        var bytes: ClosedRange<UInt8>
        var target: Int32
    }

    struct Call: Sendable {
        var rule: Int32
        var target: Int32
    }

    struct State: Sendable {
        var edges: [Edge] = []
        var calls: [Call] = []
        var jumps: [Int32] = []
        /// The end of a rule.
        var isEnd = false

        /// Nothing but the end: a call that returns here needs no stack.
        var isOnlyEnd: Bool { isEnd && edges.isEmpty && calls.isEmpty && jumps.isEmpty }
    }

    private(set) var states: [State] = []
    /// The start of each rule.
    private(set) var starts: [Int32] = []
    let root: Int32

    /// Largest automaton that is built.
    static let largest = 400_000

    init(_ grammar: Grammar) throws(GrammarError) {
        try grammar.checkLeftRecursion()
        root = Int32(grammar.root)
        let productive = grammar.productiveRules()
        guard productive[grammar.root] else {
            throw .rule(name: grammar.rules[grammar.root].name, reason: "no text matches it")
        }
        for _ in grammar.rules { starts.append(try add()) }
        for (index, rule) in grammar.rules.enumerated() where productive[index] {
            let end = try add()
            states[Int(end)].isEnd = true
            var shared: [SuffixKey: Int32] = [:]
            try build(rule.expression, from: starts[index], to: end, productive, &shared)
        }
    }

    private mutating func add() throws(GrammarError) -> Int32 {
        guard states.count < Self.largest else { throw .tooLarge(limit: Self.largest) }
        states.append(State())
        return Int32(states.count - 1)
    }

    /// The rest of a UTF-8 sequence on its way to a state; equal ones share their states.
    private struct SuffixKey: Hashable {
        var bytes: [ClosedRange<UInt8>]
        var target: Int32
    }

    private mutating func build(
        _ expression: Grammar.Expression, from start: Int32, to end: Int32, _ productive: [Bool],
        _ shared: inout [SuffixKey: Int32]
    ) throws(GrammarError) {
        switch expression {
        case .literal(let bytes):
            var state = start
            for (index, byte) in bytes.enumerated() {
                let next = index == bytes.count - 1 ? end : try add()
                states[Int(state)].edges.append(Edge(bytes: byte...byte, target: next))
                state = next
            }
            if bytes.isEmpty { states[Int(start)].jumps.append(end) }
        case .characters(let ranges):
            for range in ranges {
                for sequence in CodePoints.utf8Sequences(range) {
                    var state = start
                    for (index, bytes) in sequence.enumerated() {
                        let rest = Array(sequence[(index + 1)...])
                        let next: Int32
                        if rest.isEmpty {
                            next = end
                        } else if let known = shared[SuffixKey(bytes: rest, target: end)] {
                            states[Int(state)].edges.append(Edge(bytes: bytes, target: known))
                            break
                        } else {
                            next = try add()
                            shared[SuffixKey(bytes: rest, target: end)] = next
                        }
                        states[Int(state)].edges.append(Edge(bytes: bytes, target: next))
                        state = next
                    }
                }
            }
        case .rule(let index):
            if productive[index] {
                states[Int(start)].calls.append(Call(rule: Int32(index), target: end))
            }
        case .sequence(let items):
            var state = start
            for (index, item) in items.enumerated() {
                let next = index == items.count - 1 ? end : try add()
                try build(item, from: state, to: next, productive, &shared)
                state = next
            }
            if items.isEmpty { states[Int(start)].jumps.append(end) }
        case .choice(let items):
            for item in items {
                // A state of its own: a repetition's loop must not be entered by a sibling.
                let head = try add()
                states[Int(start)].jumps.append(head)
                try build(item, from: head, to: end, productive, &shared)
            }
        case .repetition(let item, let min, let max):
            var state = start
            for _ in 0..<min {
                let next = try add()
                try build(item, from: state, to: next, productive, &shared)
                state = next
            }
            if let max {
                for _ in min..<Swift.max(max, min) {
                    states[Int(state)].jumps.append(end)
                    let next = try add()
                    try build(item, from: state, to: next, productive, &shared)
                    state = next
                }
                states[Int(state)].jumps.append(end)
            } else {
                let loop = try add()
                states[Int(state)].jumps.append(loop)
                states[Int(loop)].jumps.append(end)
                let body = try add()
                states[Int(loop)].jumps.append(body)
                try build(item, from: body, to: loop, productive, &shared)
            }
        }
    }
}
