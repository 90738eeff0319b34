import Engine
import Foundation
import Testing

@testable import TUI
@testable import TerminalKit

/// What a key or a number means where one is: help, the context meter, the words of a search.
@Suite struct ContextTests {
    @Test func aQuestionMarkAsksForHelpOnAnEmptyLineOnly() {
        var state = Fixture.chat()
        #expect(state.press([.character("?")]) == [])
        #expect(state.overlay == .help(PageState()))
        state.press([.character("?")])
        #expect(state.overlay == nil)

        state.composer.text = "What"
        #expect(state.press([.character("?")]) == [.feedComposer(.character("?"))])
        state.composer.text = ""
        state.editTarget = .message(1)
        #expect(state.press([.character("?")]) == [.feedComposer(.character("?"))])
        state.editTarget = nil
        // A search backwards, to those who know vi.
        state.composer.mode = "vi"
        #expect(state.press([.character("?")]) == [.feedComposer(.character("?"))])
        state.composer.mode = "vi-insert"
        state.press([.character("?")])
        #expect(state.overlay == .help(PageState()))
    }

    @Test func escapeEndsInsertingBeforeItStopsAnything() {
        var state = Fixture.chat()
        state.generation.phase = .streaming
        state.composer.mode = "vi-insert"
        #expect(state.press([.escape]) == [.cancelGeneration], "an empty line has nothing to edit")
        state.generation.phase = .streaming
        state.composer.text = "typed ahead"
        #expect(state.press([.escape]) == [.feedComposer(.escape)])
        #expect(state.generation.phase == .streaming)
        state.composer.mode = "vi"
        #expect(state.press([.escape]) == [.cancelGeneration])
    }

    @Test func helpDoesNotCoverWhatIsStillToCome() {
        var state = Fixture.chat()
        state.overlay = .tokens(TokenViewState(candidate: 20, title: "Reply"))
        state.press([.character("?"), .escape])
        #expect(state.overlay == nil)
    }

    @Test func thePromptPageLeavesTheMeterAlone() {
        var state = Fixture.chat()
        state.press([Key(.function(9))])
        _ = update(&state, .promptRendered(Fixture.prompt))
        #expect(state.overlay == .prompt(PageState(), Fixture.prompt))
        #expect(state.context.used == 118, "what the next message finds, not what the last found")
    }

    @Test func aSearchJumpsToItsWordsInAnotherConversation() throws {
        var state = Fixture.chat(80, 24)
        let found = Conversation(
            id: 9, title: "Boats", createdAt: Date(), updatedAt: Date())
        state.overlay = .conversations(ListState(filter: "heron"))
        _ = update(
            &state,
            .conversationsListed(
                query: "heron",
                [
                    ConversationEntry(
                        conversation: found, day: "today", snippet: "a heron", highlights: [2..<7],
                        message: 2)
                ]))
        #expect(state.press([.enter]) == [.openConversation(9, message: 2)])
        let long = (1...60).map { "Line \($0) of a long reply." }.joined(separator: "\n\n")
        _ = update(
            &state,
            .conversationShown(
                ConversationSnapshot(
                    conversation: found,
                    messages: [
                        Fixture.message(1, .user, "Name birds"),
                        Fixture.message(2, .assistant, long + "\n\nA heron stands."),
                        Fixture.message(3, .user, "Another"),
                    ], focusMessage: 2)))
        let grid = render(state, state.size).grid
        #expect(grid.description.contains("A heron stands."))
        let row = try #require(
            (0..<grid.rows).first { row in
                grid.row(row).map { $0.text }.joined().contains("A heron")
            })
        let match = state.theme[.match]
        #expect(grid.row(row).filter { $0.style == $0.style.merging(match) }.count == 5)
        // Esc takes the marks away.
        state.notices.dismiss()
        state.press([.escape])
        #expect(state.transcript.highlight == nil)
    }

    @Test func aConversationThatIsOpenedByItselfHasNoMarks() {
        var state = Fixture.chat()
        state.transcript.highlight = "old"
        _ = update(
            &state,
            .conversationShown(
                ConversationSnapshot(
                    conversation: Conversation(
                        id: 9, title: "", createdAt: Date(), updatedAt: Date()),
                    messages: [], focusMessage: nil)))
        #expect(state.transcript.highlight == nil)
    }
}
