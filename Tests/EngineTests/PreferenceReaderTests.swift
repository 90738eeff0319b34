import ChatTemplates
import Foundation
import LanguageModel
import Testing

@testable import Engine

@Suite struct PreferenceReaderTests {
    static func read(_ lines: String, keepsTies: Bool = true) throws -> PreferenceDataset {
        try PreferenceReader.read(Data(lines.utf8), path: "/d/data.jsonl", keepsTies: keepsTies)
    }

    static func pair(_ item: PreferenceItem) -> (String, String) {
        (
            item.replies[item.preferences[0].better].text,
            item.replies[item.preferences[0].worse].text
        )
    }

    @Test(arguments: [
        // Explicit prompt, chat.
        #"{"prompt":[{"role":"user","content":"q"}],"chosen":[{"role":"assistant","content":"good"}],"rejected":[{"role":"assistant","content":"bad"}]}"#,
        // Implicit prompt, chat.
        #"{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"good"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"bad"}]}"#,
        // Prompt repeated in the completions.
        #"{"prompt":[{"role":"user","content":"q"}],"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"good"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"bad"}]}"#,
        // Explicit prompt, plain.
        #"{"prompt":"q","chosen":"good","rejected":"bad"}"#,
        // HH.
        #"{"chosen":"\n\nHuman: q\n\nAssistant: good","rejected":"\n\nHuman: q\n\nAssistant: bad"}"#,
        // Argilla, fields by name.
        #"{"prompt":"q","reply_1":"bad","reply_2":"good","ranking":[{"rank":2,"value":"reply_1"},{"rank":1,"value":"reply_2"}]}"#,
        // Argilla, an export with annotators and a list of replies.
        #"{"fields":{"instruction":"q","replies":["bad","good"]},"responses":{"ranking":[{"status":"draft","value":null},{"status":"submitted","value":[{"rank":1,"value":"reply-2"},{"rank":2,"value":"reply-1"}]}]}}"#,
        // K-way.
        #"{"prompt":[{"role":"user","content":"q"}],"completions":["bad","good"],"pairs":[[0,1,2]]}"#,
        #"{"prompt":"q","replies":[{"text":"good"},{"text":"bad"}],"ranks":[1,2]}"#,
        // Unpaired, over two lines.
        "{\"prompt\":\"q\",\"completion\":\"bad\",\"label\":false}\n{\"prompt\":\"q\",\"completion\":\"good\",\"label\":true}",
    ])
    func everyFormIsTheSamePair(lines: String) throws {
        let data = try Self.read(lines)
        try #require(data.items.count == 1)
        let item = data.items[0]
        #expect(item.prompt == [ChatMessage(role: "user", content: "q")])
        #expect(Self.pair(item) == ("good", "bad"))
        #expect(data.report.pairs == 1)
        #expect(data.report.dropped.isEmpty)
    }

    @Test func implicitPlainPromptsEndWithAWord() throws {
        let data = try Self.read(
            #"{"chosen":"The sky is blue.","rejected":"The sky is bright green."}"#)
        let item = data.items[0]
        #expect(item.isPlain)
        #expect(item.prompt.map(\.content) == ["The sky is b"])
        #expect(Self.pair(item) == ("lue.", "right green."))
        let spaced = try Self.read(#"{"chosen":"It is red","rejected":"It is blue"}"#).items[0]
        #expect(spaced.prompt.map(\.content) == ["It is"])
        #expect(Self.pair(spaced) == (" red", " blue"))
    }

    @Test func hhDialoguesSplitAtTheLastReply() throws {
        let item = try Self.read(
            #"{"chosen":"\n\nHuman: a\n\nb\n\nAssistant: c\n\nHuman: d\n\nAssistant: good one","rejected":"\n\nHuman: a\n\nb\n\nAssistant: c\n\nHuman: d\n\nAssistant: bad"}"#
        ).items[0]
        #expect(item.prompt.map(\.role) == ["user", "assistant", "user"])
        #expect(item.prompt.map(\.content) == ["a\n\nb", "c", "d"])
        #expect(Self.pair(item) == ("good one", "bad"))
    }

    @Test func whatIsLeftOutIsCountedWithItsReason() throws {
        let data = try Self.read(
            """
            {"prompt":"q","chosen":"a","rejected":"b"}

            {"prompt":"q","chosen":"a","rejected":"b"}
            {"prompt":"q","chosen":"same","rejected":"same"}
            {"prompt":"q","chosen":"a","rejected":"  "}
            {"prompt":"q","replies":["x","y","z"],"pairs":[[0,1,0],[1,0,0],[0,2,1]]}
            {"prompt":"q","replies":["x","y"],"ranks":[null,1]}
            {"prompt":"r","completion":"alone","label":true}
            """, keepsTies: false)
        #expect(data.report.read == 7)
        #expect(data.report.items == 2)
        #expect(data.report.pairs == 2)
        #expect(
            data.report.dropped == [
                .duplicate: 1, .identicalPair: 1, .emptyReply: 1, .tie: 2, .unranked: 1,
                .labelledAlone: 1,
            ])
        #expect(data.report.examples[.duplicate] == ["data.jsonl:3"])
        #expect(data.report.lines.count == 7)
        let kept = try Self.read(
            #"{"prompt":"q","replies":["x","y"],"pairs":[[0,1,0],[1,0,0]]}"#)
        #expect(kept.report.ties == 1)
        #expect(kept.report.dropped == [.duplicate: 1])
    }

    @Test func equalPromptsHaveOneKey() throws {
        let data = try Self.read(
            """
            {"prompt":"q","chosen":"a","rejected":"b"}
            {"prompt":[{"role":"user","content":"q"}],"chosen":[{"role":"assistant","content":"c"}],"rejected":[{"role":"assistant","content":"d"}]}
            {"prompt":"other","chosen":"a","rejected":"b"}
            """)
        #expect(data.items[0].promptKey == data.items[1].promptKey)
        #expect(data.promptKeys.count == 2)
        let both = data + data
        #expect(both.items.count == 3)
        #expect(both.report.read == 6)
        #expect(both.report.dropped == [.duplicate: 3])
    }

    @Test(arguments: [
        ("{\"prompt\":\"q\"", 2, "not valid JSON"),
        ("[1]", 2, "a JSON object is expected"),
        ("{\"a\":1}", 2, "no preference data"),
        ("{\"chosen\":\"x\"}", 2, "both chosen and rejected"),
        ("{\"prompt\":\"q\",\"replies\":[\"a\",\"b\"],\"pairs\":[[0,5,1]]}", 2, "not there"),
        ("{\"prompt\":\"q\",\"replies\":[\"a\",\"b\"],\"pairs\":[[0,1,7]]}", 2, "[i, j, w]"),
        ("{\"prompt\":\"q\",\"replies\":[\"a\",\"b\"],\"ranks\":[1]}", 2, "one entry a reply"),
        (
            "{\"chosen\":[{\"role\":\"user\",\"content\":\"a\"}],\"rejected\":[{\"role\":\"user\",\"content\":\"b\"}]}",
            2, "one assistant message"
        ),
        ("{\"prompt\":3,\"chosen\":\"a\",\"rejected\":\"b\"}", 2, "neither text nor"),
        ("{\"variants\":[],\"replies\":[]}", 2, "not a ranking record"),
    ])
    func brokenLinesAreNamed(line: String, number: Int, reason: String) throws {
        let good = #"{"prompt":"q","chosen":"a","rejected":"b"}"#
        do {
            _ = try Self.read(good + "\n" + line)
            Issue.record("was read")
        } catch EngineError.invalidFile(let path, let found, let said) {
            #expect(path == "/d/data.jsonl")
            #expect(found == number)
            #expect(said.contains(reason), "\(said)")
        }
    }

    @Test func storedRankingsAreReadWithTheirIDs() async throws {
        let bench = try await Bench()
        let talk = try bench.conversation("q")
        let board = try bench.board(
            try await bench.run(
                ReplyRequest(
                    conversation: talk.id,
                    variants: [.init(template: try bench.template("chat"), count: 3)])))
        let ids = board.candidates.map(\.id)
        try bench.workspace.submit(
            Ranking(
                board: board.id, ranks: [ids[0]: 1, ids[1]: 2, ids[2]: 2], displayOrder: ids,
                scoresVisible: true, secondsTaken: 1))
        try bench.workspace.submit(
            Ranking(
                board: board.id, ranks: [:], isAllBad: true, displayOrder: ids,
                scoresVisible: true, secondsTaken: 1))
        let records = try bench.workspace.store.rankingRecords()
        let data = PreferenceReader.read(records)
        #expect(data.items[0].promptIDs == board.promptIDs)
        #expect(data.items[0].modelFingerprint == "f00d")
        #expect(data.items[0].replies[1].ids == board.candidates[1].ids)
        #expect(data.report.pairs == 3 && data.report.ties == 1)
        #expect(data.report.dropped == [.allBad: 1])
        // The same through a file.
        let lines = try records.map { try $0.jsonLine() }.joined(separator: "\n")
        let file = try Self.read(lines)
        #expect(file.items.map(\.replies) == data.items.map(\.replies))
        #expect(file.items.map(\.preferences) == data.items.map(\.preferences))
        #expect(file.report.dropped == [.allBad: 1])
    }
}
