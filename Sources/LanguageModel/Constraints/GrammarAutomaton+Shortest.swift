extension GrammarAutomaton {
    /// More bytes than any reply has: of a place that no text leads on from.
    static let unreachable: Int32 = 1 << 28

    /// By state: the fewest bytes that lead to the end of its rule, or of its loop's round.
    func shortestEnds() -> [Int32] {
        var result = states.map { $0.isEnd ? 0 : Self.unreachable }
        var hasChanged = true
        // States lead to later ones, but for ends and calls: a sweep a level of calls, about.
        while hasChanged {
            hasChanged = false
            for index in states.indices.reversed() where result[index] > 0 {
                let state = states[index]
                var least = result[index]
                for edge in state.edges { least = min(least, result[Int(edge.target)] + 1) }
                for target in state.jumps { least = min(least, result[Int(target)]) }
                for call in state.calls {
                    let inner = result[Int(starts[Int(call.rule)])]
                    least = min(least, inner + result[Int(call.target)])
                }
                for loop in state.loops {
                    least = min(least, bytes(of: loops[Int(loop)], after: 0, result))
                }
                if least < result[index] {
                    result[index] = least
                    hasChanged = true
                }
            }
        }
        return result
    }

    /// The fewest bytes from the end of a loop's round to the end of what it is a part of.
    func bytes(of loop: Loop, after rounds: Int32, _ shortest: [Int32]) -> Int32 {
        let missing = Int(max(0, loop.min - rounds))
        let body = missing == 0 ? 0 : missing * Int(shortest[Int(loop.body)])
        return Int32(min(body + Int(shortest[Int(loop.exit)]), Int(Self.unreachable)))
    }
}
