/// A ranking while it is being made: ranks by candidate index, ties allowed, or "all bad"; and
/// the candidates that are out of the running, which rank behind all others.
struct RankingDraft: Sendable, Equatable {
    private struct Snapshot: Sendable, Equatable {
        var ranks: [Int: Int]
        var isAllBad: Bool
        var lastRanked: Int?
        var eliminated: Set<Int> = []
    }

    private var now = Snapshot(ranks: [:], isAllBad: false)
    private var history: [Snapshot] = []

    /// Rank by candidate index, 1 the best.
    var ranks: [Int: Int] { now.ranks }
    var isAllBad: Bool { now.isAllBad }
    /// Out of the running, and without a rank of their own.
    var eliminated: Set<Int> { now.eliminated }
    /// The candidate that a tie would share its rank with.
    var lastRanked: Int? { now.lastRanked }

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
            $0.eliminated.remove(candidate)
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
            $0.eliminated = []
            $0.isAllBad = true
            $0.lastRanked = nil
        }
    }

    mutating func unrank(_ candidate: Int) {
        change {
            $0.ranks[candidate] = nil
            $0.eliminated.remove(candidate)
            $0.isAllBad = false
            if $0.lastRanked == candidate { $0.lastRanked = nil }
        }
    }

    mutating func eliminate(_ candidate: Int) {
        change {
            $0.ranks[candidate] = nil
            $0.eliminated.insert(candidate)
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

    /// Ranks of the candidates shown: those given, and behind them one for all that are out.
    /// Where only one is left in the running it needs no rank to be the best.
    func ranks(among shown: [Int]) -> [Int: Int] {
        let out = shown.filter(eliminated.contains)
        guard !out.isEmpty else { return ranks }
        var ranks = ranks
        if ranks.isEmpty {
            let left = shown.filter { !eliminated.contains($0) }
            guard left.count == 1 else { return [:] }
            ranks[left[0]] = 1
        }
        let last = (ranks.values.max() ?? 0) + 1
        for candidate in out { ranks[candidate] = last }
        return ranks
    }
}
