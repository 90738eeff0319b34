/// A set of strings as a deterministic automaton over characters: for what a grammar cannot
/// say, that two things hold at once, or one and not the other.
struct CharacterAutomaton {
    typealias Ranges = [ClosedRange<UInt32>]
    typealias Expression = Grammar.Expression

    struct State {
        var isAccepting: Bool
        /// Disjoint sets of characters; any other leads nowhere.
        var edges: [(characters: Ranges, target: Int)] = []
    }

    /// Thrown where an automaton would be larger than is of use.
    struct TooLarge: Error {}

    /// The first is the start.
    private(set) var states: [State]

    private static let largest = 20_000
    /// Edges looked at while it is built.
    private static let mostWork = 4_000_000

    /// Strings of an expression without rules.
    init(_ expression: Expression) throws(TooLarge) {
        var parts = Parts()
        let start = try parts.add()
        let end = try parts.add()
        try parts.build(expression, from: start, to: end)
        states = []
        var work = 0
        var numbers: [[Int]: Int] = [:]
        var pending: [[Int]] = []
        func number(of places: Set<Int>, _ states: inout [State]) throws(TooLarge) -> Int {
            let closed = parts.closed(places)
            let key = closed.sorted()
            if let known = numbers[key] { return known }
            guard states.count < Self.largest else { throw TooLarge() }
            states.append(State(isAccepting: closed.contains(end)))
            numbers[key] = states.count - 1
            pending.append(key)
            return states.count - 1
        }
        _ = try number(of: [start], &states)
        var current = 0
        while current < pending.count {
            let edges = pending[current].flatMap { parts.edges[$0] }
            // Between neighbouring bounds all characters lead to the same places.
            let bounds = Set(
                edges.flatMap { $0.characters }.flatMap {
                    [$0.lowerBound, $0.upperBound + 1]
                }
            ).sorted()
            work += edges.count * bounds.count + pending[current].count
            guard work < Self.mostWork else { throw TooLarge() }
            var found: [Set<Int>: Ranges] = [:]
            for (low, next) in zip(bounds, bounds.dropFirst()) {
                let targets = edges.lazy.filter { $0.characters.contains { $0.contains(low) } }
                let places = Set(targets.map(\.target))
                if !places.isEmpty { found[places, default: []].append(low...next - 1) }
            }
            let ordered = found.sorted { $0.value[0].lowerBound < $1.value[0].lowerBound }
            for (places, characters) in ordered {
                let target = try number(of: places, &states)
                states[current].edges.append((CodePoints.normalized(characters), target))
            }
            current += 1
        }
    }

    private init(states: [State]) { self.states = states }

    func contains(_ text: String) -> Bool {
        var state = 0
        for scalar in text.unicodeScalars {
            let edge = states[state].edges.first { edge in
                edge.characters.contains { $0.contains(scalar.value) }
            }
            guard let edge else { return false }
            state = edge.target
        }
        return states[state].isAccepting
    }

    // MARK: Combinations

    /// Strings of both.
    func intersection(_ other: Self) throws(TooLarge) -> Self {
        try product(other) { $0 && $1 }
    }

    /// Strings that the other does not have.
    func subtracting(_ other: Self) throws(TooLarge) -> Self {
        try product(other, followsAlone: true) { $0 && !$1 }
    }

    /// Strings of so many characters.
    func limited(min: Int, max: Int?) throws(TooLarge) -> Self {
        // Without a most, all counts past the least are alike.
        let last = max ?? min
        guard last < Self.largest else { throw TooLarge() }
        let all = CodePoints.complement([])
        let counter = (0...last).map { count in
            var state = State(isAccepting: count >= min)
            if count < last || max == nil {
                state.edges = [(all, Swift.min(count + 1, last))]
            }
            return state
        }
        return try intersection(Self(states: counter))
    }

    /// - Parameter followsAlone: whether what the other does not have is of interest.
    private func product(
        _ other: Self, followsAlone: Bool = false, accepts: (Bool, Bool) -> Bool
    ) throws(TooLarge) -> Self {
        struct Pair: Hashable {
            var here: Int
            /// Nil where the other has stopped.
            var there: Int?
        }
        var result: [State] = []
        var pairs: [Pair] = []
        var numbers: [Pair: Int] = [:]
        func number(of pair: Pair) throws(TooLarge) -> Int {
            if let known = numbers[pair] { return known }
            guard pairs.count < Self.largest else { throw TooLarge() }
            let isThere = pair.there.map { other.states[$0].isAccepting } ?? false
            result.append(State(isAccepting: accepts(states[pair.here].isAccepting, isThere)))
            pairs.append(pair)
            numbers[pair] = pairs.count - 1
            return pairs.count - 1
        }
        _ = try number(of: Pair(here: 0, there: 0))
        var current = 0
        while current < pairs.count {
            let pair = pairs[current]
            for edge in states[pair.here].edges {
                var left = edge.characters
                for match in pair.there.map({ other.states[$0].edges }) ?? [] {
                    let both = CodePoints.intersection(edge.characters, match.characters)
                    guard !both.isEmpty else { continue }
                    let target = try number(of: Pair(here: edge.target, there: match.target))
                    result[current].edges.append((both, target))
                    left = CodePoints.intersection(left, CodePoints.complement(both))
                }
                if followsAlone, !left.isEmpty {
                    let target = try number(of: Pair(here: edge.target, there: nil))
                    result[current].edges.append((left, target))
                }
            }
            current += 1
        }
        return Self(states: result)
    }
}

/// An expression as a nondeterministic automaton.
private struct Parts {
    private(set) var edges: [[(characters: CharacterAutomaton.Ranges, target: Int)]] = []
    private var jumps: [[Int]] = []

    private static let largest = 20_000

    mutating func add() throws(CharacterAutomaton.TooLarge) -> Int {
        guard edges.count < Self.largest else { throw CharacterAutomaton.TooLarge() }
        edges.append([])
        jumps.append([])
        return edges.count - 1
    }

    func closed(_ places: Set<Int>) -> Set<Int> {
        var result = places
        var work = Array(places)
        while let place = work.popLast() {
            for target in jumps[place] where result.insert(target).inserted { work.append(target) }
        }
        return result
    }

    mutating func build(
        _ expression: Grammar.Expression, from start: Int, to end: Int
    ) throws(CharacterAutomaton.TooLarge) {
        switch expression {
        case .literal(let bytes):
            var place = start
            for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
                let next = try add()
                edges[place].append(([scalar.value...scalar.value], next))
                place = next
            }
            jumps[place].append(end)
        case .characters(let ranges): edges[start].append((ranges, end))
        case .sequence(let items):
            var place = start
            for item in items {
                let next = try add()
                try build(item, from: place, to: next)
                place = next
            }
            jumps[place].append(end)
        case .choice(let items):
            for item in items { try build(item, from: start, to: end) }
        case .repetition(let item, let min, let max):
            var place = start
            for _ in 0..<min {
                let next = try add()
                try build(item, from: place, to: next)
                place = next
            }
            if let max {
                for _ in min..<max {
                    jumps[place].append(end)
                    let next = try add()
                    try build(item, from: place, to: next)
                    place = next
                }
                jumps[place].append(end)
            } else {
                let loop = try add()
                jumps[place].append(loop)
                jumps[loop].append(end)
                try build(item, from: loop, to: loop)
            }
        case .rule: preconditionFailure("a pattern or a format has no rules")
        }
    }
}
