import Engine
import Testing

@testable import TUI
@testable import TerminalKit

/// Whole screens as text, at sizes from the smallest to the largest.
@Suite struct RenderTests {
    static let sizes = [(20, 5), (30, 10), (40, 12), (80, 24), (120, 40), (200, 60)]

    static func text(_ state: State) -> String {
        let frame = render(state, state.size)
        #expect(frame.grid.size == state.size)
        if let cursor = frame.cursor {
            #expect(frame.grid.bounds.contains(column: cursor.column, row: cursor.row))
        }
        return frame.grid.description
    }

    @Test(arguments: sizes) func empty(_ size: (Int, Int)) {
        expectGolden(
            Self.text(Fixture.empty(size.0, size.1)), "screen/empty-\(size.0)x\(size.1).txt")
    }

    @Test(arguments: sizes) func chat(_ size: (Int, Int)) {
        var state = Fixture.chat(size.0, size.1)
        state.composer.text = "é漢字🙂 and two\nlines"
        state.composer.cursor = state.composer.text.utf8.count
        expectGolden(Self.text(state), "screen/chat-\(size.0)x\(size.1).txt")
    }

    @Test(arguments: sizes) func board(_ size: (Int, Int)) {
        var state = Fixture.board(4, size.0, size.1)
        state.focus = .board
        state.board?.ranking.rank(0, as: 1)
        state.board?.ranking.rank(1, as: 2)
        state.board?.selected = 1
        state.board?.candidates[0].reward = 0.82
        state.board?.candidates[1].reward = -0.31
        expectGolden(Self.text(state), "screen/board-\(size.0)x\(size.1).txt")
    }

    @Test(arguments: [(80, 24), (200, 60)]) func streamingBoard(_ size: (Int, Int)) {
        var state = Fixture.board(8, size.0, size.1, finished: false)
        state.board?.candidates[5].text = ""
        state.board?.candidates[2].finishReason = .stop
        expectGolden(Self.text(state), "screen/streaming-\(size.0)x\(size.1).txt")
    }

    @Test(arguments: sizes) func ruledOut(_ size: (Int, Int)) {
        var state = Fixture.board(4, size.0, size.1, finished: false)
        state.focus = .board
        state.board?.candidates[0].text = "Cafe\u{301} פריז, 巴黎 🗼 and so on"
        // One that has ended, and one whose stream is about to.
        state.board?.candidates[0].finishReason = .cancelled
        state.press([.character("K"), .character("K"), .character("1")])
        let frame = render(state, state.size)
        expectGolden(
            frame.grid.description + (size == (80, 24) ? frame.grid.styleDescription : ""),
            "screen/ruled-out-\(size.0)x\(size.1).txt")
    }

    @Test func duplicatesFold() {
        var state = Fixture.board(8, 120, 40)
        state.board?.marksDifferences = true
        expectGolden(Self.text(state), "screen/duplicates-120x40.txt")
    }

    @Test(arguments: sizes) func overlays(_ size: (Int, Int)) {
        var state = Fixture.chat(size.0, size.1)
        state.session.templateTokens = ["chat": 12, "sentiment": 61]
        for (name, overlay) in [
            ("help", OverlayState.help(PageState())),
            ("templates", .templates(ListState(selected: 1))),
            ("tour", .tour(PageState())), ("settings", .settings(ListState())),
            ("palette", .palette(ListState(filter: "temp"))),
        ] {
            state.overlay = overlay
            expectGolden(Self.text(state), "screen/\(name)-\(size.0)x\(size.1).txt")
        }
    }

    @Test(arguments: sizes) func tree(_ size: (Int, Int)) {
        var state = Fixture.chat(size.0, size.1)
        let nodes: [(Int64, Int64?, Role, String)] = [
            (1, nil, .user, "What is the capital of France?"),
            (2, 1, .assistant, "The capital of France is Paris."),
            (3, 2, .user, "And of 日本? Answer in one word, please. 🙂"),
            (5, 3, .assistant, "京都"), (4, 3, .assistant, "東京 (Tokyo)."),
            (7, 2, .user, "מה הבירה של ישראל"), (8, 7, .assistant, "ירושלים"),
        ]
        state.tree = nodes.map { TreeNode(id: $0.0, parent: $0.1, role: $0.2, summary: $0.3) }
        state.overlay = .map(ListState(selected: 4))
        expectGolden(Self.text(state), "screen/tree-\(size.0)x\(size.1).txt")
    }

    @Test(arguments: sizes) func comparison(_ size: (Int, Int)) {
        var state = Fixture.board(3, size.0, size.1)
        state.focus = .board
        for (index, variant) in ["chat · t 0.2", "riddle · t 1", "translate · t 0.7"].enumerated() {
            state.board?.candidates[index].variant = variant
        }
        state.board?.candidates[2].text = "The capital of France is called פריז, or Cafe\u{301}."
        expectGolden(Self.text(state), "screen/comparison-\(size.0)x\(size.1).txt")
    }

    @Test(arguments: sizes) func disagreements(_ size: (Int, Int)) {
        var state = Fixture.chat(size.0, size.1)
        state.session.rewardModel = "default 0123"
        state.disagreements = [
            Disagreement(
                board: 7, conversation: 1, message: 1, question: "What is the capital of France?",
                pairs: 5, reversed: 3, margin: 1.42),
            Disagreement(
                board: 9, conversation: 2, message: 8, question: "詩を書いてください。", pairs: 6,
                reversed: 1, margin: 0.3),
        ]
        state.overlay = .disagreements(ListState(selected: 1))
        expectGolden(Self.text(state), "screen/disagreements-\(size.0)x\(size.1).txt")
    }

    @Test func attentionOverATruncatedMap() {
        var state = Fixture.chat(100, 30)
        state.overlay = .attention(Fixture.attention)
        let frame = render(state, state.size)
        expectGolden(
            frame.grid.description + frame.grid.styleDescription, "screen/attention-100x30.txt")
    }

    @Test func tokensWithAlternatives() {
        var state = Fixture.chat(90, 26)
        state.overlay = .tokens(Fixture.tokens)
        let frame = render(state, state.size)
        expectGolden(
            frame.grid.description + frame.grid.styleDescription, "screen/tokens-90x26.txt")
    }

    @Test func prompt() {
        var state = Fixture.chat()
        state.overlay = .prompt(PageState(), Fixture.prompt)
        let frame = render(state, state.size)
        expectGolden(
            frame.grid.description + frame.grid.styleDescription, "screen/prompt-80x24.txt")
    }

    @Test func everySizeDrawsWithoutTrouble() {
        for columns in [1, 2, 7, 19, 36, 73, 80, 110, 210] {
            for rows in [1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 15, 16, 24, 30] {
                for var state in [
                    Fixture.empty(columns, rows), Fixture.chat(columns, rows),
                    Fixture.board(5, columns, rows),
                ] {
                    state.composer.text = String(repeating: "long 漢字 ", count: 60)
                    _ = Self.text(state)
                    state.overlay = .templates(ListState())
                    _ = Self.text(state)
                    state.overlay = .help(PageState(top: 3))
                    _ = Self.text(state)
                }
            }
        }
    }
}
