/// The stacks of a grammar's automaton. Each is one number, shared by all that use it: its top
/// frame and the stack below.
struct ConstraintStacks: Sendable {
    struct Frame: Hashable, Sendable {
        /// The state to go on from, or -1 - the loop whose round is being read.
        var top: Int32
        var below: Int32
        /// Rounds of the loop before this one.
        var rounds: Int32 = 0
        /// Whether the round has read nothing so far; only kept for rounds that may read
        /// nothing, which would else go round for ever.
        var isFresh = false
    }

    static let bottom: Int32 = 0

    private let loops: [GrammarAutomaton.Loop]
    /// Rounds of a loop this far from both limits are all alike to one token.
    private let reach: Int32
    private(set) var frames = [Frame(top: 0, below: 0)]
    private var numbers: [Frame: Int32] = [:]
    /// Of each stack: the number of its form, all but the rounds.
    private var forms: [Int32] = [0]
    private var formNumbers: [Frame: Int32] = [:]
    /// Of each stack: the one with no frame fresh, and the one with fewest rounds that gives
    /// the same tokens; -1 is not known yet.
    private var settledStacks: [Int32] = [0]
    private var typicalStacks: [Int32] = [0]

    /// - Parameter reach: the length of the longest token.
    init(loops: [GrammarAutomaton.Loop], reach: Int) {
        self.loops = loops
        self.reach = Int32(reach)
    }

    mutating func push(_ frame: Frame) -> Int32 {
        if let known = numbers[frame] { return known }
        let number = Int32(frames.count)
        frames.append(frame)
        numbers[frame] = number
        var form = frame
        form.below = forms[Int(frame.below)]
        form.rounds = 0
        let formNumber = formNumbers[form] ?? Int32(formNumbers.count + 1)
        formNumbers[form] = formNumber
        forms.append(formNumber)
        let isLoop = frame.top < 0
        let isSettled = settledStacks[Int(frame.below)] == frame.below && !frame.isFresh
        let isTypical = typicalStacks[Int(frame.below)] == frame.below && !isLoop
        settledStacks.append(isSettled ? number : -1)
        typicalStacks.append(isTypical ? number : -1)
        return number
    }

    /// The first round of a loop, or the one after this frame's.
    mutating func pushRound(of loop: Int, after rounds: Int32, on below: Int32) -> Int32 {
        // Without an end, rounds past the least number are alike.
        let most = loops[loop].max == nil ? max(loops[loop].min - 1, 0) : Int32.max
        return push(
            Frame(
                top: -1 - Int32(loop), below: below, rounds: min(rounds, most),
                isFresh: loops[loop].isNullable))
    }

    func form(of stack: Int32) -> Int32 { forms[Int(stack)] }

    /// The stack after something was read.
    mutating func settled(_ stack: Int32) -> Int32 {
        let known = settledStacks[Int(stack)]
        if known >= 0 { return known }
        return rebuilt(stack, \.settledStacks) { frame, _ in frame.isFresh = false }
    }

    /// The stack that stands for all that no token tells from this one.
    mutating func typical(_ stack: Int32) -> Int32 {
        rebuilt(stack, \.typicalStacks) { frame, stacks in
            guard frame.top < 0 else { return }
            let loop = stacks.loops[Int(-1 - frame.top)]
            if frame.rounds + stacks.reach < loop.min {
                frame.rounds = 0
            } else if frame.rounds + 1 >= loop.min,
                loop.max.map({ frame.rounds + stacks.reach < $0 }) ?? true
            {
                frame.rounds = max(loop.min - 1, 0)
            }
        }
    }

    /// Down to what token length the stack's rounds make no difference to ``roomiest(_:)``.
    func indifference(of stack: Int32) -> Int32 {
        var result = Int32.max
        var current = stack
        while current != Self.bottom {
            let frame = frames[Int(current)]
            current = frame.below
            guard frame.top < 0 else { continue }
            let loop = loops[Int(-1 - frame.top)]
            if frame.rounds + 1 < loop.min {
                result = min(result, loop.min - frame.rounds - 1)
            } else if let most = loop.max {
                result = min(result, most - frame.rounds - 1)
            }
        }
        return result
    }

    /// The stack with the fewest rounds of each loop that are as far from the least number, or
    /// as enough.
    mutating func roomiest(_ stack: Int32) -> Int32 {
        var open: [Frame] = []
        var current = stack
        while current != Self.bottom {
            open.append(frames[Int(current)])
            current = open[open.count - 1].below
        }
        while var frame = open.popLast() {
            frame.below = current
            if frame.top < 0 {
                let least = loops[Int(-1 - frame.top)].min
                frame.rounds = frame.rounds + 1 < least ? 0 : max(least - 1, 0)
            }
            current = push(frame)
        }
        return current
    }

    /// The stack with each of its frames changed, which is remembered. Not recursive: stacks
    /// are as deep as a reply is nested.
    private mutating func rebuilt(
        _ stack: Int32, _ memory: WritableKeyPath<Self, [Int32]>,
        _ change: (inout Frame, Self) -> Void
    ) -> Int32 {
        var open: [Int32] = []
        var current = stack
        while self[keyPath: memory][Int(current)] < 0 {
            open.append(current)
            current = frames[Int(current)].below
        }
        var result = self[keyPath: memory][Int(current)]
        while let next = open.popLast() {
            var frame = frames[Int(next)]
            frame.below = result
            change(&frame, self)
            result = push(frame)
            self[keyPath: memory][Int(next)] = result
            self[keyPath: memory][Int(result)] = result
        }
        return result
    }

    /// Whether all that may follow the second stack may follow the first. Both are of one form.
    func covers(_ a: Int32, _ b: Int32) -> Bool {
        var (a, b) = (a, b)
        while a != b {
            let (x, y) = (frames[Int(a)], frames[Int(b)])
            if x.rounds != y.rounds {
                // Fewer rounds leave more to come, once they are enough.
                guard x.rounds < y.rounds, x.rounds + 1 >= loops[Int(-1 - x.top)].min else {
                    return false
                }
            }
            (a, b) = (x.below, y.below)
        }
        return true
    }
}
