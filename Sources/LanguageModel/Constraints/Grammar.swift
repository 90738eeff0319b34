/// A context-free grammar over characters: what a constrained reply may be.
///
/// Made from GBNF text, from a JSON Schema or from a list of labels, and compiled against a
/// vocabulary by ``TokenConstraint``.
public struct Grammar: Sendable {
    indirect enum Expression: Sendable, Equatable {
        /// UTF-8 text.
        case literal([UInt8])
        /// One character out of these ranges of code points, sorted and disjoint.
        case characters([ClosedRange<UInt32>])
        case rule(Int)
        case sequence([Expression])
        /// One of these; with none, nothing can match.
        case choice([Expression])
        case repetition(Expression, min: Int, max: Int?)

        static let empty = Expression.sequence([])
        static let nothing = Expression.choice([])

        static func text(_ string: String) -> Expression { .literal(Array(string.utf8)) }

        static func optional(_ expression: Expression) -> Expression {
            .repetition(expression, min: 0, max: 1)
        }

        static func digits(_ range: ClosedRange<Character> = "0"..."9") -> Expression {
            let low = range.lowerBound.unicodeScalars.first!.value
            return .characters([low...range.upperBound.unicodeScalars.first!.value])
        }
    }

    struct Rule: Sendable {
        var name: String
        var expression: Expression
    }

    var rules: [Rule]
    var root: Int

    /// A choice of fixed texts.
    ///
    /// - Parameter allowsLeadingSpace: whether one space may come first, as the first token
    ///   after a colon often brings one.
    public static func labels(_ labels: [String], allowsLeadingSpace: Bool = false) -> Grammar {
        let choice = Expression.choice(labels.map { .text($0) })
        let root =
            allowsLeadingSpace ? Expression.sequence([.optional(.text(" ")), choice]) : choice
        return Grammar(rules: [Rule(name: "root", expression: root)], root: 0)
    }
}

/// What is wrong with a grammar or a schema, and where.
public enum GrammarError: Error, Sendable, Equatable {
    /// GBNF text that breaks the grammar of grammars; line and column from 1.
    case syntax(line: Int, column: Int, reason: String)
    /// A rule that is used and not defined, or that calls itself before it reads anything.
    case rule(name: String, reason: String)
    /// A JSON Schema keyword or value that is not supported; `place` is a JSON pointer.
    case schema(place: String, reason: String)
    case tooLarge(limit: Int)
}

extension GrammarError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .syntax(let line, let column, let reason):
            "The grammar has an error at line \(line), column \(column): \(reason)."
        case .rule(let name, let reason):
            "The grammar's rule '\(name)' cannot be used: \(reason)."
        case .schema(let place, let reason):
            "The JSON Schema cannot be used at \(place.isEmpty ? "its root" : place): \(reason)."
        case .tooLarge(let limit):
            "The grammar is too large: it needs more than \(limit) states; use smaller repetitions."
        }
    }
}

extension Grammar {
    /// Rules from which a text can be derived at all.
    func productiveRules() -> [Bool] {
        fixedPoint { expression, productive in Self.isProductive(expression, productive) }
    }

    static func isProductive(_ expression: Expression, _ productive: [Bool]) -> Bool {
        switch expression {
        case .literal: true
        case .characters(let ranges): !ranges.isEmpty
        case .rule(let index): productive[index]
        case .sequence(let items): items.allSatisfy { isProductive($0, productive) }
        case .choice(let items): items.contains { isProductive($0, productive) }
        case .repetition(let item, let min, _): min == 0 || isProductive(item, productive)
        }
    }

    /// Rules that can match the empty text.
    func nullableRules() -> [Bool] {
        fixedPoint { expression, nullable in Self.isNullable(expression, nullable) }
    }

    static func isNullable(_ expression: Expression, _ nullable: [Bool]) -> Bool {
        switch expression {
        case .literal(let bytes): bytes.isEmpty
        case .characters: false
        case .rule(let index): nullable[index]
        case .sequence(let items): items.allSatisfy { isNullable($0, nullable) }
        case .choice(let items): items.contains { isNullable($0, nullable) }
        case .repetition(let item, let min, _): min == 0 || isNullable(item, nullable)
        }
    }

    /// Rules with a property that follows from that of the rules they use: all rules are asked
    /// once, then those that use one that turned out to have it.
    private func fixedPoint(_ holds: (Expression, [Bool]) -> Bool) -> [Bool] {
        var users = [[Int]](repeating: [], count: rules.count)
        func note(_ expression: Expression, _ user: Int) {
            switch expression {
            case .literal, .characters: break
            case .rule(let index): if users[index].last != user { users[index].append(user) }
            case .sequence(let items), .choice(let items): for item in items { note(item, user) }
            case .repetition(let item, _, _): note(item, user)
            }
        }
        for (index, rule) in rules.enumerated() { note(rule.expression, index) }
        var result = [Bool](repeating: false, count: rules.count)
        var work = Array(rules.indices.reversed())
        while let index = work.popLast() {
            guard !result[index], holds(rules[index].expression, result) else { continue }
            result[index] = true
            work += users[index]
        }
        return result
    }

    /// Left recursion would never read anything.
    func checkLeftRecursion(_ nullable: [Bool]) throws(GrammarError) {
        func heads(_ expression: Expression, _ found: inout Set<Int>) {
            switch expression {
            case .literal, .characters: break
            case .rule(let index): found.insert(index)
            case .sequence(let items):
                for item in items {
                    heads(item, &found)
                    if !Self.isNullable(item, nullable) { break }
                }
            case .choice(let items): for item in items { heads(item, &found) }
            case .repetition(let item, _, let max): if max != 0 { heads(item, &found) }
            }
        }
        let first = rules.map { rule -> [Int] in
            var found: Set<Int> = []
            heads(rule.expression, &found)
            return found.sorted()
        }
        // Depth-first without recursion: a grammar may be a chain of thousands of rules.
        var color = [UInt8](repeating: 0, count: rules.count)
        for start in rules.indices where color[start] == 0 {
            var stack: [(rule: Int, next: Int)] = [(start, 0)]
            color[start] = 1
            while let top = stack.last {
                guard top.next < first[top.rule].count else {
                    color[top.rule] = 2
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                let child = first[top.rule][top.next]
                if color[child] == 1 {
                    throw .rule(
                        name: rules[child].name,
                        reason: "it begins with itself (left recursion); write the repetition "
                            + "with '*' or to the right")
                }
                if color[child] == 0 {
                    color[child] = 1
                    stack.append((child, 0))
                }
            }
        }
    }
}
