/// A ranking while it is being made: ranks by candidate index, ties allowed, or "all bad".
struct RankingDraft: Sendable, Equatable {
    private struct Snapshot: Sendable, Equatable {
        var ranks: [Int: Int]
        var isAllBad: Bool
        var lastRanked: Int?
    }

    private var now = Snapshot(ranks: [:], isAllBad: false)
    private var history: [Snapshot] = []

    /// Rank by candidate index, 1 the best.
    var ranks: [Int: Int] { now.ranks }
    var isAllBad: Bool { now.isAllBad }
    /// The candidate that a tie would share its rank with.
    var lastRanked: Int? { now.lastRanked }
    var isEmpty: Bool { now.ranks.isEmpty && !now.isAllBad }

    private mutating func change(_ body: (inout Snapshot) -> Void) {
        var next = now
        body(&next)
        guard next != now else { return }
        history.append(now)
        now = next
    }

    mutating func rank(_ candidate: Int, as rank: Int) {
        change {
            $0.ranks[candidate] = rank
            $0.isAllBad = false
            $0.lastRanked = candidate
        }
    }

    /// Gives the candidate the rank of the one ranked before it; false where there is none.
    mutating func tie(_ candidate: Int) -> Bool {
        guard let last = now.lastRanked, last != candidate, let rank = now.ranks[last] else {
            return false
        }
        self.rank(candidate, as: rank)
        return true
    }

    mutating func markAllBad() {
        change {
            $0.ranks = [:]
            $0.isAllBad = true
            $0.lastRanked = nil
        }
    }

    mutating func unrank(_ candidate: Int) {
        change {
            $0.ranks[candidate] = nil
            $0.isAllBad = false
            if $0.lastRanked == candidate { $0.lastRanked = nil }
        }
    }

    /// Takes the last step back; false where there is none.
    mutating func undo() -> Bool {
        guard let last = history.popLast() else { return false }
        now = last
        return true
    }

    /// Candidates of the best rank given.
    var best: [Int] {
        guard let top = now.ranks.values.min() else { return [] }
        return now.ranks.filter { $0.value == top }.map(\.key).sorted()
    }
}
