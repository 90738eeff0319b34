import Engine
import Testing

@testable import TUI
@testable import TerminalKit

/// Boards of turns that the conversation has left behind, comparisons, the mouse, the tour.
@Suite struct EarlierTurnTests {
    /// A board that answers message 1 of a conversation of four.
    private func earlier() -> State {
        var state = Fixture.chat(120, 40)
        state.board = Fixture.board(4).board
        state.focus = .board
        return state
    }

    private func submission(_ effects: [Effect]) -> RankingSubmission? {
        for case .submitRanking(let submission) in effects { return submission }
        return nil
    }

    @Test func aVoteLeavesTheConversationAsItIs() throws {
        var state = earlier()
        let ranking = try #require(submission(state.press([.character("1"), .enter])))
        #expect(ranking.continueWith == nil)
        #expect(ranking.ranks == [100: 1])
        _ = update(&state, .boardDecided(ranking: 3, continued: false))
        #expect(state.board == nil)
        #expect(state.notices.current?.kind == .success)
        #expect(state.undo == [.ranked(3)])
    }

    @Test func acceptingBranchesAndCanBeUndone() {
        var state = earlier()
        #expect(state.press([.character("a")]) == [.acceptCandidate(100)])
        #expect(state.undo == [.selected(conversation: 1, leaf: 4)])
    }

    @Test func theNextMessageGoesOnFromTheEnd() throws {
        var state = earlier()
        state.focus = .composer
        let effects = state.type(line: "And of Spain?")
        #expect(!effects.contains(.acceptCandidate(100)))
        guard case .startGeneration(let plan)? = effects.last else {
            Issue.record("nothing was generated: \(effects)")
            return
        }
        #expect(plan.subject == .message("And of Spain?"))
    }

    @Test func whatCameAfterIsOutOfTheWay() {
        var state = earlier()
        #expect(!RenderTests.text(state).contains("東京"))
        state.focus = .messages
        state.transcript.selected = 3
        #expect(RenderTests.text(state).contains("東京"))
    }

    @Test func anEditIsRecordedAsItWasSeen() throws {
        var state = earlier()
        state.board?.scoresWereShown = true
        state.now = 12
        #expect(state.press([.character("e")]) == [.setComposer(Fixture.replies[0])])
        let effects = state.type(line: "Paris!")
        let edit = CandidateEdit(
            candidate: 100, text: "Paris!", scoresVisible: true, isBlind: false, secondsTaken: 10)
        #expect(effects.contains(.editCandidate(edit)))
    }

    // MARK: Comparisons

    @Test func sidesMayBeTemplatesModelsAndSettings() throws {
        var state = Fixture.chat()
        state.session.models = [
            ModelChoice(name: "other", path: "/m/other.gguf", detail: "", isInstalled: true),
            ModelChoice(name: "absent", path: "absent", detail: "", isInstalled: false),
        ]
        let effects = state.compare(["sentiment", "other,temperature=0.2", "chat,seed=11"])
        guard case .startGeneration(let plan)? = effects.last else {
            Issue.record("nothing was generated: \(effects)")
            return
        }
        #expect(plan.compared.map(\.template) == ["sentiment", nil, "chat"])
        #expect(plan.compared.map(\.model) == [nil, "other", nil])
        #expect(plan.compared.map { $0.settings[.temperature] } == [nil, 0.2, nil])
        #expect(plan.compared[2].settings.seed == 11)
        for wrong in ["absent", "nonsense", "speed=3", "temperature=hot"] {
            var other = state
            other.generation = GenerationState()
            #expect(other.compare(["chat", wrong]).isEmpty)
            #expect(other.notices.current?.kind == .failure, "\(wrong)")
        }
    }

    @Test func markedTemplatesAreCompared() throws {
        var state = Fixture.chat()
        let effects = state.press([
            Key(.function(2)), .tab, .tab, Key(.up), .enter,
        ])
        guard case .startGeneration(let plan)? = effects.last else {
            Issue.record("nothing was generated: \(effects)")
            return
        }
        #expect(plan.compared.map(\.template) == ["chat", "sentiment"])
        #expect(state.overlay == nil)
    }

    @Test func aSeedThatWasSetIsSaid() {
        var state = Fixture.empty()
        state.type(line: "/set seed 11")
        #expect(state.notices.current?.text == "seed is 11.")
    }

    // MARK: Mouse

    private func click(_ state: inout State, column: Int, row: Int) -> [Effect] {
        update(
            &state,
            .mouseUsed(MouseEvent(kind: .press, button: 0, column: column, row: row)))
    }

    @Test func aClickSelectsAMessageAndAnotherBringsTheComposerBack() {
        var state = Fixture.chat()
        _ = click(&state, column: 5, row: 1)
        #expect(state.focus == .messages)
        #expect(state.transcript.selected == 0)
        _ = click(&state, column: 5, row: ScreenLayout(state).composer.row)
        #expect(state.focus == .composer)
    }

    @Test func clicksChooseFromAList() throws {
        var state = Fixture.chat()
        state.press([Key(.function(2))])
        let rows = try #require(ListLayout(state)).rows
        _ = click(&state, column: rows.column + 3, row: rows.row + 1)
        #expect(state.overlay?.list?.selected == 1)
        let effects = click(&state, column: rows.column + 3, row: rows.row + 1)
        #expect(effects.contains(.selectTemplate("sentiment")))
        #expect(state.overlay == nil)
    }

    @Test func theBoardsEdgeIsDragged() {
        var state = Fixture.board(4, 120, 40)
        let edge = ScreenLayout(state).board.row
        _ = click(&state, column: 9, row: edge)
        func drag(to row: Int) {
            _ = update(
                &state, .mouseUsed(MouseEvent(kind: .drag, button: 0, column: 9, row: row)))
        }
        drag(to: 20)
        #expect(ScreenLayout(state).board.row == 20)
        drag(to: 0)
        #expect(ScreenLayout(state).board.row == 0)
        drag(to: 1000)
        #expect(ScreenLayout(state).board.rows == 3)
        _ = update(&state, .mouseUsed(MouseEvent(kind: .release, button: 0, column: 9, row: 30)))
        drag(to: 10)
        #expect(ScreenLayout(state).board.rows == 3)
    }

    // MARK: Tour, copying, links

    @Test func theTourIsInNobodysWay() {
        var state = Fixture.empty()
        state.overlay = .tour(PageState())
        let key = Key.character("h")
        #expect(state.press([key]) == [.rememberTour, .feedComposer(key)])
        #expect(state.overlay == nil)
        state.overlay = .tour(PageState())
        #expect(state.press([.enter]) == [.rememberTour])
    }

    @Test func codeAndLinksAreFound() {
        let text = """
            See https://example.org/a(b) and <http://example.net>.

            - first:

              ```swift
              let x = 1
              ```

            ```
            second
            block
            ```
            """
        #expect(MarkdownText.codeBlocks(of: text) == ["let x = 1", "second\nblock"])
        #expect(
            MarkdownText.links(in: text) == ["https://example.org/a(b)", "http://example.net"])
        var state = Fixture.chat()
        state.transcript.messages[1].text = text
        state.focus = .messages
        state.transcript.selected = 1
        #expect(state.press([.character("Y")]) == [.copy("second\nblock")])
        let opened = state.press([.character("x"), Key(.down), .enter])
        #expect(opened == [.openLink("https://example.org/a(b)")])
    }
}
