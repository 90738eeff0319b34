/// Ends a text before that of some stop strings which is complete first, also where it comes
/// in pieces.
///
/// Text that may be the beginning of a stop string is held back until that is decided.
public struct StopMatcher: Sendable {
    private let stops: [[UInt8]]
    private let longest: Int
    private var held: [UInt8] = []
    public private(set) var hasStopped = false

    /// Empty stop strings are ignored.
    public init(_ stops: [String]) {
        self.stops = stops.filter { !$0.isEmpty }.map { Array($0.utf8) }
        longest = self.stops.map(\.count).max() ?? 0
    }

    /// Takes the next text, which must be whole characters.
    ///
    /// - Returns: the text that is certainly before any stop string, and whether one came;
    ///   after that nothing more is emitted.
    public mutating func push(_ text: String) -> (emit: String, stopped: Bool) {
        guard !hasStopped else { return ("", true) }
        guard longest > 0 else { return (text, false) }
        held += text.utf8
        if let stop = firstStop() {
            hasStopped = true
            let emit = String(decoding: held[..<stop], as: UTF8.self)
            held = []
            return (emit, true)
        }
        // Of bytes equal to the beginning of a stop string, all are held back, so that what
        // is emitted ends where a character does.
        let keep = heldSuffix()
        let emit = String(decoding: held.dropLast(keep), as: UTF8.self)
        held.removeFirst(held.count - keep)
        return (emit, false)
    }

    /// What is still held back, where the text ended without a stop string.
    public mutating func finish() -> String {
        defer { held = [] }
        return hasStopped ? "" : String(decoding: held, as: UTF8.self)
    }

    /// Where the stop string begins that ends first, so that the result does not depend on how
    /// the text was cut; of two that end together, the longer.
    private func firstStop() -> Int? {
        var best: (end: Int, start: Int)?
        for start in held.indices {
            for stop in stops where held[start...].starts(with: stop) {
                let found = (end: start + stop.count, start: start)
                if best.map({ found < $0 }) ?? true { best = found }
            }
        }
        return best?.start
    }

    /// The length of the longest suffix that begins a stop string.
    private func heldSuffix() -> Int {
        for start in max(0, held.count - longest + 1)..<max(0, held.count) {
            let suffix = held[start...]
            for stop in stops where suffix.count < stop.count && stop.starts(with: suffix) {
                return suffix.count
            }
        }
        return 0
    }
}
