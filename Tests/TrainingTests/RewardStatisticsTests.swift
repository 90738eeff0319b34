import Foundation
import Testing

@testable import Training

/// Figures computed by Tests/Scripts/reward_statistics.py in float64.
struct StatisticsGolden: Decodable {
    struct Logistic: Decodable {
        struct Solution: Decodable {
            var held_out: Int
            var regularization: Float
            var weights: [Double]
        }
        var rows: Int
        var width: Int
        var features: [Float]
        var targets: [Float]
        var solutions: [Solution]
    }
    struct Agreement: Decodable {
        var replies: [[Double]]
        var comparisons: [[Double]]
        var second: [Double]
        var accuracy: Double
        var longer_wins: Double
        var mean_margin: Double
        var log_loss: Double
        var brier: Double
        var ece: Double
        var length_correlation: Double
        var interval: [Double]
        var only_first: Int
        var only_second: Int
        var mcnemar: Double

        var rows: [RewardEvaluation.Reply] {
            replies.map { .init(prompt: Int($0[0]), score: $0[1], length: Int($0[2])) }
        }
        var judgements: [Comparison] {
            comparisons.map {
                Comparison(
                    prompt: Int($0[0]), first: Int($0[1]), second: Int($0[2]), target: $0[3])
            }
        }
    }
    var logistic: Logistic
    var agreement: Agreement

    static func load() throws -> StatisticsGolden {
        let url = try #require(
            Bundle.module.url(forResource: "Goldens/reward_statistics", withExtension: "json"))
        return try JSONDecoder().decode(Self.self, from: Data(contentsOf: url))
    }
}

struct RewardStatisticsTests {
    @Test func logisticRegressionMatchesNewtonInDoublePrecision() throws {
        let golden = try StatisticsGolden.load().logistic
        var batch = LogisticBatch(
            features: golden.features, width: golden.width, targets: golden.targets)
        batch.tolerance = 1e-6
        batch.columnsAtOnce = 4  // Less than the columns, so that batches are exercised too.
        let columns = golden.solutions.map { solution in
            let count = golden.rows - solution.held_out
            return LogisticBatch.Column(
                rowWeights: (0..<golden.rows).map {
                    $0 < solution.held_out ? 0 : 1 / Float(count)
                },
                regularization: solution.regularization)
        }
        for (found, expected) in zip(batch.solve(columns), golden.solutions) {
            #expect(found.isConverged)
            let largest = expected.weights.map(abs).max()!
            for (a, b) in zip(found.weights, expected.weights) {
                #expect(abs(Double(a) - b) < 2e-4 * largest)
            }
        }
    }

    @Test func agreementFiguresMatchNumpy() throws {
        let golden = try StatisticsGolden.load().agreement
        let found = RewardEvaluation(replies: golden.rows, comparisons: golden.judgements)
        #expect(abs(found.accuracy - golden.accuracy) < 1e-12)
        #expect(abs(found.longerWins - golden.longer_wins) < 1e-12)
        #expect(abs(found.meanMargin - golden.mean_margin) < 1e-12)
        #expect(abs(found.logLoss - golden.log_loss) < 1e-12)
        #expect(abs(found.brier - golden.brier) < 1e-12)
        #expect(abs(found.calibrationError - golden.ece) < 1e-12)
        #expect(abs(try #require(found.lengthCorrelation) - golden.length_correlation) < 1e-12)
        let interval = try #require(found.interval)
        #expect(abs(interval.lowerBound - golden.interval[0]) < 0.015)
        #expect(abs(interval.upperBound - golden.interval[1]) < 0.015)
        #expect(found.byMargin.map(\.pairs).reduce(0, +) == found.pairs)
        #expect(found.pairs + found.ties == golden.comparisons.count)
    }

    @Test func pairedComparisonMatchesExactMcNemar() throws {
        let golden = try StatisticsGolden.load().agreement
        let found = PairedComparison(
            comparisons: golden.judgements, first: golden.replies.map { $0[1] },
            second: golden.second)
        #expect(found.onlyFirst == golden.only_first)
        #expect(found.onlySecond == golden.only_second)
        #expect(abs(found.pValue - golden.mcnemar) < 1e-9)
        let interval = try #require(found.interval)
        #expect(interval.contains(found.difference))
    }

    @Test func foldsNeverSplitAPromptAndRepeat() {
        let fold = Fold.assign(groups: 23, count: 5, seed: 3)
        #expect(fold == Fold.assign(groups: 23, count: 5, seed: 3))
        #expect(fold != Fold.assign(groups: 23, count: 5, seed: 4))
        let sizes = (0..<5).map { k in fold.count { $0 == k } }
        #expect(sizes.max()! - sizes.min()! <= 1)
        #expect(Set(Fold.assign(groups: 2, count: 5, seed: 0)) == [0, 1])
        #expect(Fold.holdOut(groups: 10, share: 0.2, seed: 0).count { $0 } == 2)
        #expect(!Fold.holdOut(groups: 1, share: 0.5, seed: 0).contains(true))
    }

    @Test func splitMixMatchesThePublishedSequence() {
        // First outputs for seed 1234567 (Rosetta Code, "Pseudo-random numbers/Splitmix64").
        var random = SplitMix64(seed: 1_234_567)
        #expect(random.next() == 6_457_827_717_110_365_317)
        #expect(random.next() == 3_203_168_211_198_807_973)
    }
}
