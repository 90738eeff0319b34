/// A grammar as a nondeterministic pushdown automaton over the bytes of UTF-8 text.
///
/// Every rule is a piece of automaton; a call pushes the state to go on from and enters the
/// rule's start, a rule's end pops. A repetition that counts is such a piece too, entered with
/// the number of rounds on the stack, so that the automaton is no larger than the grammar.
/// Bytes, not characters, so that tokens that end inside a character need no special case.
struct GrammarAutomaton: Sendable {
    struct Edge: Sendable {
        var bytes: ClosedRange<UInt8>
        var target: Int32
    }

    struct Call: Sendable {
        var rule: Int32
        var target: Int32
    }

    /// A repetition that counts its rounds.
    struct Loop: Sendable {
        /// Where a round begins; it ends as a rule does.
        var body: Int32
        /// Where to go on after the last round.
        var exit: Int32
        var min: Int32
        /// nil: without end.
        var max: Int32?
        /// Whether a round may read nothing. Then `min` is 0: such rounds make up any number.
        var isNullable: Bool
    }

    struct State: Sendable {
        var edges: [Edge] = []
        var calls: [Call] = []
        /// Loops that are entered here.
        var loops: [Int32] = []
        var jumps: [Int32] = []
        /// The end of a rule or of a loop's round.
        var isEnd = false

        /// Nothing but the end: a call that returns here needs no stack.
        var isOnlyEnd: Bool {
            isEnd && edges.isEmpty && calls.isEmpty && loops.isEmpty && jumps.isEmpty
        }
    }

    private(set) var states: [State] = []
    private(set) var loops: [Loop] = []
    /// The start of each rule.
    private(set) var starts: [Int32] = []
    let root: Int32
    /// Bytes that no edge tells apart have one class, counted from 0.
    private(set) var byteClasses: [UInt8] = []
    private(set) var classCount = 0

    /// Largest automaton that is built.
    static let largest = 400_000
    /// More rounds than any reply has.
    private static let mostRounds = 1 << 30

    init(_ grammar: Grammar) throws(GrammarError) {
        let nullable = grammar.nullableRules()
        try grammar.checkLeftRecursion(nullable)
        root = Int32(grammar.root)
        let productive = grammar.productiveRules()
        guard productive[grammar.root] else {
            throw .rule(name: grammar.rules[grammar.root].name, reason: "no text matches it")
        }
        for _ in grammar.rules { starts.append(try add()) }
        for (index, rule) in grammar.rules.enumerated() where productive[index] {
            let end = try add()
            states[Int(end)].isEnd = true
            var builder = Builder(productive: productive, nullable: nullable)
            try build(rule.expression, from: starts[index], to: end, &builder)
        }
        classifyBytes()
    }

    private mutating func add() throws(GrammarError) -> Int32 {
        guard states.count < Self.largest else { throw .tooLarge(limit: Self.largest) }
        states.append(State())
        return Int32(states.count - 1)
    }

    private mutating func classifyBytes() {
        var isFirst = [Bool](repeating: false, count: 257)
        for state in states {
            for edge in state.edges {
                isFirst[Int(edge.bytes.lowerBound)] = true
                isFirst[Int(edge.bytes.upperBound) + 1] = true
            }
        }
        var current = 0
        for byte in 0..<256 {
            if byte > 0, isFirst[byte] { current += 1 }
            byteClasses.append(UInt8(current))
        }
        classCount = current + 1
    }

    /// The rest of a UTF-8 sequence on its way to a state; equal ones share their states.
    private struct SuffixKey: Hashable {
        var bytes: [ClosedRange<UInt8>]
        var target: Int32
    }

    /// What the building of one rule needs besides the automaton.
    private struct Builder {
        let productive: [Bool]
        let nullable: [Bool]
        var shared: [SuffixKey: Int32] = [:]
    }

    private mutating func build(
        _ expression: Grammar.Expression, from start: Int32, to end: Int32,
        _ builder: inout Builder
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
                        } else if let known = builder.shared[SuffixKey(bytes: rest, target: end)] {
                            states[Int(state)].edges.append(Edge(bytes: bytes, target: known))
                            break
                        } else {
                            next = try add()
                            builder.shared[SuffixKey(bytes: rest, target: end)] = next
                        }
                        states[Int(state)].edges.append(Edge(bytes: bytes, target: next))
                        state = next
                    }
                }
            }
        case .rule(let index):
            if builder.productive[index] {
                states[Int(start)].calls.append(Call(rule: Int32(index), target: end))
            }
        case .sequence(let items):
            var state = start
            for (index, item) in items.enumerated() {
                let next = index == items.count - 1 ? end : try add()
                try build(item, from: state, to: next, &builder)
                state = next
            }
            if items.isEmpty { states[Int(start)].jumps.append(end) }
        case .choice(let items):
            for item in items where Grammar.isProductive(item, builder.productive) {
                // A state of its own: a repetition's loop must not be entered by a sibling.
                let head = try add()
                states[Int(start)].jumps.append(head)
                try build(item, from: head, to: end, &builder)
            }
        case .repetition(let item, let min, let max):
            try build(repeating: item, min, max, from: start, to: end, &builder)
        }
    }

    private mutating func build(
        repeating item: Grammar.Expression, _ min: Int, _ max: Int?, from start: Int32,
        to end: Int32, _ builder: inout Builder
    ) throws(GrammarError) {
        switch (min, max) {
        // What matches nothing is not begun.
        case (0, _) where !Grammar.isProductive(item, builder.productive):
            states[Int(start)].jumps.append(end)
        case (_, 0?):
            states[Int(start)].jumps.append(end)
        case (0, 1?):
            states[Int(start)].jumps.append(end)
            try build(item, from: start, to: end, &builder)
        case (1, 1?):
            try build(item, from: start, to: end, &builder)
        case (0...1, nil):
            let body = try add()
            let loop = try add()
            states[Int(start)].jumps.append(min == 0 ? loop : body)
            states[Int(loop)].jumps += [body, end]
            try build(item, from: body, to: loop, &builder)
        default:
            let body = try add()
            let round = try add()
            states[Int(round)].isEnd = true
            let isNullable = Grammar.isNullable(item, builder.nullable)
            states[Int(start)].loops.append(Int32(loops.count))
            loops.append(
                Loop(
                    body: body, exit: end,
                    min: isNullable ? 0 : Int32(Swift.min(min, Self.mostRounds)),
                    max: max.flatMap { $0 < Self.mostRounds ? Int32($0) : nil },
                    isNullable: isNullable))
            try build(item, from: body, to: round, &builder)
        }
    }
}
