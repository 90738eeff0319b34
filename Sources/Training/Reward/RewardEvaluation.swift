/// How well scores agree with judgements, and how far to trust that figure.
public struct RewardEvaluation: Sendable, Equatable, Codable {
    /// A reply with its score; `prompt` groups replies, `length` is in characters or tokens.
    public struct Reply: Sendable, Equatable {
        public var prompt: Int
        public var score: Double
        public var length: Int

        public init(prompt: Int, score: Double, length: Int) {
            self.prompt = prompt
            self.score = score
            self.length = length
        }
    }

    /// Accuracy among comparisons whose |Δ| lies in a range (quartiles of |Δ|).
    public struct MarginBin: Sendable, Equatable, Codable {
        public var low: Double
        public var high: Double
        public var pairs: Int
        public var accuracy: Double
    }

    /// One bar of the calibration picture: comparisons whose preferred side the model gives a
    /// confidence σ(|Δ|) in [low, high).
    public struct CalibrationBin: Sendable, Equatable, Codable {
        public var low: Double
        public var high: Double
        public var pairs: Int
        public var meanConfidence: Double
        public var accuracy: Double
    }

    /// Comparisons with a winner; ties are counted apart.
    public var pairs: Int
    public var ties: Int
    public var prompts: Int
    /// Share of pairs whose preferred reply scores higher; equal scores count half.
    public var accuracy: Double
    /// 95 % interval of ``accuracy``, bootstrapped by prompt; nil with fewer than two prompts.
    public var interval: ClosedRange<Double>?
    /// Mean score of preferred minus other.
    public var meanMargin: Double
    /// Mean −log σ(Δ), in nats; 0.693 is a coin.
    public var logLoss: Double
    /// Share of pairs in which the longer reply was preferred; equal lengths count half.
    public var longerWins: Double
    /// Expected calibration error of σ(|Δ|) in ten equal bins (Naeini et al. 2015).
    public var calibrationError: Double
    /// Mean (1 − σ(Δ))² over pairs (Brier 1950); 0.25 is a coin.
    public var brier: Double
    /// Pearson correlation of score and length, both less their prompt's mean; nil where one of
    /// them does not vary.
    public var lengthCorrelation: Double?
    public var byMargin: [MarginBin]
    public var calibration: [CalibrationBin]

    /// - Parameter comparisons: their `first` and `second` index `replies`.
    public init(
        replies: [Reply], comparisons: [Comparison], bootstrap: Bootstrap = Bootstrap()
    ) {
        self.init(
            comparisons: comparisons,
            margins: comparisons.map { replies[$0.first].score - replies[$0.second].score },
            lengthMargins: comparisons.map { replies[$0.first].length - replies[$0.second].length },
            replies: replies, bootstrap: bootstrap)
    }

    /// For margins that are not differences of one table of scores: held-out predictions come
    /// from a head a fold.
    ///
    /// - Parameters:
    ///   - margins: score of the first less that of the second reply, a comparison.
    ///   - lengthMargins: the same of their lengths.
    ///   - replies: for the length correlation alone.
    public init(
        comparisons: [Comparison], margins: [Double], lengthMargins: [Int], replies: [Reply],
        bootstrap: Bootstrap = Bootstrap()
    ) {
        precondition(
            margins.count == comparisons.count && lengthMargins.count == comparisons.count,
            "one margin a comparison")
        let places = comparisons.indices.filter { !comparisons[$0].isTie }
        let judged = places.map { comparisons[$0] }
        pairs = judged.count
        ties = comparisons.count - judged.count
        let outcomes = places.map { place -> Outcome in
            let sign = comparisons[place].target > 0.5 ? 1.0 : -1.0
            let margin = sign * margins[place]
            let length = sign * Double(lengthMargins[place])
            return Outcome(margin: margin, correct: Self.share(margin), longer: Self.share(length))
        }
        let groups = PromptSums(judged.map(\.prompt), values: outcomes.map(\.correct))
        prompts = groups.values.count
        let count = Double(max(1, pairs))
        accuracy = outcomes.reduce(0) { $0 + $1.correct } / count
        interval = bootstrap.ratioInterval(values: groups.values, weights: groups.weights)
        meanMargin = outcomes.reduce(0) { $0 + $1.margin } / count
        logLoss = outcomes.reduce(0) { $0 - logSigmoid($1.margin) } / count
        longerWins = outcomes.reduce(0) { $0 + $1.longer } / count
        brier =
            outcomes.reduce(0) { sum, outcome in
                let miss = 1 - sigmoid(outcome.margin)
                return sum + miss * miss
            } / count
        calibration = Self.calibration(outcomes)
        calibrationError =
            calibration.reduce(0) {
                $0 + Double($1.pairs) * abs($1.accuracy - $1.meanConfidence)
            } / count
        byMargin = Self.quartiles(outcomes)
        lengthCorrelation = Self.lengthCorrelation(replies)
    }

    struct Outcome {
        var margin: Double
        var correct: Double
        var longer: Double
    }

    /// What a margin in favour of the better reply counts: an equal one is half right.
    static func share(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? 0 : 0.5 }

    private static func calibration(_ outcomes: [Outcome]) -> [CalibrationBin] {
        let count = 10
        return (0..<count).compactMap { bin in
            let low = 0.5 + 0.5 * Double(bin) / Double(count)
            let high = 0.5 + 0.5 * Double(bin + 1) / Double(count)
            let inside = outcomes.filter {
                let confidence = sigmoid(abs($0.margin))
                return confidence >= low && (confidence < high || bin == count - 1)
            }
            if inside.isEmpty { return nil }
            let size = Double(inside.count)
            return CalibrationBin(
                low: low, high: high, pairs: inside.count,
                meanConfidence: inside.reduce(0) { $0 + sigmoid(abs($1.margin)) } / size,
                accuracy: inside.reduce(0) { $0 + $1.correct } / size)
        }
    }

    private static func quartiles(_ outcomes: [Outcome]) -> [MarginBin] {
        let sorted = outcomes.sorted { abs($0.margin) < abs($1.margin) }
        return (0..<4).compactMap { quarter in
            let part = sorted[sorted.count * quarter / 4..<sorted.count * (quarter + 1) / 4]
            guard let first = part.first, let last = part.last else { return nil }
            return MarginBin(
                low: abs(first.margin), high: abs(last.margin), pairs: part.count,
                accuracy: part.reduce(0) { $0 + $1.correct } / Double(part.count))
        }
    }

    static func lengthCorrelation(_ replies: [Reply]) -> Double? {
        var sums: [Int: (score: Double, length: Double, count: Double)] = [:]
        for reply in replies {
            let old = sums[reply.prompt] ?? (0, 0, 0)
            sums[reply.prompt] = (
                old.score + reply.score, old.length + Double(reply.length), old.count + 1
            )
        }
        var both = 0.0
        var scores = 0.0
        var lengths = 0.0
        for reply in replies {
            guard let sum = sums[reply.prompt] else { continue }
            let score = reply.score - sum.score / sum.count
            let length = Double(reply.length) - sum.length / sum.count
            both += score * length
            scores += score * score
            lengths += length * length
        }
        guard scores > 0, lengths > 0 else { return nil }
        return both / (scores * lengths).squareRoot()
    }
}

/// Values summed by prompt, in the order in which prompts first appear.
struct PromptSums {
    private(set) var values: [Double] = []
    private(set) var weights: [Double] = []

    init(_ prompts: [Int], values: [Double]) {
        var place: [Int: Int] = [:]
        for (prompt, value) in zip(prompts, values) {
            let index = place[prompt] ?? self.values.count
            if index == self.values.count {
                place[prompt] = index
                self.values.append(0)
                weights.append(0)
            }
            self.values[index] += value
            weights[index] += 1
        }
    }
}
