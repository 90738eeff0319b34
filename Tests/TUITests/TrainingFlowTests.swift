import Engine
import Foundation
import Synchronization
import Testing

@testable import TUI
@testable import TerminalKit

/// Learns nothing: it reads a state, says how far it is, and waits to be let go on.
private final class ScriptedTrainer: RewardTrainer {
    let isLetGo = Mutex(false)
    let wasCancelled = Mutex(false)
    let result: Result<RewardContest, EngineError>

    init(_ result: Result<RewardContest, EngineError>) { self.result = result }

    func train(
        _ request: RewardTrainingRequest, source: any HiddenStateSource,
        progress: @escaping (Double) -> Void
    ) throws -> RewardOffer {
        _ = try source.hiddenStates(prompt: [1], replies: [[2], [3, 4]], layers: [1])
        progress(0.4)
        while !isLetGo.withLock({ $0 }) {
            if Task.isCancelled {
                wasCancelled.withLock { $0 = true }
                throw CancellationError()
            }
            usleep(1000)
        }
        let model = FeatureRewardModel(
            specification: .init(
                name: request.name, baseModel: "scripted", baseFingerprint: "f00",
                chatTemplateHash: nil, embeddingWidth: 1,
                features: [.init(layer: 1, pooling: .mean)], addsEndOfTurn: false,
                scale: .init(mean: 0, spread: 1), training: .init(method: "features")),
            mean: [0], deviation: [1], weights: [1], bias: 0)
        return RewardOffer(model: model, contest: try result.get())
    }
}

/// Learning a reward model beside the chat.
@MainActor
@Suite struct TrainingFlowTests {
    private static let better = RewardContest(
        comparisons: 42, prompts: 15, accuracy: 0.714, present: "default", presentAccuracy: 0.619,
        mayBeChance: true)
    private static let alt = { (letter: Character) in
        Key(.character(letter), modifiers: .alt, bytes: [27] + Array(String(letter).utf8))
    }

    @Test func chatGoesOnAndTheBetterModelIsTakenAndLeft() async throws {
        let trainer = ScriptedTrainer(.success(Self.better))
        let chat = try ChatHarness(trainer: trainer)
        try await chat.ready()
        chat.press(Self.alt("r"))
        #expect(chat.state.training == .running(0))
        try await chat.wait("progress") { $0.training == .running(0.4) }
        #expect(chat.screen.contains("learning 40%"))
        // A whole turn, and a board, while it goes on.
        chat.type("Hello")
        try await chat.wait("the reply") {
            $0.transcript.messages.count == 2 && !$0.generation.isRunning
        }
        chat.type("/n 2")
        chat.type("And again")
        try await chat.wait("the board") {
            $0.board?.isComplete == true && !$0.generation.isRunning
        }
        #expect(chat.state.training == .running(0.4))
        trainer.isLetGo.withLock { $0 = true }
        try await chat.wait("the offer") { $0.training == .offered(Self.better) }
        #expect(chat.screen.contains("new reward: Alt+a"))
        let notice = try #require(chat.state.notices.current?.text)
        for part in ["71%", "62%", "42 held-out", "15 prompts", "default", "chance", "Alt+a"] {
            #expect(notice.contains(part), "\(part) is missing in: \(notice)")
        }
        #expect(chat.workspace.rewards.activeName == nil, "nothing is taken unasked")

        chat.press(Self.alt("a"))
        try await chat.wait("scores of the board") {
            $0.session.rewardModel == "rankings" && $0.board?.hasRewards == true
        }
        #expect(chat.workspace.rewards.activeName == "rankings")
        #expect(chat.state.training == .idle)
        chat.press(Self.alt("z"))
        try await chat.wait("the way back") { $0.session.rewardModel == nil }
        #expect(chat.workspace.rewards.activeName == nil)
        chat.press(Self.alt("z"))
        try await chat.wait("the end of the way") {
            $0.notices.current?.text.contains("no earlier") == true
        }
    }

    @Test func stoppedAtOnceAlsoWhileAReplyIsInTheWay() async throws {
        let trainer = ScriptedTrainer(.success(Self.better))
        let chat = try ChatHarness(holdAfter: 3, trainer: trainer)
        try await chat.ready()
        chat.type("/train")
        try await chat.wait("progress") { $0.training == .running(0.4) }
        chat.type("Hello")
        try await chat.wait("a stream") { $0.generation.phase == .streaming }
        chat.press(Self.alt("s"))
        #expect(chat.state.training == .idle)
        try await chat.wait("the trainer's end") { _ in trainer.wasCancelled.withLock { $0 } }
        #expect(chat.state.generation.phase == .streaming, "the reply is not touched")
        // What it said before it ended counts no more.
        _ = chat.program.update(.message(.trainingProgressed(0.9)))
        _ = chat.program.update(.message(.trainingFinished(Self.better)))
        #expect(chat.state.training == .idle)
        chat.press(.escape)
        try await chat.idle()
    }

    @Test func whatFailsIsSaid() async throws {
        let trainer = ScriptedTrainer(.failure(.inference(reason: "Rank some more.")))
        trainer.isLetGo.withLock { $0 = true }
        let chat = try ChatHarness(trainer: trainer)
        try await chat.ready()
        chat.type("/train")
        try await chat.wait("the reason") { $0.notices.current?.text == "Rank some more." }
        #expect(chat.state.training == .idle)
    }

    @Test func onlyABetterOneIsOffered() {
        var state = Fixture.chat()
        #expect(state.press([Self.alt("r")]) == [.trainReward])
        // Once is enough.
        #expect(state.press([Self.alt("r")]) == [])
        var contest = Self.better
        contest.presentAccuracy = contest.accuracy
        #expect(update(&state, .trainingFinished(contest)) == [])
        #expect(state.training == .idle)
        #expect(state.notices.current?.text.contains("No better") == true)
        #expect(state.press([Self.alt("a")]) == [])
        #expect(state.press([Self.alt("s")]) == [])
        #expect(state.press([Self.alt("z")]) == [.revertReward])

        _ = state.press([Self.alt("r")])
        _ = update(&state, .trainingFinished(Self.better))
        #expect(state.press([Self.alt("a")]) == [.takeReward])
        // An offer for another model is none.
        _ = state.press([Self.alt("r")])
        _ = update(&state, .trainingFinished(Self.better))
        _ = update(
            &state, .modelLoaded(ModelStatus(name: "other", detail: "", contextLength: 100)))
        #expect(state.training == .idle)
        #expect(state.press([Self.alt("a")]) == [])
    }

    @Test func withoutAModelNothingIsLearnt() {
        var state = Fixture.empty()
        state.session.model = nil
        #expect(state.press([Self.alt("r")]) == [])
        #expect(state.training == .idle)
    }
}
