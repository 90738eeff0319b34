import Engine

/// One reply of a board, while it streams and after.
struct BoardCandidate: Sendable, Equatable {
    /// Given by the store before sampling starts.
    var id: Int64
    var text = ""
    var tokenCount = 0
    /// Sum of natural-log probabilities under the model.
    var logProbability = 0.0
    var finishReason: FinishReason?
    /// Nil before a reward model has scored it.
    var reward: Double?
    /// What sets it apart from its neighbours: the template, model or settings it came from.
    var variant: String?
    /// Seconds of the screen's clock.
    var startedAt: Double?
    var finishedAt: Double?

    var isFinished: Bool { finishReason != nil }
    var meanLogProbability: Double? {
        tokenCount > 0 ? logProbability / Double(tokenCount) : nil
    }
    var tokensPerSecond: Double? {
        guard let startedAt, let finishedAt, finishedAt > startedAt, tokenCount > 1 else {
            return nil
        }
        return Double(tokenCount - 1) / (finishedAt - startedAt)
    }
}

/// The candidates of one turn and what the person does with them.
struct BoardState: Sendable, Equatable {
    enum Ordering: Sendable, Equatable { case sampling, reward, shuffled }

    enum Phase: Sendable, Equatable {
        /// The prompt is being read: tokens done of total.
        case reading(done: Int, total: Int)
        case streaming
        case complete
    }

    /// What to do when the streams that still run have ended.
    enum Decision: Sendable, Equatable {
        case submit
        case accept(candidate: Int)
    }

    /// In the store.
    var recordID: Int64?
    /// The user's message that the candidates answer.
    var parent: Int64?
    var candidates: [BoardCandidate] = []
    /// Candidate indices in the order the screen shows them.
    var order: [Int] = []
    var ordering = Ordering.sampling
    /// Index of the selected candidate (not its place on the screen).
    var selected = 0
    /// First line shown of each candidate; nil follows the end while it streams.
    var scroll: [Int: Int] = [:]
    var ranking = RankingDraft()
    var phase = Phase.reading(done: 0, total: 0)
    /// When all candidates stood complete on the screen; seconds of the screen's clock.
    var completedAt: Double?
    var scoresWereShown = false
    var isBlind = false
    var isZoomed = false
    var isSubmitted = false
    var decision: Decision?
    /// Streams the person has asked to end.
    var ending: Set<Int> = []
    var foldsDuplicates = true
    /// Marks the first word that differs, once all is written.
    var marksDifferences = true

    /// The beginning that each reply was given, for a continued one.
    var prefix = ""
    /// Probabilities of the template's labels.
    var labels: [LabelProbability] = []

    init(candidates ids: [Int64], parent: Int64? = nil) {
        self.parent = parent
        candidates = ids.map { BoardCandidate(id: $0) }
        order = Array(ids.indices)
    }

    func index(of id: Int64) -> Int? { candidates.firstIndex { $0.id == id } }

    /// A single reply streams in the transcript; several stand in a board.
    var isSingle: Bool { candidates.count == 1 }
    var isComplete: Bool { phase == .complete }
    var hasRewards: Bool { candidates.contains { $0.reward != nil } }
    var hasVariants: Bool { candidates.contains { $0.variant != nil } }

    /// The letter that names a candidate: A, B, … Z, then numbers.
    static func letter(_ index: Int) -> String {
        guard index < 26, let scalar = Unicode.Scalar(65 + UInt32(index)) else {
            return String(index + 1)
        }
        return String(Character(scalar))
    }

    /// A candidate's letter as shown: by its place where the order must not give away which
    /// reply came from where.
    func letter(of candidate: Int) -> String {
        guard isBlind, let place = order.firstIndex(of: candidate) else {
            return Self.letter(candidate)
        }
        return Self.letter(place)
    }

    /// Finished candidates with the same text, by the first of them in display order.
    var duplicates: [Int: [Int]] {
        var first: [String: Int] = [:]
        var found: [Int: [Int]] = [:]
        for index in order where candidates[index].isFinished {
            let text = candidates[index].text
            if let original = first[text] {
                found[original, default: []].append(index)
            } else {
                first[text] = index
            }
        }
        return found
    }

    /// Candidates as the screen shows them: in their order, those out of the running behind the
    /// others, those folded into an equal one left out. The order itself stays, and with it the
    /// letters of a blind board.
    var visible: [Int] {
        let hidden = foldsDuplicates ? Set(duplicates.values.joined()) : []
        let shown = order.filter { !hidden.contains($0) }
        let out = ranking.eliminated
        return out.isEmpty
            ? shown : shown.filter { !out.contains($0) } + shown.filter(out.contains)
    }

    mutating func add(_ id: Int64) {
        order.append(candidates.count)
        candidates.append(BoardCandidate(id: id))
    }

    /// Puts the candidates in an order that tells nothing of where they came from: drawn from
    /// the board's own number, so that it is the same whenever the board is shown.
    mutating func shuffle() {
        ordering = .shuffled
        var generator = SplitMix64(state: UInt64(bitPattern: recordID ?? candidates.first?.id ?? 0))
        order = Array(candidates.indices).shuffled(using: &generator)
        selected = order.first ?? 0
    }

    mutating func arrange(_ ordering: Ordering) {
        self.ordering = ordering
        switch ordering {
        case .sampling:
            order = Array(candidates.indices)
        case .shuffled:
            shuffle()
        case .reward:
            // Stable: candidates without a reward stay behind, in the order of sampling.
            order = candidates.indices.sorted { a, b in
                switch (candidates[a].reward, candidates[b].reward) {
                case (let x?, let y?): x == y ? a < b : x > y
                case (_?, nil): true
                case (nil, _?): false
                case (nil, nil): a < b
                }
            }
        }
    }

    /// What a submission records, by candidate index.
    var ranks: [Int: Int] { ranking.ranks(among: visible) }
    /// Whether there is nothing to record yet.
    var isUnranked: Bool { ranks.isEmpty && !ranking.isAllBad }

    /// The candidate to go on with: of the best rank the selected one, else the first shown.
    var best: Int? {
        let ranks = ranks
        let best = ranks.values.min()
        return ranks[selected] == best && best != nil
            ? selected : order.first { ranks[$0] != nil && ranks[$0] == best }
    }

    /// Takes the selected candidate out of the running, or back into it, and selects the one
    /// that takes its place.
    mutating func toggleElimination() {
        let place = visible.firstIndex(of: selected) ?? 0
        guard !ranking.eliminated.contains(selected) else { return ranking.unrank(selected) }
        ranking.eliminate(selected)
        let shown = visible
        let left = shown.count { !ranking.eliminated.contains($0) }
        selected = shown[min(place, max(0, left - 1))]
    }

    /// Number of characters that all finished candidates begin with, back to a word's start.
    var commonPrefixLength: Int {
        let texts = visible.map { candidates[$0].text }
        guard let first = texts.first, texts.count > 1 else { return 0 }
        var length = 0
        var wordStart = 0
        var iterators = texts.dropFirst().map { $0.makeIterator() }
        scan: for character in first {
            for index in iterators.indices where iterators[index].next() != character {
                break scan
            }
            length += 1
            if character.isWhitespace { wordStart = length }
        }
        return wordStart
    }
}

/// Steele, Lea and Flood 2014: a small generator whose whole state is its seed.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
