import LanguageModel

/// A prompt, replies to it, and judgements between them: what a reward model is trained on.
public struct RewardExample: Sendable, Equatable {
    /// One judgement between two of the replies, by index.
    public struct Judgement: Sendable, Equatable {
        public var first: Int
        public var second: Int
        /// 1 where the first is better, 0 where the second is, ½ for a tie.
        public var target: Double
        public var weight: Double

        public init(first: Int, second: Int, target: Double, weight: Double = 1) {
            self.first = first
            self.second = second
            self.target = target
            self.weight = weight
        }
    }

    /// Says which examples share a prompt; those never fall on two sides of a split.
    public var promptKey: String
    /// Name of the data source, for the card.
    public var source: String
    public var prompt: [TokenID]
    /// Each with the end-of-turn token where the reply was complete.
    public var replies: [[TokenID]]
    /// Length of each reply's text, in characters.
    public var lengths: [Int]
    public var judgements: [Judgement]
    /// Share of this example in the loss.
    public var weight: Double

    public init(
        promptKey: String, source: String, prompt: [TokenID], replies: [[TokenID]],
        lengths: [Int], judgements: [Judgement], weight: Double = 1
    ) {
        precondition(replies.count == lengths.count, "one length a reply")
        self.promptKey = promptKey
        self.source = source
        self.prompt = prompt
        self.replies = replies
        self.lengths = lengths
        self.judgements = judgements
        self.weight = weight
    }

    /// Judgements from ranks, 1 the best: every pair of different rank, and ties of equal rank.
    public static func judgements(ranks: [Int?]) -> [Judgement] {
        var found: [Judgement] = []
        for i in ranks.indices {
            for j in ranks.indices where j > i {
                guard let a = ranks[i], let b = ranks[j] else { continue }
                found.append(
                    Judgement(first: i, second: j, target: a < b ? 1 : a > b ? 0 : 0.5))
            }
        }
        return found
    }
}

/// Examples as one table of replies and one of comparisons, with prompts numbered.
struct RewardTable {
    /// Number of the prompt of each example.
    let prompts: [Int]
    let promptCount: Int
    /// Row of each example's first reply.
    let firstRows: [Int]
    let rowCount: Int
    /// All comparisons, ties included; the weights of a prompt's comparisons sum to the mean
    /// weight of its examples.
    let comparisons: [Comparison]

    /// - Throws: ``TrainingError/noComparisons(dropped:)``, ``TrainingError/onlyTies(count:)``.
    init(_ examples: [RewardExample]) throws {
        var numbers: [String: Int] = [:]
        var prompts: [Int] = []
        var firstRows: [Int] = []
        var comparisons: [Comparison] = []
        var weights: [Double] = []
        var counts: [Double] = []
        var row = 0
        for example in examples {
            let number = numbers[example.promptKey] ?? numbers.count
            if number == numbers.count {
                numbers[example.promptKey] = number
                weights.append(0)
                counts.append(0)
            }
            prompts.append(number)
            firstRows.append(row)
            weights[number] += example.weight
            counts[number] += 1
            for judgement in example.judgements where judgement.weight > 0 {
                comparisons.append(
                    Comparison(
                        prompt: number, first: row + judgement.first,
                        second: row + judgement.second, target: judgement.target,
                        weight: judgement.weight))
            }
            row += example.replies.count
        }
        guard !comparisons.isEmpty else { throw TrainingError.noComparisons(dropped: []) }
        guard comparisons.contains(where: { !$0.isTie }) else {
            throw TrainingError.onlyTies(count: comparisons.count)
        }
        self.prompts = prompts
        self.promptCount = numbers.count
        self.firstRows = firstRows
        self.rowCount = row
        self.comparisons = Comparison.balanced(
            comparisons, promptWeights: zip(weights, counts).map { $0 / $1 })
    }

    /// The comparisons to learn from. Dropping ties changes what a prompt's comparisons sum to,
    /// so they are balanced again.
    func comparisons(_ ties: TieTreatment) -> [Comparison] {
        guard ties == .skip else { return comparisons }
        var whole = [Double](repeating: 0, count: promptCount)
        for item in comparisons { whole[item.prompt] += item.weight }
        return Comparison.balanced(comparisons.filter { !$0.isTie }, promptWeights: whole)
    }
}
