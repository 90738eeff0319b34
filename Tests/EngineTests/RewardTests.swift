import Foundation
import LanguageModel
import Testing

@testable import Engine

@Suite struct RewardTests {
    /// Over the stub's states [layer, id]: layer 2 at the last token, layer 3 in the mean.
    static func head(fingerprint: String = "f00d", layer: Int = 3) throws -> FeatureRewardModel {
        FeatureRewardModel(
            specification: .init(
                name: "mine", createdAt: Date(timeIntervalSince1970: 1_700_000_000),
                baseModel: "double", baseFingerprint: fingerprint,
                chatTemplateHash: try Stub.model().chatTemplateHash, embeddingWidth: 2,
                features: [
                    .init(layer: 2, pooling: .lastToken), .init(layer: layer, pooling: .mean),
                ],
                addsEndOfTurn: false, scale: .init(mean: 0, spread: 1.5),
                training: .init(method: "features", sources: ["store": 12], prompts: 6, pairs: 12)),
            mean: [2, 0, 3, 0], deviation: [1, 2, 1, 4], weights: [10, 1, 100, 2], bias: 0.25)
    }

    @Test func theScoreIsTheFormula() throws {
        let head = try Self.head()
        let scores = try head.score(
            prompt: [5], replies: [[20, 30], [40]], with: ScriptedGenerator())
        // Last id / 2, mean id · 2 / 4; the layer numbers are standardised to zero.
        #expect(scores == [0.25 + 15 + 12.5, 0.25 + 20 + 20])
    }

    @Test func statesArePooledNumberByNumber() {
        // Four tokens, two numbers each.
        let rows: [Float] = [1, -8, 3, -2, 2, -4, 6, -6]
        func pool(_ pooling: FeatureRewardModel.Pooling) -> [Float] {
            FeatureRewardModel.pool(rows, width: 2, pooling)
        }
        #expect(pool(.lastToken) == [6, -6])
        #expect(pool(.mean) == [3, -5])
        #expect(pool(.sum) == [6, -10])
        #expect(pool(.max) == [6, -2])
        #expect(FeatureRewardModel.pool([], width: 2, .max) == [0, 0])
    }

    @Test func theFileComesBackBitForBit() throws {
        let scratch = try Scratch()
        var head = try Self.head()
        let path = scratch.path + "/deep/mine.safetensors"
        try head.write(to: path)
        #expect(head.fingerprint.count == 64)
        let again = try FeatureRewardModel(contentsOf: path)
        #expect(again == head)
        #expect(try again.encoded() == FileManager.default.contents(atPath: path))
    }

    @Test func everyBrokenFileIsAnErrorNotACrash() throws {
        let data = try Self.head().encoded()
        for length in stride(from: 0, to: data.count, by: 7) {
            #expect(throws: EngineError.self) {
                try FeatureRewardModel(data.prefix(length), path: "cut")
            }
        }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            var broken = data
            broken[Int.random(in: 0..<data.count, using: &random)] ^= UInt8(
                1 << Int.random(in: 0..<8, using: &random))
            // It may still be a head, with another number in it: only crashes are wrong.
            _ = try? FeatureRewardModel(broken, path: "flipped")
        }
        var nan = try Self.head()
        nan.weights[0] = .nan
        #expect(throws: EngineError.self) { try FeatureRewardModel(try nan.encoded(), path: "nan") }
        var zero = try Self.head()
        zero.deviation[1] = 0
        #expect(throws: EngineError.self) {
            try FeatureRewardModel(try zero.encoded(), path: "zero")
        }
    }

    @Test func anotherBaseModelIsRefusedAnotherChatTemplateSaid() throws {
        let model = try Stub.model()
        #expect(try Self.head().check(model).isEmpty)
        #expect(throws: EngineError.self) { try Self.head(fingerprint: "beef").check(model) }
        #expect(throws: EngineError.self) { try Self.head(layer: 9).check(model) }
        let other = try Stub.model(template: "{{ messages[0]['content'] }}")
        #expect(try Self.head().check(other).count == 1)
    }

    @Test func endTokensArePutRightBeforeScoring() throws {
        let model = try Stub.model()
        #expect(model.endOfTurn == 1)
        #expect(model.normalized(reply: [20, 21, 1], endsTurn: false) == [20, 21])
        #expect(model.normalized(reply: [20, 21], endsTurn: true) == [20, 21, 1])
        #expect(model.normalized(reply: [20, 1, 1], endsTurn: true) == [20, 1])
    }

    /// The program brings a default along, for its own base model and no other; it is active
    /// only where a person chooses it.
    @Test func theBuiltInDefaultServesItsOwnModelOnly() throws {
        let scratch = try Scratch()
        let library = RewardLibrary(paths: scratch.paths)
        let head = try library.head(RewardLibrary.defaultName)
        let assets = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Assets/rewards/default.safetensors").standardizedFileURL
        #expect(try head.fingerprint == SHA256.hex(of: Data(contentsOf: assets)))
        #expect(head.name == RewardLibrary.defaultName)
        #expect(head.specification.training.heldOutAccuracy != nil)
        let card = try String(
            contentsOf: assets.deletingPathExtension().appendingPathExtension("md"),
            encoding: .utf8)
        #expect(library.builtInCard(RewardLibrary.defaultName) == card, "run scripts/embed-assets")
        #expect(library.activeName == nil)
        #expect(!library.isChosen)
        #expect(library.list().map(\.name) == [RewardLibrary.defaultName])
        let other = try Stub.model()
        #expect(try library.active(for: other) == nil)
        #expect(try library.usable(for: other) == nil)
        #expect(throws: EngineError.self) {
            try library.load(RewardLibrary.defaultName, for: other).check(other)
        }
        try library.activate(RewardLibrary.defaultName)
        #expect(library.activeName == RewardLibrary.defaultName)
        #expect(try library.revert() == nil)
    }

    @Test func theLibraryRemembersTheChoiceAndGoesBack() throws {
        let scratch = try Scratch()
        let library = RewardLibrary(paths: scratch.paths)
        let model = try Stub.model()
        #expect(try library.active(for: model) == nil)
        for name in ["a", "b"] {
            var head = try Self.head()
            head.specification.name = name
            try head.write(to: library.path(of: name))
        }
        _ = try scratch.write("rubbish", to: "data/rewards/c.safetensors")
        try library.activate("a")
        try library.activate("b")
        #expect(throws: EngineError.self) { try library.activate("c") }
        #expect(throws: EngineError.self) { try library.activate("d") }
        #expect(try RewardLibrary(paths: scratch.paths).active(for: model)?.name == "b")
        #expect(library.list().prefix(3).map(\.isActive) == [false, true, false])
        #expect(library.list()[2].problem != nil)
        #expect(try library.revert() == "a")
        #expect(try library.active(for: model)?.name == "a")
        try library.activate(nil)
        #expect(try library.active(for: model) == nil)
    }

    @Test func candidatesAreScoredAndTheScoresStored() async throws {
        let bench = try await Bench()
        var head = try Self.head()
        try head.write(to: bench.workspace.rewards.path(of: "mine"))
        try bench.workspace.rewards.activate("mine")
        let talk = try bench.conversation()
        let events = try await bench.run(
            ReplyRequest(
                conversation: talk.id,
                variants: [.init(template: try bench.template("chat"), count: 2)]))
        var scored: [Int64: Double] = [:]
        for case .scored(let scores, let name) in events {
            scored = scores
            #expect(name == "mine " + head.fingerprint.prefix(12))
        }
        let board = try bench.board(events)
        #expect(scored.count == 2)
        #expect(board.candidates.map(\.reward) == board.candidates.map { scored[$0.id] })
        // The end-of-turn token the generator sampled is not pooled.
        let ids = board.candidates[0].ids.dropLast()
        let mean = Double(ids.reduce(0) { $0 + Int($1) }) / Double(ids.count)
        let expected = 0.25 + Double(ids.last!) / 2 + Double(Float(mean)) / 2
        #expect(abs(scored[board.candidates[0].id]! - expected) < 1e-4)
    }

    @Test func rankingsAgainstTheScoresAreFound() async throws {
        let bench = try await Bench()
        let chat = try bench.template("chat")
        var boards: [Board] = []
        // Ranked before there was a reward model: scored when the list is asked for.
        for text in ["first", "second"] {
            let talk = try bench.conversation(text)
            let events = try await bench.run(
                ReplyRequest(conversation: talk.id, variants: [.init(template: chat, count: 2)]))
            boards.append(try bench.board(events))
        }
        #expect(boards[0].candidates.allSatisfy { $0.reward == nil })
        var head = try Self.head()
        try head.write(to: bench.workspace.rewards.path(of: "mine"))
        try bench.workspace.rewards.activate("mine")
        for (index, board) in boards.enumerated() {
            let scores = try await bench.workspace.rescore(board: board.id)
            let byScore = board.candidates.map(\.id).sorted { scores[$0]! > scores[$1]! }
            try #require(scores[byScore[0]]! > scores[byScore[1]]!)
            // The first as the scores have it, the second the other way round.
            let order = index == 0 ? byScore : byScore.reversed()
            try bench.workspace.submit(
                Ranking(
                    board: board.id, ranks: [order[0]: 1, order[1]: 2], displayOrder: order,
                    scoresVisible: false, secondsTaken: 1))
        }
        let found = try await bench.workspace.disagreements()
        #expect(found.map(\.board) == [boards[1].id])
        #expect(found[0].question == "second")
        #expect((found[0].pairs, found[0].reversed) == (1, 1))
        #expect(found[0].margin > 0)
    }

    @Test func aHeadThatDoesNotFitIsSaidAndTheReplyGoesOn() async throws {
        let bench = try await Bench()
        var head = try Self.head(fingerprint: "beef")
        try head.write(to: bench.workspace.rewards.path(of: "mine"))
        try bench.workspace.rewards.activate("mine")
        let talk = try bench.conversation()
        let events = try await bench.run(
            ReplyRequest(
                conversation: talk.id, variants: [.init(template: try bench.template("chat"))]))
        var notices: [String] = []
        for case .notice(let text) in events { notices.append(text) }
        #expect(notices.count == 1 && notices[0].contains("mine"))
        #expect(try bench.board(events).candidates[0].reward == nil)
        #expect(try bench.workspace.store.path(of: talk.id).count == 2)
    }
}
