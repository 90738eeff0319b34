/// Chooses features and regularisation of a linear reward head by cross-validation over
/// prompts, and says honestly how good the chosen head is.
///
/// The reported predictions are nested: for each outer fold, features and regularisation are
/// chosen by an inner cross-validation on the other folds only, so the fold that judges had no
/// say in the choice. The final choice uses an inner cross-validation over everything.
///
/// Candidates grow in two stages: each unit (a layer with its poolings) alone, then the best of
/// them together, all of them, and the best one's poolings one by one. Which of many units of
/// about equal merit comes first is chance, and following it costs accuracy (1,171 pairs of HH
/// helpful, layers of SmolLM2-135M: .648 for the best, .66 for all together). So all of them
/// are taken unless a smaller candidate's loss is lower by more than a standard error.
/// Standardisation uses all replies, without their judgements.
public struct FeatureSearch {
    /// A pooled layer: the vectors of all replies, row by row.
    public struct Block: Sendable {
        /// Blocks of one unit (a layer) are tried together; nil is part of every candidate.
        public var unit: Int?
        public var width: Int
        public var values: [Float]
        /// Multiplies the standardised values; its square divides the penalty of the weights.
        public var scale: Float

        public init(unit: Int?, width: Int, values: [Float], scale: Float = 1) {
            self.unit = unit
            self.width = width
            self.values = values
            self.scale = scale
        }
    }

    public struct Options: Sendable {
        public var outerFolds = 5
        public var innerFolds = 5
        /// λ of ½ λ ‖w‖² beside the mean loss, on standardised features.
        public var regularizations: [Float] = [0.1, 0.3, 1, 3, 10, 30]
        /// Most units that a combination may have.
        public var maxUnits = 2
        public var seed: UInt64 = 0
        public var threads = 0

        public init() {}
    }

    public struct Choice: Sendable, Equatable {
        /// Indices of blocks, ascending.
        public var blocks: [Int]
        public var regularization: Float
        /// Inner cross-validated loss, nats a comparison.
        public var loss: Double
        public var accuracy: Double
    }

    public struct Result: Sendable {
        public var choice: Choice
        /// Weights on standardised features, block by block.
        public var weights: [Float]
        /// Margin (first − second) of each comparison from a head that saw neither it nor
        /// any other of its prompt, nor was chosen with them.
        public var heldOutMargins: [Double]
        /// The choice made in each outer fold: how stable it is.
        public var foldChoices: [Choice]
        /// Best inner loss and accuracy of every candidate tried for the final head.
        public var candidates: [Choice]
    }

    private let blocks: [Block]
    private let deviations: [[Float]]
    private let comparisons: [Comparison]
    private let options: Options
    private let promptCount: Int

    /// - Parameter comparisons: `first` and `second` index rows of the blocks; prompts count
    ///   from 0.
    public init(blocks: [Block], comparisons: [Comparison], options: Options = Options()) {
        self.blocks = blocks
        self.comparisons = comparisons
        self.options = options
        promptCount = (comparisons.map(\.prompt).max() ?? -1) + 1
        deviations = blocks.map { Standardization(values: $0.values, width: $0.width).deviation }
    }

    private struct Scored {
        var choice: Choice
        /// Inner cross-validated loss of each prompt; 0 for prompts that take no part.
        var losses: [Double]
        var judgedPrompts: Int
    }

    /// A fold assignment, by prompt: `outer` -1 is the search for the final head.
    private struct Split {
        var outer: Int
        /// Fold of each prompt; -1 for prompts of the outer fold, which take no part.
        var inner: [Int]
        var folds: Int
    }

    public func run(progress: ((Double) -> Void)? = nil) throws -> Result {
        let prompts = Set(comparisons.map(\.prompt))
        guard prompts.count >= 2 else { throw TrainingError.tooFewPrompts(found: prompts.count) }
        let outer = Fold.assign(
            groups: promptCount, count: options.outerFolds, seed: options.seed)
        let outerCount = (outer.max() ?? 0) + 1
        let splits = (-1..<outerCount).map { split(outer: $0, assignment: outer) }

        // Stage 1: every unit alone, for all splits.
        var found = [[Scored]](repeating: [], count: splits.count)
        for (done, unit) in units.enumerated() {
            try Task.checkCancellation()
            let scored = score(
                blocks: members(of: [unit]), splits: splits, among: Array(splits.indices))
            for (s, candidate) in scored { found[s].append(candidate) }
            progress?(0.4 * Double(done + 1) / Double(units.count))
        }
        // Stage 2: the best together, as each split sees them.
        var wanted: [[Int]: [Int]] = [:]
        for s in splits.indices {
            for combination in combinations(losses: found[s].map(\.choice.loss)) {
                wanted[combination, default: []].append(s)
            }
        }
        let ordered = wanted.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (done, (combination, members)) in ordered.enumerated() {
            try Task.checkCancellation()
            for (s, candidate) in score(blocks: combination, splits: splits, among: members) {
                found[s].append(candidate)
            }
            progress?(0.4 + 0.5 * Double(done + 1) / Double(ordered.count))
        }
        let best = found.map(choose)

        var heldOut = [Double](repeating: 0, count: comparisons.count)
        for fold in 0..<outerCount {
            let choice = best[fold + 1]
            let (_, margins) = fit(choice) { outer[$0] != fold }
            for (i, item) in comparisons.enumerated() where outer[item.prompt] == fold {
                heldOut[i] = margins[i]
            }
        }
        var (weights, _) = fit(best[0]) { _ in true }
        var offset = 0
        for index in best[0].blocks {
            let scale = scale(of: index, among: best[0].blocks)
            for k in offset..<offset + blocks[index].width { weights[k] *= scale }
            offset += blocks[index].width
        }
        progress?(1)
        return Result(
            choice: best[0], weights: weights, heldOutMargins: heldOut,
            foldChoices: Array(best.dropFirst()), candidates: found[0].map(\.choice))
    }

    /// The candidate with all units, unless another one's loss is surely lower.
    private func choose(_ candidates: [Scored]) -> Choice {
        let best = candidates.min { $0.choice.loss < $1.choice.loss }!
        guard let whole = candidates.first(where: { $0.choice.blocks.count == blocks.count })
        else { return best.choice }
        // Paired by prompt: comparisons of one prompt are not independent.
        let differences = zip(whole.losses, best.losses).map { $0 - $1 }
        let judged = Double(max(1, whole.judgedPrompts))
        let mean = differences.reduce(0, +) / judged
        let squares = differences.reduce(0) { $0 + $1 * $1 } / judged - mean * mean
        let error = (max(0, squares) / judged).squareRoot()
        return mean > error ? best.choice : whole.choice
    }

    private func split(outer fold: Int, assignment: [Int]) -> Split {
        let members = (0..<promptCount).filter { fold < 0 || assignment[$0] != fold }
        let inner = Fold.assign(
            groups: members.count, count: options.innerFolds,
            seed: options.seed &+ UInt64(fold + 2) &* 7919)
        var folds = [Int](repeating: -1, count: promptCount)
        for (place, prompt) in members.enumerated() { folds[prompt] = inner[place] }
        return Split(outer: fold, inner: folds, folds: (inner.max() ?? 0) + 1)
    }

    /// Cross-validates one candidate in the splits asked for, at every strength.
    private func score(blocks: [Int], splits: [Split], among: [Int]) -> [(Int, Scored)] {
        let batch = LogisticBatch(
            features: differences(blocks), width: width(of: blocks),
            targets: comparisons.map { Float($0.target) })
        var columns: [LogisticBatch.Column] = []
        for s in among {
            for fold in 0..<splits[s].folds {
                let rowWeights = rowWeights { prompt in
                    splits[s].inner[prompt] >= 0
                        && (splits[s].folds == 1 || splits[s].inner[prompt] != fold)
                }
                for lambda in options.regularizations {
                    columns.append(.init(rowWeights: rowWeights, regularization: lambda))
                }
            }
        }
        let solutions = batch.solve(columns, threads: options.threads)
        var next = 0
        return among.map { s in
            let strengths = options.regularizations.count
            var loss = [Double](repeating: 0, count: strengths)
            var correct = loss
            var promptLosses = [[Double]](
                repeating: [Double](repeating: 0, count: promptCount), count: strengths)
            var weight = 0.0
            var judged = 0.0
            for fold in 0..<splits[s].folds {
                for (i, item) in comparisons.enumerated() where splits[s].inner[item.prompt] == fold
                {
                    weight += item.weight
                    judged += item.isTie ? 0 : item.weight
                    for k in 0..<strengths {
                        let margin = Double(solutions[next + k].margins[i])
                        let itemLoss =
                            item.weight * ((1 - item.target) * margin - logSigmoid(margin))
                        loss[k] += itemLoss
                        promptLosses[k][item.prompt] += itemLoss
                        if item.isTie { continue }
                        let agrees = (margin > 0) == (item.target > 0.5)
                        correct[k] += margin == 0 ? item.weight / 2 : agrees ? item.weight : 0
                    }
                }
                next += strengths
            }
            // A single prompt cannot be split: nothing judges, so hold the head down hardest.
            let isJudged = splits[s].folds > 1
            let k = isJudged ? loss.indices.min { loss[$0] < loss[$1] }! : strengths - 1
            let choice = Choice(
                blocks: blocks, regularization: options.regularizations[k],
                loss: loss[k] / max(weight, .leastNormalMagnitude),
                accuracy: correct[k] / max(judged, .leastNormalMagnitude))
            return (
                s,
                Scored(
                    choice: choice, losses: promptLosses[k],
                    judgedPrompts: splits[s].inner.count { $0 >= 0 })
            )
        }
    }

    private var units: [Int] { Set(blocks.compactMap(\.unit)).sorted() }

    /// Blocks of units, with those that are always there.
    private func members(of chosen: [Int]) -> [Int] {
        blocks.indices.filter { index in blocks[index].unit.map(chosen.contains) ?? true }
    }

    /// What stage 2 tries: the best units together, two and more, all of them, and each block of
    /// the best unit without the others.
    ///
    /// - Parameter losses: of each unit alone.
    private func combinations(losses: [Double]) -> [[Int]] {
        let units = units
        let ranked = units.indices.sorted { losses[$0] < losses[$1] }.map { units[$0] }
        var combinations: [[Int]] = []
        for count in 2...max(2, options.maxUnits)
        where count <= min(options.maxUnits, ranked.count) {
            combinations.append(members(of: Array(ranked.prefix(count))))
            // The second place is often a matter of chance.
            if count < ranked.count {
                combinations.append(
                    members(of: Array(ranked.prefix(count - 1)) + [ranked[count]]))
            }
        }
        if ranked.count > 1 { combinations.append(Array(blocks.indices)) }
        if let best = ranked.first {
            let all = members(of: [best])
            let own = all.filter { blocks[$0].unit == best }
            if own.count > 1 {
                combinations += own.map { kept in all.filter { !own.contains($0) || $0 == kept } }
            }
        }
        return Array(Set(combinations))
    }

    private func fit(_ choice: Choice, where isTrained: (Int) -> Bool) -> ([Float], [Double]) {
        let batch = LogisticBatch(
            features: differences(choice.blocks), width: width(of: choice.blocks),
            targets: comparisons.map { Float($0.target) })
        let column = LogisticBatch.Column(
            rowWeights: rowWeights(isTrained), regularization: choice.regularization)
        let solution = batch.solve([column], threads: options.threads)[0]
        return (solution.weights, solution.margins.map(Double.init))
    }

    /// Weights of the rows of chosen prompts, summing to 1.
    private func rowWeights(_ isTrained: (Int) -> Bool) -> [Float] {
        let kept = comparisons.map { isTrained($0.prompt) ? $0.weight : 0 }
        let sum = kept.reduce(0, +)
        return kept.map { sum > 0 ? Float($0 / sum) : 0 }
    }

    private func width(of indices: [Int]) -> Int { indices.reduce(0) { $0 + blocks[$1].width } }

    /// Several units share the room that one has, so that a strength means the same for all.
    private func scale(of index: Int, among indices: [Int]) -> Float {
        guard blocks[index].unit != nil else { return blocks[index].scale }
        let units = Set(indices.compactMap { blocks[$0].unit }).count
        return blocks[index].scale / Float(units).squareRoot()
    }

    /// Standardised differences first − second, a row a comparison.
    private func differences(_ indices: [Int]) -> [Float] {
        let width = width(of: indices)
        var out = [Float](repeating: 0, count: comparisons.count * width)
        out.withUnsafeMutableBufferPointer { out in
            var offset = 0
            for index in indices {
                let block = blocks[index]
                let scale = scale(of: index, among: indices)
                block.values.withUnsafeBufferPointer { values in
                    deviations[index].withUnsafeBufferPointer { deviation in
                        for (row, item) in comparisons.enumerated() {
                            let a = item.first * block.width
                            let b = item.second * block.width
                            let to = row * width + offset
                            for k in 0..<block.width {
                                out[to + k] =
                                    scale * (values[a + k] - values[b + k]) / deviation[k]
                            }
                        }
                    }
                }
                offset += block.width
            }
        }
        return out
    }
}

/// Mean and deviation of each feature over rows.
public struct Standardization: Sendable, Equatable {
    public var mean: [Float]
    /// Never 0: a feature that does not vary keeps deviation 1.
    public var deviation: [Float]

    public init(values: [Float], width: Int) {
        let rows = width == 0 ? 0 : values.count / width
        var sums = [Double](repeating: 0, count: width)
        var squares = sums
        values.withUnsafeBufferPointer { values in
            for row in 0..<rows {
                for k in 0..<width { sums[k] += Double(values[row * width + k]) }
            }
            for k in 0..<width { sums[k] /= Double(max(1, rows)) }
            for row in 0..<rows {
                for k in 0..<width {
                    let distance = Double(values[row * width + k]) - sums[k]
                    squares[k] += distance * distance
                }
            }
        }
        mean = sums.map { Float($0) }
        deviation = squares.enumerated().map { k, square in
            let deviation = (square / Double(max(1, rows))).squareRoot()
            return deviation > 1e-6 * max(1, abs(sums[k])) ? Float(deviation) : 1
        }
    }
}
