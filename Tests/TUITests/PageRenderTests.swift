import Engine
import Foundation
import Testing

@testable import TUI
@testable import TerminalKit

/// Pages, lists and forms as text, at sizes from the smallest to the largest, with every width
/// of character.
@Suite struct PageRenderTests {
    private static func expectScreen(_ state: State, _ name: String) {
        let (columns, rows) = (state.size.columns, state.size.rows)
        expectGolden(RenderTests.text(state), "screen/\(name)-\(columns)x\(rows).txt")
    }

    /// What was imported from elsewhere: no model's name, and writing in both directions.
    private static func imported(_ size: (Int, Int)) -> State {
        var state = Fixture.empty(size.0, size.1)
        state.session.conversation = 1
        state.session.title = "Coffee ☕ קפה"
        let texts = [
            "Cafe\u{301} in 京都?",
            "Yes: **% Arabica** ☕, says [the list](https://example.org/list).",
            "ובתל אביב?", "כן, יש הרבה: <https://example.org/שם>",
        ]
        for (index, text) in texts.enumerated() {
            var message = Fixture.message(
                Int64(index + 1), index.isMultiple(of: 2) ? .user : .assistant, text)
            (message.candidate, message.modelName, message.templateName) = (nil, nil, nil)
            state.transcript.messages.append(message)
        }
        state.context.turns = 71
        return state
    }

    @Test(arguments: RenderTests.sizes) func importedConversation(_ size: (Int, Int)) {
        var state = Self.imported(size)
        state.notify(.success, "Imported 1 conversation, 4 messages.")
        Self.expectScreen(state, "imported")
    }

    @Test(arguments: RenderTests.sizes) func links(_ size: (Int, Int)) {
        var state = Self.imported(size)
        state.overlay = .links(ListState(selected: 1))
        Self.expectScreen(state, "links")
    }

    @Test(arguments: RenderTests.sizes) func aMessageFromTheEditor(_ size: (Int, Int)) {
        var state = Self.imported(size)
        let text = "Name a cafe\u{301} 京都 ☕\n\n- in שנקין\n- or near it\n\tand why"
        #expect(update(&state, .editorReturned(text)) == [.setComposer(text)])
        state.composer.text = text
        state.composer.cursor = state.composer.text.utf8.count
        Self.expectScreen(state, "editor")
    }

    @Test(arguments: RenderTests.sizes) func anEditedMessage(_ size: (Int, Int)) {
        var state = Self.imported(size)
        state.focus = .messages
        state.transcript.selected = 2
        let effects = state.press([.character("e")])
        #expect(effects == [.setComposer("ובתל אביב?")])
        state.composer.text = "ובתל אביב?"
        state.composer.cursor = state.composer.text.utf8.count
        Self.expectScreen(state, "editing")
    }

    @Test(arguments: RenderTests.sizes) func theFormOfATemplate(_ size: (Int, Int)) {
        var state = Fixture.chat(size.0, size.1)
        state.session.templates.append(
            Template(
                name: "postcard", description: "A line from somewhere, é漢字🙂",
                input: "From {{ place }}, {{ mood }}: {{ input }}",
                variables: ["place": String?.none, "mood": "glad"]))
        _ = state.chooseTemplate("postcard")
        state.press([Key(.down), .enter])
        state.press("京都, cafe\u{301}".map { .character($0) })
        Self.expectScreen(state, "variables-typed")
        state.press([.enter])
        #expect(state.session.missingVariables.isEmpty)
        Self.expectScreen(state, "variables")
    }

    @Test(arguments: RenderTests.sizes) func conversations(_ size: (Int, Int)) {
        var state = Fixture.chat(size.0, size.1)
        let date = Date(timeIntervalSince1970: 0)
        func entry(_ id: Int64, _ title: String, _ day: String, _ tags: [String] = [])
            -> ConversationEntry
        {
            ConversationEntry(
                conversation: Conversation(
                    id: id, title: title, createdAt: date, updatedAt: date, tags: tags), day: day)
        }
        var entries = [
            entry(1, "Capitals", "today"),
            entry(2, "Coffee ☕ קפה", "yesterday", ["京都", "cafe\u{301}"]),
            entry(3, "", "2026-03-08"),
        ]
        state.overlay = .conversations(ListState(selected: 1))
        _ = update(&state, .conversationsListed(query: "", entries))
        Self.expectScreen(state, "conversations")
        entries[1].snippet = "…ובתל אביב? In 京都 there is a cafe\u{301}"
        entries[1].highlights = [15..<17]
        entries[1].message = 7
        state.overlay = .conversations(ListState(filter: "京都"))
        _ = update(&state, .conversationsListed(query: "京都", [entries[1]]))
        Self.expectScreen(state, "search")
    }

    @Test(arguments: RenderTests.sizes) func models(_ size: (Int, Int)) {
        var state = Fixture.chat(size.0, size.1)
        state.session.model?.path = "/models/a.gguf"
        state.session.models = [
            ModelChoice(
                name: "smollm2", path: "/models/a.gguf", detail: "98 MB", isInstalled: true),
            ModelChoice(
                name: "通义千问-é🙂", path: "qwen", detail: "fetches 1.2 GB", isInstalled: false),
        ]
        state.overlay = .models(ListState(selected: 1, marked: ["smollm2", "通义千问-é🙂"]))
        Self.expectScreen(state, "models")
    }

    @Test(arguments: RenderTests.sizes) func tokens(_ size: (Int, Int)) {
        var state = Fixture.chat(size.0, size.1)
        state.overlay = .tokens(Fixture.tokens)
        Self.expectScreen(state, "tokens")
    }

    @Test(arguments: RenderTests.sizes) func attention(_ size: (Int, Int)) {
        var state = Fixture.chat(size.0, size.1)
        state.overlay = .attention(Fixture.attention)
        Self.expectScreen(state, "attention")
    }

    @Test(arguments: RenderTests.sizes) func prompt(_ size: (Int, Int)) {
        var state = Fixture.chat(size.0, size.1)
        state.overlay = .prompt(PageState(), Fixture.prompt)
        Self.expectScreen(state, "exact-prompt")
    }

    /// Help over a page is about that page, and gives it back.
    @Test func helpOverAPage() {
        var state = Fixture.chat(80, 24)
        state.overlay = .tokens(Fixture.tokens)
        state.press([.character("?")])
        Self.expectScreen(state, "help-over-tokens")
        state.press([.escape])
        #expect(state.overlay == .tokens(Fixture.tokens))
        state.press([.character("?"), .character("?")])
        #expect(state.overlay == .tokens(Fixture.tokens))
        state.press([.character("?"), Key(.function(2))])
        state.press([.escape])
        #expect(state.overlay == nil, "what another page replaced does not come back")
    }
}
