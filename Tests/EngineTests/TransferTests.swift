import JSON
import Foundation
import LanguageModel
import Testing

@testable import Engine

@Suite struct TransferTests {
    let scratch: Scratch
    let store: Store

    init() throws {
        scratch = try Scratch()
        store = try Store(path: scratch.paths.database)
    }

    private func talk() throws -> Conversation {
        let made = try store.createConversation(systemText: "Be brief.")
        let question = try store.append("How\ttall? \"é漢🙂\"", role: .user, to: made.id)
        let first = try store.append("Very.\n\n# tall", role: .assistant, to: made.id)
        try store.append("Sure?", role: .user, to: made.id)
        try store.add("8,848 m", role: .assistant, to: made.id, parent: question.id)
        try store.setTags(["hills"], of: made.id)
        try store.select(first.id)
        return try store.conversation(made.id)
    }

    @Test func aTreeComesBackWhole() throws {
        let talk = try talk()
        let file = try scratch.write(try store.export(talk.id, as: .jsonl) + "\n", to: "a.jsonl")
        let other = try Store(path: scratch.path + "/other.sqlite")
        let report = try other.importConversations(ConversationFile(contentsOf: file))
        let id = try #require(report.added.first)
        #expect(report.messages == 4)
        let copy = try other.conversation(id)
        #expect(copy.title == talk.title && copy.systemText == talk.systemText)
        #expect(copy.tags == ["hills"] && copy.createdAt == talk.createdAt)
        #expect(try other.path(of: id).map(\.text) == store.path(of: talk.id).map(\.text))
        #expect(try other.tree(of: id).map(\.summary) == store.tree(of: talk.id).map(\.summary))
        // Once is enough.
        #expect(try other.importConversations(ConversationFile(contentsOf: file)).known == 1)
        #expect(try other.conversations().count == 1)
    }

    @Test func markdownAndMessagesShowThePath() throws {
        let talk = try talk()
        let markdown = try store.export(talk.id, as: .markdown)
        #expect(markdown.hasPrefix("# How tall? \"é漢🙂\"\n"))
        #expect(markdown.contains("## System\n\nBe brief.\n\n## You\n\nHow\ttall?"))
        #expect(!markdown.contains("8,848"))
        let messages = try store.export(talk.id, as: .messages)
        let value = try JSONValue(parsing: Data(messages.utf8))
        #expect(
            value["messages"]?.array?.map { $0["role"]?.string } == [
                "system", "user", "assistant", "user",
            ])
        let file = try scratch.write(messages, to: "m.jsonl")
        let id = try #require(
            try store.importConversations(ConversationFile(contentsOf: file)).added.first)
        #expect(try store.conversation(id).systemText == "Be brief.")
        #expect(try store.path(of: id).map(\.text) == store.path(of: talk.id).map(\.text))
    }

    @Test func chatGPTsExportIsReadWithItsBranches() throws {
        func node(_ id: String, _ parent: String?, _ role: String?, _ text: String) -> String {
            let message =
                role.map {
                    """
                    {"author": {"role": "\($0)"}, "create_time": 1700000000.5, "recipient": "all",
                     "content": {"content_type": "text", "parts": ["\(text)"]}}
                    """
                } ?? "null"
            let above = parent.map { "\"\($0)\"" } ?? "null"
            return "\"\(id)\": {\"id\": \"\(id)\", \"parent\": \(above), \"message\": \(message)}"
        }
        // Children before parents, an empty root, hidden system text and a tool in between.
        let nodes = [
            node("a2", "u1", "assistant", "second answer"), node("a1", "u1", "assistant", "first"),
            node("u2", "tool", "user", "thanks"), node("tool", "a2", "tool", "searching"),
            node("u1", "sys", "user", "hi"), node("sys", "root", "system", ""),
            node("root", nil, nil, ""),
        ]
        let json = """
            [{"title": "Greeting", "create_time": 1699999999, "conversation_id": "c-1",
              "current_node": "u2", "mapping": {\(nodes.joined(separator: ", "))}},
             {"title": "Nothing", "conversation_id": "c-2", "mapping": {}}]
            """
        let file = try scratch.write(json, to: "conversations.json")
        let report = try store.importConversations(ConversationFile(contentsOf: file))
        #expect(report.messages == 4 && report.empty == 1)
        let id = try #require(report.added.first)
        #expect(try store.path(of: id).map(\.text) == ["hi", "second answer", "thanks"])
        let first = try #require(try store.path(of: id).first)
        #expect(try store.children(of: first.id, in: id).count == 2)
        #expect(try store.conversation(id).title == "Greeting")
        #expect(try store.importConversations(ConversationFile(contentsOf: file)).known == 1)
    }

    @Test(arguments: [
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}\n{\"messages\":",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}\n{\"x\":1}",
        "{\"messages\":[{\"role\":\"wizard\",\"content\":\"a\"}]}",
        "{\"format\":\"riposte-conversation\",\"version\":1,\"messages\":[{\"id\":2,\"parent\":1,\"role\":\"user\",\"content\":\"a\"}]}",
        "[{\"no\":\"mapping\"}]", "",
    ])
    func aBrokenFileChangesNothing(text: String) throws {
        let file = try scratch.write(text, to: "broken.jsonl")
        #expect(throws: EngineError.self) {
            try store.importConversations(ConversationFile(contentsOf: file))
        }
        #expect(try store.conversations().isEmpty)
    }

    @Test func rankingsComeBackFieldByField() async throws {
        let bench = try await Bench()
        let talk = try bench.conversation("q")
        let board = try bench.board(
            try await bench.run(
                ReplyRequest(
                    conversation: talk.id,
                    variants: [.init(template: try bench.template("chat"), count: 3)])))
        let ids = board.candidates.map(\.id)
        _ = try bench.workspace.edit(candidate: ids[0], text: "edited", secondsTaken: 2)
        try bench.workspace.submit(
            Ranking(
                board: board.id, ranks: [ids[0]: 2, ids[1]: 1, ids[2]: 2], displayOrder: ids,
                scoresVisible: true, isBlind: true, secondsTaken: 1.25))
        let records = try bench.workspace.store.rankingRecords()
        let file = try scratch.write(
            try records.map { try $0.jsonLine() }.joined(separator: "\n"), to: "r.jsonl")
        #expect(try store.importRankings(RankingFile(contentsOf: file)).rankings == 2)
        #expect(try store.importRankings(RankingFile(contentsOf: file)).known == 2)
        let copies = try store.rankingRecords()
        for (record, copy) in zip(records, copies) {
            #expect(copy.prompt == record.prompt)
            #expect(copy.variants == record.variants)
            #expect(copy.replies.map(\.rank) == record.replies.map(\.rank))
            #expect(copy.replies.map(\.ids) == record.replies.map(\.ids))
            #expect(copy.replies.map(\.editedFrom) == record.replies.map(\.editedFrom))
            #expect(copy.isBlind == record.isBlind && copy.secondsTaken == record.secondsTaken)
        }
        #expect(records[1].preferencePairs().count == 2)
        let trl = try scratch.write(
            records[1].preferencePairs().joined(separator: "\n"), to: "trl.jsonl")
        let pairs = try PreferenceReader.read(contentsOf: trl)
        #expect(pairs.items.count == 2)
        #expect(pairs.items[0].prompt.map(\.content) == ["q"])
        #expect(try store.importRankings(RankingFile(contentsOf: trl)).rankings == 2)
        let broken = try scratch.write("{\"variants\": []}\n", to: "b.jsonl")
        #expect(throws: EngineError.self) {
            try store.importRankings(RankingFile(contentsOf: broken))
        }
    }
}
