/// Runs a program against a text.
struct RegexMatcher {
    let program: [ScalarRegex.Instruction]
    let sets: [ScalarMatcher]
    let text: UnsafePointer<UInt8>
    let count: Int
    let classes: CharacterClasses

    /// Steps of one attempt before failures are remembered.
    private static let patience = 4_096

    @inline(__always)
    func runEnd(_ set: ScalarMatcher, from start: Int) -> Int {
        var offset = start
        while offset < count {
            let (scalar, length) = decodeScalar(text, offset)
            guard set.contains(scalar, classes) else { break }
            offset += length
        }
        return offset
    }

    /// The end of the match that begins at `start` with the instruction `first`, or nil.
    func match(_ first: Int, at start: Int, _ stack: inout [ScalarRegex.Frame]) -> Int? {
        let bottom = stack.count
        defer { stack.removeLast(stack.count - bottom) }
        var instruction = first
        var position = start
        var steps = 0
        var visited: Set<UInt64> = []
        while true {
            steps += 1
            var isFailed = false
            switch program[instruction] {
            case .accept:
                return position
            case .set(let set):
                if position < count {
                    let (scalar, length) = decodeScalar(text, position)
                    if sets[set].contains(scalar, classes) {
                        position += length
                        instruction += 1
                    } else {
                        isFailed = true
                    }
                } else {
                    isFailed = true
                }
            case .run(let set, let minimum):
                if let lowest = runMinimum(sets[set], minimum, from: position) {
                    let end = runEnd(sets[set], from: lowest)
                    if end > lowest {
                        stack.append(
                            ScalarRegex.Frame(
                                instruction: instruction, position: end, lowest: lowest))
                    }
                    position = end
                    instruction += 1
                } else {
                    isFailed = true
                }
            case .possessiveRun(let set, let minimum):
                if let lowest = runMinimum(sets[set], minimum, from: position) {
                    position = runEnd(sets[set], from: lowest)
                    instruction += 1
                } else {
                    isFailed = true
                }
            case .split(let first, let second):
                // A state tried before at this place failed then, or is being tried.
                if steps > Self.patience, !visited.insert(key(instruction, position)).inserted {
                    isFailed = true
                } else {
                    stack.append(
                        ScalarRegex.Frame(instruction: second, position: position, lowest: -1))
                    instruction = first
                }
            case .jump(let target):
                instruction = target
            case .anchor(let anchor):
                if holds(anchor, at: position) { instruction += 1 } else { isFailed = true }
            case .look(let end, let isAhead, let isNegated):
                if looks(instruction + 1, at: position, isAhead, &stack) != isNegated {
                    instruction = end
                } else {
                    isFailed = true
                }
            case .atomic(let end):
                if let stop = match(instruction + 1, at: position, &stack) {
                    position = stop
                    instruction = end
                } else {
                    isFailed = true
                }
            }
            if isFailed {
                guard resume(&stack, bottom, &instruction, &position, steps, &visited) else {
                    return nil
                }
            }
        }
    }

    /// `isRun`: the state after a run gave something back, which is another than the
    /// instruction there entered anew.
    private func key(_ instruction: Int, _ position: Int, isRun: Bool = false) -> UInt64 {
        UInt64(truncatingIfNeeded: instruction) << 44 | UInt64(truncatingIfNeeded: position)
            | (isRun ? 1 << 63 : 0)
    }

    /// Takes up the last choice not yet tried; false where there is none.
    private func resume(
        _ stack: inout [ScalarRegex.Frame], _ bottom: Int, _ instruction: inout Int,
        _ position: inout Int, _ steps: Int, _ visited: inout Set<UInt64>
    ) -> Bool {
        while stack.count > bottom {
            let top = stack.count - 1
            let frame = stack[top]
            if frame.lowest < 0 {
                stack.removeLast()
                instruction = frame.instruction
                position = frame.position
                return true
            }
            // A run gives back its last scalar.
            let shorter = scalarStart(text, before: frame.position)
            if shorter <= frame.lowest {
                stack.removeLast()
            } else {
                stack[top].position = shorter
            }
            instruction = frame.instruction + 1
            position = shorter
            if steps > Self.patience,
                !visited.insert(key(instruction, position, isRun: true)).inserted
            {
                continue
            }
            return true
        }
        return false
    }

    /// Where the least number of scalars of a run end, or nil.
    @inline(__always)
    private func runMinimum(_ set: ScalarMatcher, _ minimum: Int, from start: Int) -> Int? {
        var offset = start
        for _ in 0..<minimum {
            guard offset < count else { return nil }
            let (scalar, length) = decodeScalar(text, offset)
            guard set.contains(scalar, classes) else { return nil }
            offset += length
        }
        return offset
    }

    private func looks(
        _ first: Int, at position: Int, _ isAhead: Bool, _ stack: inout [ScalarRegex.Frame]
    ) -> Bool {
        if isAhead { return match(first, at: position, &stack) != nil }
        guard position > 0 else { return false }
        return match(first, at: scalarStart(text, before: position), &stack) != nil
    }

    private func holds(_ anchor: RegexNode.Anchor, at position: Int) -> Bool {
        switch anchor {
        case .textStart: position == 0
        case .textEnd: position == count
        case .textEndOrLastNewline:
            position == count || (position == count - 1 && text[position] == 0x0A)
        case .lineStart: position == 0 || text[position - 1] == 0x0A
        case .lineEnd: position == count || text[position] == 0x0A
        case .wordBorder: isWord(before: position) != isWord(after: position)
        case .noWordBorder: isWord(before: position) == isWord(after: position)
        }
    }

    private func isWord(before position: Int) -> Bool {
        guard position > 0 else { return false }
        let start = scalarStart(text, before: position)
        return ScalarSet.word.contains(decodeScalar(text, start).scalar, classes)
    }

    private func isWord(after position: Int) -> Bool {
        guard position < count else { return false }
        return ScalarSet.word.contains(decodeScalar(text, position).scalar, classes)
    }
}
