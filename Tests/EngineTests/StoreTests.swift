import ChatTemplates
import Foundation
import GRDB
import LanguageModel
import Testing

@testable import Engine

@Suite struct StoreTests {
    let scratch: Scratch
    let store: Store

    init() throws {
        scratch = try Scratch()
        store = try Store(path: scratch.paths.database)
    }

    @Test func editsMakeSiblingsAndKeepWhatFollowed() throws {
        let talk = try store.createConversation()
        let first = try store.append("one", role: .user, to: talk.id)
        let answer = try store.append("two", role: .assistant, to: talk.id)
        let last = try store.append("three", role: .user, to: talk.id)
        let edited = try store.edit(message: first.id, text: "uno")

        #expect(try store.path(of: talk.id).map(\.text) == ["uno"])
        #expect(try store.siblings(of: first.id).map(\.text) == ["one", "uno"])
        // Back to the original: the path below it is as it was left.
        #expect(try store.select(first.id) == last.id)
        #expect(try store.path(of: talk.id).map(\.id) == [first.id, answer.id, last.id])
        #expect(
            try store.branches(of: talk.id) == [
                first.id: [first.id, edited.id], edited.id: [first.id, edited.id],
            ])
        #expect(try store.tree(of: talk.id).map(\.summary) == ["one", "two", "three", "uno"])
    }

    @Test func selectionRemembersTheBranchLastSeen() throws {
        let talk = try store.createConversation()
        let root = try store.append("q", role: .user, to: talk.id)
        let a = try store.add("a", role: .assistant, to: talk.id, parent: root.id)
        let under = try store.add("under a", role: .user, to: talk.id, parent: a.id)
        let b = try store.add("b", role: .assistant, to: talk.id, parent: root.id)
        #expect(try store.select(root.id) == b.id)
        #expect(try store.select(a.id) == under.id)
        #expect(try store.select(root.id) == under.id)
    }

    @Test func deletedMessagesComeBackWithWhatWasBelow() throws {
        let talk = try store.createConversation()
        let root = try store.append("root", role: .user, to: talk.id)
        let reply = try store.append("gone", role: .assistant, to: talk.id)
        let deeper = try store.append("deeper", role: .user, to: talk.id)
        // Deleted before: undoing the later step must not bring this one back.
        let early = try store.add("early", role: .user, to: talk.id, parent: reply.id)
        try store.delete(message: early.id)
        try store.select(deeper.id)
        try store.delete(message: reply.id)
        #expect(try store.path(of: talk.id).map(\.text) == ["root"])
        #expect(try store.search("deeper").isEmpty)
        try store.undelete(message: reply.id)
        #expect(try store.path(of: talk.id).map(\.id) == [root.id, reply.id, deeper.id])
        #expect(throws: EngineError.notFound(kind: "message", id: early.id)) {
            try store.message(early.id)
        }
    }

    @Test func conversationsAreNamedTaggedFoundAndDeleted() throws {
        let talk = try store.createConversation()
        try store.append("  Tell me\nabout  whales ", role: .user, to: talk.id)
        try store.setTags(["sea", "animals"], of: talk.id)
        let other = try store.createConversation(title: "Other")
        #expect(try store.conversation(talk.id).title == "Tell me about whales")
        #expect(try store.conversations(tag: "sea").map(\.id) == [talk.id])
        #expect(try store.conversation(talk.id).tags == ["animals", "sea"])
        try store.rename(talk.id, to: "Whales")
        #expect(try store.conversations(title: "hale").map(\.id) == [talk.id])
        try store.delete(conversation: talk.id)
        #expect(try store.conversations().map(\.id) == [other.id])
        #expect(try store.deletedConversations().map(\.id) == [talk.id])
        try store.undelete(conversation: talk.id)
        #expect(try store.conversations().count == 2)
    }

    @Test(arguments: [
        ("quick fox", "quick|fox"), ("FOX", "fox"), ("jum", "jumps"), ("\"fox\" AND", ""),
        ("漢字", "漢字"), ("umps", "umps"), ("100%", "100"),
    ])
    func searchFindsAndMarksWords(query: String, marked: String) throws {
        let talk = try store.createConversation()
        let hit = try store.append(
            "the quick brown fox jumps; 今日は漢字を書く 100%", role: .user, to: talk.id)
        try store.append("nothing of it", role: .assistant, to: talk.id)
        let hits = try store.search(query)
        guard !marked.isEmpty else {
            #expect(hits.isEmpty)
            return
        }
        #expect(hits.map(\.message) == [hit.id])
        let text = Array(hits[0].snippet)
        let words = hits[0].highlights.map { String(text[$0]) }
        #expect(words.joined(separator: "|") == marked)
    }

    @Test func draftsAreKeptByConversation() throws {
        let talk = try store.createConversation()
        try store.saveDraft("half a thou", conversation: talk.id)
        try store.saveDraft("new", conversation: nil)
        let again = try Store(path: scratch.paths.database)
        #expect(try again.draft(conversation: talk.id) == "half a thou")
        #expect(try again.draft(conversation: nil) == "new")
        try again.saveDraft("", conversation: talk.id)
        #expect(try store.draft(conversation: talk.id) == nil)
    }

    @Test func twoStoresShareOneFile() throws {
        let other = try Store(path: scratch.paths.database)
        let talk = try store.createConversation()
        DispatchQueue.concurrentPerform(iterations: 40) { index in
            let owner = index % 2 == 0 ? store : other
            _ = try? owner.add("\(index)", role: .user, to: talk.id, parent: nil)
        }
        #expect(try store.tree(of: talk.id).count == 40)
    }

    @Test func aLongConversationIsReadWhole() throws {
        let talk = try store.createConversation()
        try store.write { db in
            for index in 1...3000 {
                try db.execute(
                    sql: """
                        INSERT INTO message (conversation, parent, role, text, created_at)
                        VALUES (?, ?, ?, ?, 0)
                        """,
                    arguments: [
                        talk.id, index == 1 ? nil : db.lastInsertedRowID,
                        index % 2 == 1 ? "user" : "assistant", "message \(index)",
                    ])
            }
            try db.execute(
                sql: "UPDATE conversation SET selected_leaf = ?",
                arguments: [db.lastInsertedRowID])
        }
        let path = try store.path(of: talk.id)
        #expect(path.count == 3000)
        #expect(path.first?.text == "message 1")
        #expect(path.last?.text == "message 3000")
    }

    @Test func messagesCannotBeChanged() throws {
        let talk = try store.createConversation()
        let message = try store.append("as it was", role: .user, to: talk.id)
        #expect(throws: EngineError.self) {
            try store.write {
                try $0.execute(
                    sql: "UPDATE message SET text = 'x' WHERE id = ?", arguments: [message.id])
            }
        }
        #expect(try store.message(message.id).text == "as it was")
    }

    @Test func aFileThatIsNoDatabaseIsSaidAndLeftAlone() throws {
        let path = try scratch.write(
            String(repeating: "not a database ", count: 100), to: "x.sqlite")
        #expect(throws: EngineError.self) { try Store(path: path) }
        #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("not a database"))
    }
}

@Suite struct RankingStoreTests {
    let scratch: Scratch
    let store: Store
    let board: Board

    init() throws {
        scratch = try Scratch()
        store = try Store(path: scratch.paths.database)
        let talk = try store.createConversation()
        let question = try store.append("why?", role: .user, to: talk.id)
        let variants = [
            BoardVariant(
                templateName: "chat", templateHash: "aa", modelName: "m", modelFingerprint: "f",
                promptIDs: [1, -2, 300_000], maxTokens: 9, stop: ["\n"]),
            BoardVariant(
                templateName: "riddle", templateHash: "bb", modelName: "m", modelFingerprint: "f",
                promptIDs: [4], maxTokens: 9, renderedInput: "Q: why?"),
        ]
        var sampling = SamplingOptions()
        sampling.temperature = 0.9
        var made = try store.createBoard(
            conversation: talk.id, parent: question.id, variants: variants,
            plans: (0..<4).map {
                .init(variant: $0 / 2, seed: .max - UInt64($0), sampling: sampling)
            })
        for index in made.candidates.indices {
            made.candidates[index].text = String(repeating: "x", count: index + 1)
            made.candidates[index].ids = [TokenID(index)]
            made.candidates[index].logProbabilities = [-0.25]
            made.candidates[index].finishReason = .stop
            try store.finish(made.candidates[index])
        }
        board = try store.board(made.id)
    }

    @Test func candidatesAreInvisibleUntilFinished() throws {
        let fresh = try store.createBoard(
            conversation: board.conversation, parent: nil, variants: board.variants,
            plans: [.init(variant: 0, seed: 1, sampling: SamplingOptions())])
        #expect(try store.board(fresh.id).candidates.isEmpty)
        #expect(try store.boards(of: board.conversation).map(\.id) == [board.id])
    }

    @Test func boardsComeBackAsTheyWere() throws {
        #expect(board.candidates.map(\.seed) == (0..<4).map { UInt64.max - UInt64($0) })
        #expect(board.variants[0].promptIDs == [1, -2, 300_000])
        #expect(board.variants[0].stop == ["\n"])
        #expect(board.candidates[3].logProbabilities == [-0.25])
        #expect(board.candidates[3].sampling.temperature == 0.9)
        #expect(try store.boards(of: board.conversation, answering: board.parent).count == 1)
    }

    @Test func aRecordHasEverythingForTraining() throws {
        let ids = board.candidates.map(\.id)
        try store.setRewards([ids[0]: 0.5, ids[1]: -1], model: "r 1234")
        let stored = try store.append(
            Ranking(
                board: board.id, ranks: [ids[0]: 2, ids[1]: 1, ids[2]: 2],
                displayOrder: [ids[3], ids[1], ids[0], ids[2]], scoresVisible: true,
                isBlind: false, secondsTaken: 12.5))
        // Scored again later: the record keeps what was shown.
        try store.setRewards([ids[0]: 9], model: "r 5678")
        let record = try #require(try store.rankingRecords().first)
        #expect(record.id == stored.id)
        #expect(record.prompt == [ChatMessage(role: "user", content: "why?")])
        #expect(record.variants.map(\.templateHash) == ["aa", "bb"])
        #expect(record.replies.map(\.rank) == [2, 1, 2, nil])
        #expect(record.replies.map(\.displayIndex) == [2, 1, 3, 0])
        #expect(record.replies.map(\.reward) == [0.5, -1, nil, nil])
        #expect(record.replies[0].rewardModel == "r 1234")
        #expect(record.replies[0].sampling.temperature == 0.9)
        #expect(record.replies[3].seed == UInt64.max - 3)
        #expect(record.secondsTaken == 12.5)
        #expect(record.orderedPairs.map { [$0.better, $0.worse] } == [[1, 0], [1, 2]])
        var back = try RankingRecord(jsonLine: Data(try record.jsonLine().utf8))
        // ISO 8601 keeps whole seconds.
        back.createdAt = record.createdAt
        #expect(back == record)
    }

    @Test func rankingsCannotBeChangedOnlyRetracted() throws {
        let stored = try store.append(
            Ranking(
                board: board.id, ranks: [:], isAllBad: true, displayOrder: [],
                scoresVisible: false, secondsTaken: 1))
        for sql in ["UPDATE ranking SET seconds = 0", "DELETE FROM ranking_entry"] {
            #expect(throws: EngineError.self) { try store.write { try $0.execute(sql: sql) } }
        }
        #expect(try store.rankingStatistics().allBad == 1)
        try store.retract(ranking: stored.id)
        #expect(try store.rankingRecords().isEmpty)
        #expect(try store.rankingCount() == 0)
        try store.unretract(ranking: stored.id)
        #expect(try store.rankings(of: board.id) == [stored])
    }

    @Test func rankingsThatDoNotFitTheBoardAreRefused() throws {
        let id = board.candidates[0].id
        let wrong: [Ranking] = [
            Ranking(
                board: board.id, ranks: [:], displayOrder: [], scoresVisible: true, secondsTaken: 1),
            Ranking(
                board: board.id, ranks: [id: 0], displayOrder: [], scoresVisible: true,
                secondsTaken: 1),
            Ranking(
                board: board.id, ranks: [9999: 1], displayOrder: [], scoresVisible: true,
                secondsTaken: 1),
            Ranking(
                board: board.id, ranks: [id: 1], isAllBad: true, displayOrder: [],
                scoresVisible: true, secondsTaken: 1),
            Ranking(
                board: board.id, ranks: [id: 1], displayOrder: [id, id], scoresVisible: true,
                secondsTaken: 1),
            Ranking(
                board: board.id, ranks: [id: 1], displayOrder: [], scoresVisible: true,
                secondsTaken: .nan),
        ]
        for ranking in wrong { #expect(throws: EngineError.self) { try store.append(ranking) } }
        #expect(try store.rankingCount() == 0)
    }

    @Test func templatesThatWereComparedHaveAWinRate() throws {
        let ids = board.candidates.map(\.id)
        _ = try store.append(
            Ranking(
                board: board.id, ranks: [ids[0]: 1, ids[1]: 3, ids[2]: 2, ids[3]: 3],
                displayOrder: ids, scoresVisible: true, secondsTaken: 2))
        // chat (0, 1) against riddle (2, 3): 0 beats 2 and 3; 2 beats 1; 1 ties with 3.
        let records = try store.comparisonRecords()
        #expect(records.map(\.kind) == [.template, .template])
        #expect(records.map(\.name) == ["chat", "riddle"])
        #expect(records[0].wins == 2 && records[0].losses == 1 && records[0].ties == 1)
        #expect(records[0].winRate == 0.625)
        #expect(records[1].winRate == 0.375)
        let statistics = try store.rankingStatistics()
        #expect(statistics.orderedPairs == 5 && statistics.tiedPairs == 1)
        #expect(statistics.comparisons == records)
    }

    /// A board with a reply for each side, ranked in the order of the sides.
    private func rank(_ sides: [(BoardVariant, SamplingOptions)]) throws -> Board {
        var made = try store.createBoard(
            conversation: board.conversation, parent: board.parent, variants: sides.map(\.0),
            plans: sides.enumerated().map {
                .init(variant: $0.offset, seed: 1, sampling: $0.element.1)
            })
        for index in made.candidates.indices {
            made.candidates[index].text = "\(index)"
            made.candidates[index].finishReason = .stop
            try store.finish(made.candidates[index])
        }
        let ids = made.candidates.map(\.id)
        _ = try store.append(
            Ranking(
                board: made.id,
                ranks: Dictionary(uniqueKeysWithValues: zip(ids, 1...)), displayOrder: ids,
                scoresVisible: true, secondsTaken: 1))
        return made
    }

    @Test func modelsAndSettingsHaveWinRatesOfTheirOwn() throws {
        func side(
            _ model: String, template: String = "chat", temperature: Float = 0.7, limit: Int = 9
        ) -> (BoardVariant, SamplingOptions) {
            var sampling = SamplingOptions()
            sampling.temperature = temperature
            return (
                BoardVariant(
                    templateName: template, templateHash: "aa", modelName: model,
                    modelFingerprint: "print of \(model)", promptIDs: [1], maxTokens: limit),
                sampling
            )
        }
        _ = try rank([side("small"), side("big")])
        _ = try rank([side("big"), side("small")])
        _ = try rank([side("big"), side("small")])
        _ = try rank([side("small", temperature: 0.2), side("small", temperature: 1)])
        _ = try rank([side("small", temperature: 0.2), side("small", temperature: 1, limit: 99)])
        // What differs in two respects says nothing of either.
        _ = try rank([side("small", temperature: 0.1), side("big")])
        _ = try rank([side("small", template: "riddle"), side("big")])
        // A template brings its settings.
        let last = try rank([side("small", template: "riddle", temperature: 0), side("small")])
        // What a person wrote is no template's.
        let edited = try store.addEdited(last.candidates[0].id, text: "mine", ids: [])
        _ = try store.append(
            Ranking(
                board: last.id, ranks: [edited.id: 1, last.candidates[1].id: 2],
                displayOrder: [], scoresVisible: true, secondsTaken: 1))
        let records = try store.comparisonRecords()
        let found = records.map { "\($0.kind) \($0.name): \($0.wins)-\($0.losses)-\($0.ties)" }
        #expect(
            found == [
                "template chat: 0-1-0", "template riddle: 1-0-0", "model big: 2-1-0",
                "model small: 1-2-0", "settings temperature 0.2: 1-0-0",
                "settings temperature 0.2, max_tokens 9: 1-0-0",
                "settings temperature 1: 0-1-0", "settings temperature 1, max_tokens 99: 0-1-0",
            ])
    }
}
