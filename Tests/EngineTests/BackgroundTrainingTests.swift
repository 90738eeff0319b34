import Foundation
import LanguageModel
import Testing
import Training

@testable import Engine

/// A reward model learnt from the store's rankings, beside what the person does.
@Suite struct BackgroundTrainingTests {
    /// Boards of two replies, that with the higher mean id ranked first: the scripted states
    /// tell it.
    private func rank(_ numbers: Range<Int>, _ bench: Bench) async throws {
        let chat = try bench.template("chat")
        for number in numbers {
            let talk = try bench.conversation("question \(number)")
            let board = try bench.board(
                await bench.run(
                    ReplyRequest(
                        conversation: talk.id, variants: [.init(template: chat, count: 2)],
                        seed: UInt64(1000 + 37 * number))))
            let worth = board.candidates.map { candidate in
                let ids = candidate.ids.dropLast()
                return ids.reduce(0) { $0 + Double($1) } / Double(ids.count)
            }
            try #require(worth[0] != worth[1])
            let order = board.candidates.map(\.id)
            try bench.workspace.submit(
                Ranking(
                    board: board.id,
                    ranks: [
                        order[0]: worth[0] > worth[1] ? 1 : 2,
                        order[1]: worth[0] > worth[1] ? 2 : 1,
                    ], displayOrder: order, scoresVisible: false, secondsTaken: 1))
        }
    }

    private func bench() async throws -> Bench {
        try await Bench(rewardTrainer: RankingRewardTrainer())
    }

    @Test func judgedOnWhatNeitherHasSeen() async throws {
        let bench = try await bench()
        let workspace = bench.workspace
        await #expect(throws: TrainingError.tooFewRankings(prompts: 0, needed: 8)) {
            try await workspace.trainReward { _ in }
        }
        try await rank(0..<7, bench)
        await #expect(throws: TrainingError.tooFewRankings(prompts: 7, needed: 8)) {
            try await workspace.trainReward { _ in }
        }
        try await rank(7..<20, bench)
        let first = try await workspace.trainReward { _ in }
        #expect(first.contest.present == nil)
        #expect(first.contest.presentAccuracy == 0.5)
        #expect((first.contest.comparisons, first.contest.prompts) == (20, 20))
        #expect(first.contest.accuracy > 0.8)
        #expect(first.contest.isBetter)
        #expect(workspace.rewards.activeName == nil)
        try workspace.take(first)
        #expect(workspace.rewards.activeName == "rankings")

        // It knows all of them by now: nothing could tell which model is better.
        await #expect(
            throws: TrainingError.tooFewNewComparisons(found: 0, since: "rankings", needed: 5)
        ) { try await workspace.trainReward { _ in } }
        try await rank(20..<26, bench)
        let second = try await workspace.trainReward { _ in }
        #expect(second.model.name == "rankings-2")
        #expect(second.contest.present == "rankings")
        #expect((second.contest.comparisons, second.contest.prompts) == (6, 6))
        #expect(second.contest.presentAccuracy > 0.5)
    }

    @Test func aBrokenPresentModelIsNone() async throws {
        let bench = try await bench()
        try await rank(0..<8, bench)
        var other = try RewardTests.head(fingerprint: "beef")
        try other.write(to: bench.workspace.rewards.path(of: "other"))
        try bench.workspace.rewards.activate("other")
        #expect(try await bench.workspace.trainReward { _ in }.contest.present == nil)
        try FileManager.default.removeItem(atPath: bench.workspace.rewards.path(of: "other"))
        #expect(try await bench.workspace.trainReward { _ in }.contest.present == nil)
    }

    @Test func cancelledWhileAReplyIsInTheWay() async throws {
        let bench = try await bench()
        try await rank(0..<8, bench)
        let isHeld = AsyncStream.makeStream(of: Void.self)
        let mayGoOn = DispatchSemaphore(value: 0)
        bench.generator.gate.withLock { gate in
            gate = { _ in
                isHeld.continuation.yield()
                mayGoOn.wait()
            }
        }
        let talk = try bench.conversation()
        let reply = try bench.workspace.reply(
            ReplyRequest(
                conversation: talk.id, variants: [.init(template: try bench.template("chat"))]))
        for await _ in isHeld.stream { break }
        let training = Task { try await bench.workspace.trainReward { _ in } }
        training.cancel()
        await #expect(throws: CancellationError.self) { try await training.value }
        bench.generator.gate.withLock { $0 = nil }
        mayGoOn.signal()
        var isFinished = false
        for await event in reply.events { if case .finished = event { isFinished = true } }
        #expect(isFinished)
    }

    @Test func statesAreThoseOfTheModelAskedFor() async throws {
        let bench = try await bench()
        let inference = bench.workspace.inference
        let states = try await inference.hiddenStates(
            prompt: [1], replies: [[20, 21]], layers: [3], of: "f00d")
        #expect(states == [[[3, 20, 3, 21]]])
        await #expect(throws: EngineError.self) {
            try await inference.hiddenStates(prompt: [1], replies: [[2]], layers: [3], of: "beef")
        }
    }
}
