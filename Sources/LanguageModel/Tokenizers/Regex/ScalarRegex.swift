/// A regular expression made ready for matching UTF-8.
///
/// Matching prefers as Oniguruma and Perl do (first alternative, greedy), by backtracking;
/// after some thousand steps of one attempt it remembers which states failed where, so that
/// an attempt costs at most program × text and no pattern hangs.
struct ScalarRegex: Sendable {
    let pattern: String
    private let program: [Instruction]
    private let sets: [ScalarMatcher]
    /// Where the pattern begins with an unbounded greedy run of a set and has no other
    /// alternative: a failed attempt then rules out every start inside the run.
    private let leadingRun: Int?

    /// Programs longer than this come from patterns no tokenizer has.
    private static let longestProgram = 20_000

    enum Instruction: Sendable {
        case set(Int)
        /// As many of a set as there are, giving back one at a time down to `minimum`.
        case run(set: Int, minimum: Int)
        /// The same, giving nothing back.
        case possessiveRun(set: Int, minimum: Int)
        case split(first: Int, second: Int)
        case jump(Int)
        case anchor(RegexNode.Anchor)
        /// Matches the program up to `end` here, or a scalar before where not ahead.
        case look(end: Int, isAhead: Bool, isNegated: Bool)
        case atomic(end: Int)
        case accept
    }

    /// Memory of a search, kept between matches.
    struct Search {
        var stack: [Frame] = []
        init() {}
    }

    struct Frame {
        var instruction: Int
        var position: Int
        /// Where a run may still give back: it has matched down to here at least.
        var lowest: Int
    }

    init(_ pattern: String) throws(RegexSyntaxError) {
        let node = try RegexParser.parse(pattern)
        var compiler = RegexCompiler(limit: Self.longestProgram)
        try compiler.compile(node)
        compiler.emit(.accept)
        self.pattern = pattern
        program = compiler.program
        sets = compiler.sets.map { ScalarMatcher($0) }
        if case .run(let set, _) = program[0], !program.contains(where: \.isSplit) {
            leadingRun = set
        } else {
            leadingRun = nil
        }
    }

    /// The first match at or after `start`.
    func firstMatch(
        in text: UnsafeBufferPointer<UInt8>, from start: Int, _ search: inout Search,
        _ classes: CharacterClasses
    ) -> Range<Int>? {
        guard let base = text.baseAddress else { return nil }
        let matcher = RegexMatcher(
            program: program, sets: sets, text: base, count: text.count, classes: classes)
        var start = start
        while start <= text.count {
            if let end = matcher.match(0, at: start, &search.stack) { return start..<end }
            guard start < text.count else { return nil }
            if let leadingRun {
                let end = matcher.runEnd(sets[leadingRun], from: start)
                if end > start {
                    start = end
                    continue
                }
            }
            start += scalarLength(text[start])
        }
        return nil
    }
}

extension ScalarRegex.Instruction {
    fileprivate var isSplit: Bool { if case .split = self { true } else { false } }
}

/// Turns a syntax tree into a program.
private struct RegexCompiler {
    let limit: Int
    var program: [ScalarRegex.Instruction] = []
    var sets: [ScalarSet] = []
    /// Nodes compiled, which repetitions of nothing would multiply without a trace.
    private var visits = 0
    private var setNumbers: [ScalarSet: Int] = [:]

    init(limit: Int) { self.limit = limit }

    mutating func emit(_ instruction: ScalarRegex.Instruction) { program.append(instruction) }

    private mutating func number(of set: ScalarSet) -> Int {
        if let number = setNumbers[set] { return number }
        sets.append(set)
        setNumbers[set] = sets.count - 1
        return sets.count - 1
    }

    mutating func compile(_ node: RegexNode) throws(RegexSyntaxError) {
        visits += 1
        if program.count > limit || visits > 10 * limit {
            throw RegexSyntaxError(offset: 0, reason: "the expression is too large")
        }
        switch node {
        case .empty: break
        case .set(let set): emit(.set(number(of: set)))
        case .sequence(let parts): for part in parts { try compile(part) }
        case .alternation(let branches): try compile(alternatives: branches)
        case .anchor(let anchor): emit(.anchor(anchor))
        case .atomic(let body):
            let start = program.count
            emit(.atomic(end: 0))
            try compile(body)
            emit(.accept)
            program[start] = .atomic(end: program.count)
        case .look(let body, let isAhead, let isNegated):
            if !isAhead, case .set = body {
            } else if !isAhead {
                throw RegexSyntaxError(
                    offset: 0, reason: "looking behind for more than one character is not supported"
                )
            }
            let start = program.count
            emit(.accept)
            try compile(body)
            emit(.accept)
            program[start] = .look(end: program.count, isAhead: isAhead, isNegated: isNegated)
        case .repetition(let body, let minimum, let maximum, let kind):
            try compile(body, minimum, maximum, kind)
        }
    }

    private mutating func compile(alternatives: [RegexNode]) throws(RegexSyntaxError) {
        var jumps: [Int] = []
        for (index, branch) in alternatives.enumerated() {
            guard index < alternatives.count - 1 else {
                try compile(branch)
                break
            }
            let split = program.count
            emit(.accept)
            try compile(branch)
            jumps.append(program.count)
            emit(.accept)
            program[split] = .split(first: split + 1, second: program.count)
        }
        for jump in jumps { program[jump] = .jump(program.count) }
    }

    private mutating func compile(
        _ body: RegexNode, _ minimum: Int, _ maximum: Int?, _ kind: RegexNode.RepetitionKind
    ) throws(RegexSyntaxError) {
        if case .set(let set) = body, maximum == nil, kind != .lazy {
            let number = number(of: set)
            emit(
                kind == .greedy
                    ? .run(set: number, minimum: minimum)
                    : .possessiveRun(set: number, minimum: minimum))
            return
        }
        if kind == .possessive {
            return try compile(
                .atomic(.repetition(body, minimum: minimum, maximum: maximum, kind: .greedy)))
        }
        for _ in 0..<minimum { try compile(body) }
        func split(_ start: Int, to end: Int) -> ScalarRegex.Instruction {
            kind == .lazy
                ? .split(first: end, second: start + 1) : .split(first: start + 1, second: end)
        }
        if let maximum {
            var splits: [Int] = []
            for _ in 0..<max(0, maximum - minimum) {
                splits.append(program.count)
                emit(.accept)
                try compile(body)
            }
            for start in splits { program[start] = split(start, to: program.count) }
        } else {
            let start = program.count
            emit(.accept)
            try compile(body)
            emit(.jump(start))
            program[start] = split(start, to: program.count)
        }
    }
}
