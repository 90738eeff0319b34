import LanguageModel
import Testing

@testable import Engine

/// Which replies are hopeless. The head scores a reply by its last id, 10 a step of one, with a
/// spread of 1.5.
@Suite struct EarlyStopTests {
    private func judge(margin: Double) throws -> EarlyStopJudge {
        EarlyStopJudge(
            EarlyStop(reward: try Self.head(), margin: margin, firstLength: 2), prompt: [5],
            model: try Stub.model(), source: ScriptedGenerator())
    }

    /// The score of a reply is its last id.
    private static func head() throws -> FeatureRewardModel {
        var head = try RewardTests.head()
        head.mean = [0, 0, 0, 0]
        head.deviation = [1, 1, 1, 1]
        head.weights = [0, 1, 0, 0]
        head.bias = 0
        return head
    }

    private func partials(_ last: [TokenID], finished: Set<Int> = [])
        -> [GenerationCheckpoints.Partial]
    {
        last.enumerated().map {
            .init(candidate: $0, ids: [40, $1], isFinished: finished.contains($0))
        }
    }

    @Test func thoseFarBehindEndAndTheBestNever() throws {
        let judge = try judge(margin: 2)
        // Hopeless is more than 3 behind.
        #expect(try judge.judge(partials([60, 57, 56, 59])) == [2])
        // The one that was stopped leads no more, whatever it had.
        #expect(try judge.judge(partials([50, 49, 90, 44])) == [3])
        #expect(judge.report.judgedTokens == 2 * (4 + 3))
    }

    @Test func aCompleteReplyLeadsTooAndIsScoredOnce() throws {
        let judge = try judge(margin: 2)
        #expect(try judge.judge(partials([60, 50, 59], finished: [0])) == [1])
        #expect(try judge.judge(partials([60, 50, 40], finished: [0])) == [2])
        #expect(judge.report.judgedTokens == 2 * (3 + 1))
        // A complete reply is whole, however bad.
        let other = try self.judge(margin: 2)
        #expect(try other.judge(partials([20, 60], finished: [0])) == [])
    }

    @Test func equalRepliesAndOnesWithoutASpreadGoOn() throws {
        let judge = try judge(margin: 0.1)
        #expect(try judge.judge(partials([60, 60, 60])) == [])
        var flat = try Self.head()
        flat.specification.scale.spread = 0
        let other = EarlyStopJudge(
            EarlyStop(reward: flat), prompt: [5], model: try Stub.model(),
            source: ScriptedGenerator())
        #expect(try other.judge(partials([60, 20])) == [])
    }

    @Test func lengthsDoubleInTheFirstThird() throws {
        let rule = EarlyStop(reward: try Self.head())
        #expect(rule.lengths(below: 384) == [32, 64, 128])
        #expect(rule.lengths(below: 383) == [32, 64])
        #expect(rule.lengths(below: 33) == [32])
        #expect(rule.lengths(below: 32) == [])
    }
}
