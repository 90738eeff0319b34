import Foundation
import LanguageModel
import Synchronization
import Testing

@testable import Engine

@Suite struct WorkspaceTests {
    @Test func oneReplyIsStreamedStoredAndAdopted() async throws {
        let bench = try await Bench()
        let talk = try bench.conversation()
        let events = try await bench.run(
            ReplyRequest(
                conversation: talk.id, variants: [.init(template: try bench.template("chat"))],
                seed: 7))
        var text = ""
        var order: [String] = []
        for event in events {
            switch event {
            case .started: order.append("started")
            case .text(_, let delta, _, _): text += delta
            case .candidateFinished(let candidate):
                order.append("finished")
                #expect(candidate.text == text)
            case .adopted: order.append("adopted")
            case .finished: order.append("end")
            default: break
            }
        }
        #expect(order == ["started", "finished", "adopted", "end"])
        #expect(text == ScriptedGenerator.reply(seed: 7))
        let path = try bench.workspace.store.path(of: talk.id)
        #expect(path.map(\.text) == ["hello", text])
        let board = try bench.board(events)
        #expect(path[1].candidate == board.candidates[0].id)
        #expect(board.candidates[0].finishReason == .stop)
        #expect(board.promptIDs == bench.generator.prompts.withLock { $0[0] })
        #expect(board.templateHash == (try bench.template("chat")).hash)
        #expect(board.modelFingerprint == "f00d")
    }

    @Test func aFinishedCandidateIsOnDiskBeforeItIsReported() async throws {
        let bench = try await Bench()
        let talk = try bench.conversation()
        let reply = try bench.workspace.reply(
            ReplyRequest(
                conversation: talk.id,
                variants: [.init(template: try bench.template("chat"), count: 3)]))
        let elsewhere = try Store(path: bench.workspace.paths.database)
        var count = 0
        for await event in reply.events {
            if case .candidateFinished(let candidate) = event {
                #expect(try elsewhere.candidate(candidate.id).0.text == candidate.text)
                count += 1
            }
        }
        #expect(count == 3)
    }

    @Test func severalCandidatesDifferAndWaitForTheRanking() async throws {
        let bench = try await Bench()
        let store = bench.workspace.store
        let talk = try bench.conversation()
        let events = try await bench.run(
            ReplyRequest(
                conversation: talk.id,
                variants: [.init(template: try bench.template("chat"), count: 4)], seed: 1))
        let board = try bench.board(events)
        #expect(Set(board.candidates.map(\.text)).count == 4)
        #expect(board.candidates.map(\.seed) == [1, 2, 3, 4])
        #expect(try store.path(of: talk.id).count == 1)

        let ids = board.candidates.map(\.id)
        let (stored, message) = try bench.workspace.submit(
            Ranking(
                board: board.id, ranks: [ids[0]: 2, ids[1]: 1, ids[2]: 1],
                displayOrder: [ids[3], ids[2], ids[1], ids[0]], scoresVisible: false,
                secondsTaken: 3))
        // Of two best, the one shown first.
        #expect(message?.candidate == ids[2])
        #expect(try store.rankings(of: board.id).map(\.id) == [stored.id])
        // A second opinion adopts another reply, as a sibling, and the same again only selects.
        let other = try bench.workspace.accept(ids[0])
        #expect(try store.siblings(of: other.id).count == 2)
        #expect(try bench.workspace.accept(ids[2]).id == message?.id)
        #expect(try store.siblings(of: other.id).count == 2)
        #expect(try store.path(of: talk.id).last?.candidate == ids[2])
    }

    @Test func aVoteOnAnEarlierTurnLeavesThePathAlone() async throws {
        let bench = try await Bench()
        let store = bench.workspace.store
        let talk = try bench.conversation()
        let events = try await bench.run(
            ReplyRequest(
                conversation: talk.id,
                variants: [.init(template: try bench.template("chat"), count: 2)]))
        let board = try bench.board(events)
        let ids = board.candidates.map(\.id)
        try bench.workspace.accept(ids[0])
        try store.append("go on", role: .user, to: talk.id)
        let before = try store.path(of: talk.id)
        let (_, message) = try bench.workspace.submit(
            Ranking(
                board: board.id, ranks: [ids[1]: 1, ids[0]: 2], displayOrder: ids,
                scoresVisible: true, secondsTaken: 1))
        #expect(message == nil)
        #expect(try store.path(of: talk.id) == before)
        #expect(try store.rankingCount() == 1)
    }

    @Test func allBadAdoptsNothing() async throws {
        let bench = try await Bench()
        let talk = try bench.conversation()
        let board = try bench.board(
            try await bench.run(
                ReplyRequest(
                    conversation: talk.id,
                    variants: [.init(template: try bench.template("chat"), count: 2)])))
        let (_, message) = try bench.workspace.submit(
            Ranking(
                board: board.id, ranks: [:], isAllBad: true,
                displayOrder: board.candidates.map(\.id), scoresVisible: true, secondsTaken: 1))
        #expect(message == nil)
        #expect(try bench.workspace.store.path(of: talk.id).count == 1)
    }

    @Test func cancellingKeepsWhatWasSampled() async throws {
        let bench = try await Bench()
        let talk = try bench.conversation()
        let reply = try bench.workspace.reply(
            ReplyRequest(
                conversation: talk.id, variants: [.init(template: try bench.template("chat"))]))
        let count = Mutex(0)
        let control = reply.control
        bench.generator.gate.withLock {
            $0 = { _ in
                let now = count.withLock { value in
                    value += 1
                    return value
                }
                if now == 4 { control.cancelAll() }
            }
        }
        var last: Candidate?
        var adopted: Message?
        for await event in reply.events {
            if case .candidateFinished(let candidate) = event { last = candidate }
            if case .adopted(let message) = event { adopted = message }
        }
        #expect(last?.finishReason == .cancelled)
        #expect(last?.text == "rep")
        #expect(adopted?.text == "rep")
        #expect(control.isOver)
        #expect(try control.addCandidate() == nil)
    }

    @Test func goingAwayFromTheStreamEndsTheReply() async throws {
        let bench = try await Bench()
        let talk = try bench.conversation()
        let reply = try bench.workspace.reply(
            ReplyRequest(
                conversation: talk.id,
                variants: [.init(template: try bench.template("chat"), count: 3)]))
        let reader = Task {
            for await event in reply.events { if case .text = event { break } }
        }
        bench.generator.gate.withLock { $0 = { _ in Thread.sleep(forTimeInterval: 0.002) } }
        await reader.value
        reply.control.cancelAll()
        while !reply.control.isOver { try await Task.sleep(for: .milliseconds(2)) }
        // Every candidate has an end, on disk.
        let boards = try bench.workspace.store.boards(of: talk.id)
        #expect(boards.flatMap(\.candidates).count == 3)
    }

    @Test func aCandidateCanBeAddedToARunningAndToAFinishedBoard() async throws {
        let bench = try await Bench()
        let talk = try bench.conversation()
        let reply = try bench.workspace.reply(
            ReplyRequest(
                conversation: talk.id,
                variants: [.init(template: try bench.template("chat"), count: 2)], seed: 10))
        let control = reply.control
        let isAdded = Mutex(false)
        bench.generator.gate.withLock {
            $0 = { _ in
                let isFirst = isAdded.withLock { flag in
                    defer { flag = true }
                    return !flag
                }
                if isFirst { _ = try? control.addCandidate() }
            }
        }
        var events: [ReplyEvent] = []
        for await event in reply.events { events.append(event) }
        let board = try bench.board(events)
        // The scripted generator takes no late ones: the run samples it on its own.
        #expect(board.candidates.map(\.seed) == [10, 11, 12])
        #expect(Set(board.candidates.map(\.text)).count == 3)

        let more = try bench.workspace.addCandidate(to: board.id)
        for await _ in more.events {}
        let after = try bench.workspace.store.board(board.id)
        #expect(after.candidates.count == 4)
        #expect(Set(after.candidates.map(\.seed)).count == 4)
        #expect(try bench.workspace.store.path(of: talk.id).count == 1)
    }

    @Test func templatesAreComparedOnOneBoard() async throws {
        let bench = try await Bench()
        let talk = try bench.conversation("a candle")
        let events = try await bench.run(
            ReplyRequest(
                conversation: talk.id,
                variants: [
                    .init(template: try bench.template("chat")),
                    .init(template: try bench.template("riddle")),
                ], seed: 3))
        let board = try bench.board(events)
        #expect(board.isComparison)
        #expect(board.candidates.map(\.variant) == [0, 1])
        #expect(board.variants[0].promptIDs != board.variants[1].promptIDs)
        #expect(board.variants[1].renderedInput == "Write a riddle about: a candle")
        #expect(board.candidates[1].sampling.temperature == 0.8)
        // The reply taken, the next prompt shows the turn as it was sent.
        try bench.workspace.accept(board.candidates[1].id)
        try bench.workspace.store.append("next", role: .user, to: talk.id)
        let prompt = try bench.workspace.exactPrompt(
            conversation: talk.id, variant: .init(template: try bench.template("chat")))
        #expect(prompt.prompt.text.contains("user\nWrite a riddle about: a candle<"))
        #expect(prompt.prompt.text.contains("user\nnext<"))
    }

    @Test func modelsAreComparedOnOneBoard() async throws {
        let scratch = try Scratch()
        let files = (
            try scratch.write("", to: "mine.gguf"), try scratch.write("", to: "other.gguf")
        )
        let loads = Mutex<[String]>([])
        let generators = [files.0: ScriptedGenerator(), files.1: ScriptedGenerator()]
        let inference = InferenceActor { path, _, _ in
            loads.withLock { $0.append(path) }
            var model = try Stub.model()
            model.info.path = path
            model.info.fingerprint = path == files.0 ? "f00d" : "beef"
            return (model, generators[path]!)
        }
        let workspace = try Workspace(paths: scratch.paths, inference: inference)
        try await workspace.loadModel(files.0)
        let talk = try workspace.store.createConversation()
        try workspace.store.append("hello", role: .user, to: talk.id)
        let chat = try workspace.templates.template("chat")
        let reply = try workspace.reply(
            ReplyRequest(
                conversation: talk.id,
                variants: [.init(template: chat), .init(template: chat, model: files.1)]))
        var board: Board?
        for await event in reply.events {
            if case .started(let started, _) = event { board = started }
            if case .failed(let error) = event { Issue.record(error) }
        }
        let stored = try workspace.store.board(try #require(board).id)
        #expect(stored.variants.map(\.modelFingerprint) == ["f00d", "beef"])
        #expect(stored.candidates.count == 2)
        #expect(generators[files.0]!.prompts.withLock(\.count) == 1)
        #expect(generators[files.1]!.prompts.withLock(\.count) == 1)
        // Loaded once, and the model in use is in use again.
        #expect(loads.withLock { $0 } == [files.0, files.1])
        #expect(await inference.loaded?.info.path == files.0)
    }

    @Test func regeneratingAndContinuingMakeSiblings() async throws {
        let bench = try await Bench()
        let store = bench.workspace.store
        let talk = try bench.conversation()
        let chat = ReplyVariant(template: try bench.template("chat"))
        _ = try await bench.run(ReplyRequest(conversation: talk.id, variants: [chat], seed: 1))
        _ = try await bench.run(ReplyRequest(conversation: talk.id, variants: [chat], seed: 2))
        let second = try #require(try store.path(of: talk.id).last)
        #expect(second.text == ScriptedGenerator.reply(seed: 2))
        #expect(try store.siblings(of: second.id).count == 2)
        _ = try await bench.run(
            ReplyRequest(conversation: talk.id, variants: [chat], seed: 3, continues: true))
        let third = try #require(try store.path(of: talk.id).last)
        #expect(
            third.text == ScriptedGenerator.reply(seed: 2) + ScriptedGenerator.reply(seed: 3))
        #expect(try store.siblings(of: third.id).count == 3)
        let prompt = bench.generator.prompts.withLock { $0[2] }
        let end = bench.generator.tokenizer.encode("assistant\n" + second.text)
        #expect(prompt.suffix(end.count) == end[...])
    }

    @Test func aPersonWhoWentElsewhereIsNotTakenAlong() async throws {
        let bench = try await Bench()
        let store = bench.workspace.store
        let talk = try bench.conversation("first")
        let other = try store.add("other root", role: .user, to: talk.id, parent: nil)
        let question = try #require(try store.tree(of: talk.id).first)
        try store.select(question.id)
        bench.generator.gate.withLock { $0 = { _ in _ = try? store.select(other.id) } }
        _ = try await bench.run(
            ReplyRequest(
                conversation: talk.id, variants: [.init(template: try bench.template("chat"))]))
        #expect(try store.conversation(talk.id).selectedLeaf == other.id)
        #expect(try store.children(of: question.id, in: talk.id).count == 1)
    }

    @Test func labelsComeWithProbabilities() async throws {
        let bench = try await Bench()
        let talk = try bench.conversation("a very negative film")
        let template = Template(name: "labels", labels: ["positive", "negative"])
        let events = try await bench.run(
            ReplyRequest(conversation: talk.id, variants: [.init(template: template, count: 4)]))
        var labels: [LabelProbability] = []
        for case .labels(let found) in events { labels = found }
        #expect(labels.map(\.label) == ["negative", "positive"])
        let odds = exp(1.0)
        #expect(abs(labels[0].probability - odds / (1 + odds)) < 1e-6)
        #expect(try bench.workspace.store.path(of: talk.id).last?.text == "negative")
        let direct = try await bench.workspace.labelProbabilities(
            template: template, input: "very positive")
        #expect(direct[0].label == "positive")
    }

    @Test func calibrationTakesThePromptsOwnBiasOut() async throws {
        let bench = try await Bench()
        // "very positive" stands in the system text, so every input leans that way.
        var template = Template(
            name: "t", system: "very positive", labels: ["positive", "negative"])
        let plain = try await bench.workspace.labelProbabilities(template: template, input: "x")
        #expect(plain[0].probability > 0.7)
        template.calibratesLabels = true
        let calibrated = try await bench.workspace.labelProbabilities(
            template: template, input: "x")
        #expect(abs(calibrated[0].probability - 0.5) < 1e-6)
    }

    @Test func anEditedCandidateIsPreferredOverItsOriginal() async throws {
        let bench = try await Bench()
        let talk = try bench.conversation()
        let board = try bench.board(
            try await bench.run(
                ReplyRequest(
                    conversation: talk.id,
                    variants: [.init(template: try bench.template("chat"), count: 2)])))
        let edited = try bench.workspace.edit(
            candidate: board.candidates[1].id, text: "better", secondsTaken: 4)
        let record = try #require(try bench.workspace.store.rankingRecords().first)
        #expect(record.replies.map(\.rank) == [nil, 2, 1])
        #expect(record.replies[2].text == "better")
        #expect(record.replies[2].editedFrom == 1)
        #expect(edited.ids == bench.generator.tokenizer.encode("better") + [1])
    }

    @Test func anEmptyConversationHasNothingToAnswer() async throws {
        let bench = try await Bench()
        let talk = try bench.workspace.store.createConversation()
        #expect(throws: EngineError.nothingToAnswer) {
            try bench.workspace.reply(
                ReplyRequest(
                    conversation: talk.id, variants: [.init(template: try bench.template("chat"))]))
        }
    }

    @Test func aPromptThatCannotBeMadeFailsTheStreamAndStoresNothing() async throws {
        let bench = try await Bench(context: 64)
        let talk = try bench.conversation(String(repeating: "long ", count: 50))
        let events = try await bench.run(
            ReplyRequest(
                conversation: talk.id, variants: [.init(template: try bench.template("chat"))]))
        guard events.count == 1, case .failed(.contextTooSmall) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(try bench.workspace.store.boards(of: talk.id).isEmpty)
    }
}

@Suite struct ReplyChannelTests {
    @Test func textWaitsJoinedAndInOrder() async throws {
        let channel = ReplyChannel()
        var candidate = Candidate(id: 1, index: 0, seed: 0, sampling: SamplingOptions())
        candidate.finishReason = .stop
        for index in 0..<1000 {
            channel.send(.promptRead(done: index, total: 1000))
        }
        for index in 0..<1000 {
            let id = Int64(index % 2)
            channel.send(.text(candidate: id, delta: "\(id)", tokens: index, logProbability: 0))
        }
        channel.send(.candidateFinished(candidate))
        channel.send(.text(candidate: 0, delta: "x", tokens: 1001, logProbability: 0))
        channel.close()
        var kinds: [String] = []
        for await event in channel.events(onCancel: {}) {
            switch event {
            case .promptRead(let done, _): kinds.append("read \(done)")
            case .text(let id, let delta, _, _): kinds.append("\(id) \(delta.count)")
            case .candidateFinished: kinds.append("finished")
            default: break
            }
        }
        #expect(kinds == ["read 999", "0 500", "1 500", "finished", "0 1"])
    }
}
