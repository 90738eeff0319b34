import Testing

@testable import Training

struct FeatureSearchTests {
    /// Four blocks of 6 numbers, a unit each; only blocks 1 and 2 know anything about the
    /// judgements.
    private func problem(prompts: Int, noise: Double, seed: UInt64) -> (
        [FeatureSearch.Block], [Comparison]
    ) {
        var random = SplitMix64(seed: seed)
        let rows = prompts * 2
        let values = (0..<4).map { _ in (0..<rows * 6).map { _ in Float(random.normal()) } }
        let blocks = values.enumerated().map {
            FeatureSearch.Block(unit: $0, width: 6, values: $1)
        }
        let comparisons = (0..<prompts).map { prompt in
            func quality(_ row: Int) -> Double {
                Double(values[1][row * 6] + values[2][row * 6 + 3]) + noise * random.normal()
            }
            let better = quality(2 * prompt) > quality(2 * prompt + 1)
            return Comparison(
                prompt: prompt, first: 2 * prompt, second: 2 * prompt + 1, target: better ? 1 : 0)
        }
        return (blocks, comparisons)
    }

    @Test func findsTheBlocksThatKnow() throws {
        let (blocks, comparisons) = problem(prompts: 200, noise: 0.3, seed: 1)
        let result = try FeatureSearch(blocks: blocks, comparisons: comparisons).run()
        #expect(result.choice.blocks == [1, 2])
        #expect(result.weights.count == 12)
        let right = zip(result.heldOutMargins, comparisons).count { ($0 > 0) == ($1.target == 1) }
        #expect(Double(right) / 200 > 0.85)
    }

    /// A block that is always there, and barely penalised, is in every choice; its weight comes
    /// back for the values as they are.
    @Test func fixedBlockIsAlwaysThere() throws {
        var (blocks, comparisons) = problem(prompts: 200, noise: 0.3, seed: 1)
        blocks[2].unit = nil
        blocks[2].scale = 10
        let result = try FeatureSearch(blocks: blocks, comparisons: comparisons).run()
        #expect(result.choice.blocks == [1, 2])
        #expect(result.foldChoices.allSatisfy { $0.blocks.contains(2) })
        // Both know equally much; the one that is held down less gets the larger weight.
        #expect(result.weights[9] > 1.2 * result.weights[0])
        #expect(result.weights[9] < 5 * result.weights[0])
    }

    /// Selection among many useless features must not make the reported figure look good.
    @Test func nestedFigureOfPureNoiseIsAChance() throws {
        var right = 0
        var total = 0
        for seed in 0..<6 as Range<UInt64> {
            let (blocks, _) = problem(prompts: 120, noise: 0, seed: seed)
            var random = SplitMix64(seed: seed &+ 99)
            let comparisons = (0..<120).map {
                Comparison(
                    prompt: $0, first: 2 * $0, second: 2 * $0 + 1,
                    target: random.below(2) == 0 ? 1 : 0)
            }
            let result = try FeatureSearch(blocks: blocks, comparisons: comparisons).run()
            right += zip(result.heldOutMargins, comparisons).count {
                ($0 > 0) == ($1.target == 1)
            }
            total += 120
        }
        // 720 draws: four standard deviations are 0.075.
        #expect(abs(Double(right) / Double(total) - 0.5) < 0.075)
    }

    @Test func worksOnTwoPromptsAndRefusesOne() throws {
        let (blocks, comparisons) = problem(prompts: 2, noise: 0, seed: 5)
        let result = try FeatureSearch(blocks: blocks, comparisons: comparisons).run()
        #expect(result.heldOutMargins.allSatisfy { $0.isFinite })
        #expect(throws: TrainingError.tooFewPrompts(found: 1)) {
            try FeatureSearch(blocks: blocks, comparisons: [comparisons[0]]).run()
        }
    }

    @Test func repeatsExactlyForOneSeed() throws {
        let (blocks, comparisons) = problem(prompts: 40, noise: 1, seed: 2)
        let first = try FeatureSearch(blocks: blocks, comparisons: comparisons).run()
        let second = try FeatureSearch(blocks: blocks, comparisons: comparisons).run()
        #expect(first.weights == second.weights)
        #expect(first.choice == second.choice)
    }
}
