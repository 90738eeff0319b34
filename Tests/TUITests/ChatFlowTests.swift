import Engine
import Foundation
import Testing

@testable import TUI
@testable import TerminalKit

/// The program with a real store and engine, and a model that says what it is told to.
@MainActor
@Suite struct ChatFlowTests {
    @Test func twoTurnsAreStored() async throws {
        let chat = try ChatHarness()
        try await chat.ready()
        chat.type("Hello")
        try await chat.idle()
        try await chat.wait("the message") { $0.transcript.messages.count == 2 }
        chat.type("And again")
        try await chat.wait("four messages") {
            $0.transcript.messages.count == 4 && !$0.generation.isRunning
        }
        let id = try #require(chat.state.session.conversation)
        let path = try chat.workspace.store.path(of: id)
        #expect(path.map(\.role) == [.user, .assistant, .user, .assistant])
        #expect(path[0].text == "Hello")
        #expect(path[1].text.hasPrefix("reply 1 to"))
        #expect(chat.state.session.title == "Hello")
        #expect(chat.screen.contains("And again"))
    }

    @Test func rankedByKeysAndStored() async throws {
        let chat = try ChatHarness()
        try await chat.ready()
        chat.type("/n 4")
        chat.type("Hello")
        try await chat.wait("the board") { $0.board?.isComplete == true }
        chat.press(
            .tab, .character("1"), Key(.right), .character("2"), Key(.right), .character("="),
            Key(.right), .character("3"), .enter)
        try await chat.wait("the decision") { $0.board == nil && $0.transcript.messages.count == 2 }
        let records = try chat.workspace.store.rankingRecords()
        let record = try #require(records.first)
        #expect(record.replies.map(\.rank) == [1, 2, 2, 3])
        #expect(record.replies.map(\.displayIndex) == [0, 1, 2, 3])
        #expect(!record.scoresVisible && !record.isBlind && !record.isAllBad)
        #expect(chat.state.transcript.messages.last?.text == record.replies[0].text)
        #expect(chat.state.focus == .composer)
        // Taken back: the record stays, and counts no more.
        chat.type("/undo")
        try await chat.wait("the notice") {
            $0.notices.current?.text.contains("taken back") == true
        }
        #expect(try chat.workspace.store.rankingRecords().isEmpty)
    }

    @Test func allBadThenAnotherBoard() async throws {
        let chat = try ChatHarness()
        try await chat.ready()
        chat.type("/n 2")
        chat.type("Hello")
        try await chat.wait("the board") { $0.board?.isComplete == true }
        chat.press(.tab, .character("0"), .enter)
        try await chat.wait("the record") {
            $0.notices.current?.text.contains("all bad") == true
        }
        #expect(try chat.workspace.store.rankingRecords().first?.isAllBad == true)
        #expect(chat.state.transcript.messages.count == 1)
        let first = chat.state.board?.recordID
        chat.press(Key(.function(5)))
        try await chat.wait("another board") {
            $0.board?.recordID != first && $0.board?.isComplete == true
        }
        chat.press(.tab, Key(.right), .character("a"))
        try await chat.wait("the reply") { $0.transcript.messages.count == 2 }
        #expect(try chat.workspace.store.rankingRecords().count == 1)
    }

    @Test func escapeKeepsWhatWasWritten() async throws {
        let chat = try ChatHarness(holdAfter: 5)
        try await chat.ready()
        chat.type("Hello")
        try await chat.wait("some text") { $0.board?.candidates.first?.text.count ?? 0 > 1 }
        chat.press(.escape)
        try await chat.idle()
        try await chat.wait("the message") { $0.transcript.messages.count == 2 }
        let last = try #require(chat.state.transcript.messages.last)
        #expect(last.finishReason == .cancelled)
        #expect("reply 1 to".hasPrefix(last.text.prefix(8)))
    }

    @Test func oneMoreWhileStreamingAndAfter() async throws {
        let chat = try ChatHarness(pause: 40)
        try await chat.ready()
        chat.type("/n 2")
        chat.type("Hello")
        try await chat.wait("streams") { $0.generation.phase == .streaming }
        chat.press(.tab, .character("+"))
        try await chat.wait("three") { $0.board?.candidates.count == 3 }
        try await chat.wait("their end") {
            $0.board?.isComplete == true && !$0.generation.isRunning
        }
        chat.press(.character("+"))
        try await chat.wait("four") {
            $0.board?.candidates.count == 4 && $0.board?.isComplete == true
        }
        let board = try #require(chat.state.board?.recordID)
        #expect(try chat.workspace.store.board(board).candidates.count == 4)
    }

    @Test func editedMessageMakesAVersion() async throws {
        let chat = try ChatHarness()
        try await chat.ready()
        chat.type("Hello")
        try await chat.wait("the reply") {
            $0.transcript.messages.count == 2 && !$0.generation.isRunning
        }
        chat.press(Key(.backtab), Key(.up), .character("e"))
        #expect(chat.state.composer.text == "Hello")
        chat.type("Goodbye")
        try await chat.wait("the new turn") {
            $0.transcript.messages.map(\.text).first == "Goodbye"
                && $0.transcript.messages.count == 2 && !$0.generation.isRunning
        }
        #expect(chat.state.transcript.messages[0].version == 2)
        #expect(chat.state.transcript.messages[0].versions == 2)
        // Back to the first version by ←, with the reply that belongs to it.
        chat.press(Key(.backtab), Key(.up), Key(.left))
        try await chat.wait("the old version") {
            $0.transcript.messages.map(\.text).first == "Hello"
        }
        #expect(chat.state.transcript.messages.count == 2)
        chat.press(.character("u"))
        try await chat.wait("undo") { $0.transcript.messages.map(\.text).first == "Goodbye" }
    }

    @Test func templatesSideBySide() async throws {
        let chat = try ChatHarness()
        try await chat.ready()
        chat.type("Hello")
        try await chat.wait("the reply") {
            $0.transcript.messages.count == 2 && !$0.generation.isRunning
        }
        chat.type("/compare chat riddle")
        try await chat.wait("the board") { $0.board?.isComplete == true }
        #expect(chat.state.board?.candidates.map(\.variant) == ["chat", "riddle"])
        chat.press(.tab, .character("2"), Key(.right), .character("1"), .enter)
        try await chat.wait("the win") { $0.session.wins(.template, "riddle") == "wins 100%" }
        #expect(chat.state.session.wins(.template, "chat") == "wins 0%")
        // A setting alone, and under a short name on the board.
        chat.type("/compare chat,max_tokens=20 chat,max_tokens=21")
        try await chat.wait("the second board") { $0.board?.isComplete == true }
        #expect(chat.state.board?.candidates.map(\.variant) == ["max 20", "max 21"])
        // Unfolded: the scripted replies are equal.
        chat.press(.tab, .character("f"), .character("1"), Key(.right), .character("2"), .enter)
        try await chat.wait("its win") {
            $0.session.wins(.settings, "max_tokens 20") == "wins 100%"
        }
        #expect(chat.state.session.wins(.template, "chat") == "wins 0%")
    }

    @Test func exactPromptMarksWhatIsCached() async throws {
        let chat = try ChatHarness()
        try await chat.ready()
        chat.type("Hello")
        try await chat.wait("the reply") {
            $0.transcript.messages.count == 2 && !$0.generation.isRunning
        }
        chat.press(Key(.function(9)))
        try await chat.wait("the prompt") {
            if case .prompt(_, let snapshot?) = $0.overlay { snapshot.cached > 0 } else { false }
        }
        guard case .prompt(_, let snapshot?) = chat.state.overlay else { return }
        #expect(snapshot.tokens.contains { $0.isControl && $0.text == "<|s|>" })
        #expect(snapshot.cached == snapshot.tokens.count)
        #expect(chat.screen.contains("Hello"))
    }

    @Test func anotherTokenIsPickedAndContinued() async throws {
        let chat = try ChatHarness()
        try await chat.ready()
        chat.type("Hello")
        try await chat.wait("the reply") {
            $0.transcript.messages.count == 2 && !$0.generation.isRunning
        }
        chat.type("/tokens")
        try await chat.wait("the tokens") {
            if case .tokens(let view) = $0.overlay { !view.isLoading } else { false }
        }
        #expect(chat.screen.contains("token 1 of"))
        chat.press(Key(.right), Key(.right), Key(.down), .enter)
        try await chat.wait("the branch") {
            $0.transcript.messages.last?.text.hasPrefix("reB") == true
                && !$0.generation.isRunning
        }
        let last = try #require(chat.state.transcript.messages.last)
        #expect(last.text.hasPrefix("reBreply 1"))
        #expect(last.versions == 2)
    }

    @Test func conversationsAreListedSearchedAndDeleted() async throws {
        let chat = try ChatHarness()
        try await chat.ready()
        chat.type("zebra crossing")
        try await chat.wait("the reply") {
            $0.transcript.messages.count == 2 && !$0.generation.isRunning
        }
        chat.type("/new")
        chat.type("another thing")
        try await chat.wait("the reply") {
            $0.transcript.messages.count == 2 && $0.session.title == "another thing"
                && !$0.generation.isRunning
        }
        chat.press(Key(.function(8)))
        try await chat.wait("the list") { $0.conversations.entries.count == 2 }
        for letter in "zebra" { chat.press(.character(letter)) }
        try await chat.wait("the hit") {
            $0.conversations.query == "zebra" && $0.conversations.entries.count == 1
        }
        chat.press(Key(.delete))
        try await chat.wait("no hit") { $0.conversations.entries.isEmpty }
        chat.press(.control("u"))
        try await chat.wait("it is back") { $0.conversations.entries.count == 2 }
    }

    @Test func draftSurvives() async throws {
        let chat = try ChatHarness()
        try await chat.ready()
        _ = chat.program.update(
            .composerChanged(ComposerState(text: "half a thought", cursor: 3)))
        _ = chat.program.update(.terminating)
        #expect(try chat.workspace.store.draft(conversation: nil) == "half a thought")
    }

    @Test func labelsAreShownWithTheReply() async throws {
        let chat = try ChatHarness()
        try await chat.ready()
        chat.type("/template sentiment")
        chat.type("a gorgeous film")
        try await chat.wait("the label") {
            $0.transcript.messages.count == 2 && !$0.generation.isRunning
        }
        #expect(chat.state.transcript.labels.values.first?.count == 2)
        #expect(chat.screen.contains("positive"))
    }

    @Test func attentionOfAToken() async throws {
        let chat = try ChatHarness()
        try await chat.ready()
        chat.type("/attention ab cd")
        try await chat.wait("the weights") {
            if case .attention(let view) = $0.overlay { !view.row.isEmpty } else { false }
        }
        guard case .attention(let view) = chat.state.overlay else { return }
        #expect(view.cursor == 4)
        // The first token is hidden; of the rest the one before gets most.
        #expect(view.strongest(2) == [3, 4])
        #expect(view.shade(3) == 1)
        #expect(view.shade(0) == 0)
        #expect(chat.screen.contains("\"d\" attends"))
        chat.press(Key(.left))
        try await chat.wait("the token before") {
            if case .attention(let view) = $0.overlay { view.strongest(1) == [2] } else { false }
        }
        chat.press(.character("s"), Key(.down), .character(">"))
        guard case .attention(let moved) = chat.state.overlay else { return }
        #expect(moved.strongest(1) == [0])
        #expect(moved.layer == 0 && moved.head == 0)
    }
}
