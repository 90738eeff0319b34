import Engine
import Foundation
import Testing

@testable import TUI
@testable import TerminalKit

/// Every key in every context: what the state becomes and which effects are asked for.
@Suite struct KeyTests {
    @Test func everyBindingIsReachedByItsKey() {
        let map = KeyMap.standard
        for binding in map.bindings {
            for chord in binding.chords {
                let key = Key(chord.code, modifiers: chord.modifiers)
                #expect(
                    map.command(for: key, in: binding.context) == binding.command,
                    "\(chord) in \(binding.context) is bound twice")
            }
        }
    }

    @Test func everyChordReadsWhatItWrites() {
        for binding in KeyMap.standard.bindings {
            for chord in binding.chords { #expect(KeyChord(chord.description) == chord) }
        }
        #expect(KeyChord("Ctrl+Alt+x") == KeyChord(.character("x"), [.control, .alt]))
        #expect(KeyChord("nonsense") == nil)
        #expect(KeyChord("") == nil)
    }

    @Test func everyCommandHasWords() {
        for command in Command.allCases {
            #expect(command.help != command.rawValue, "\(command) has no help")
            #expect(command.help.hasSuffix("."))
        }
    }

    /// The keys that the chat promises.
    @Test(
        arguments: [
            (KeyContext.composer, "Enter", Command.send), (.composer, "Alt+Enter", .newline),
            (.composer, "Ctrl+J", .newline), (.composer, "Esc", .stop),
            (.composer, "Tab", .focusNext), (.composer, "F1", .help),
            (.composer, "F2", .templates), (.composer, "F3", .models),
            (.composer, "F4", .candidates), (.composer, "F5", .newBoard),
            (.composer, "F6", .order), (.composer, "F8", .conversations),
            (.composer, "F9", .prompt), (.composer, "F10", .quit),
            (.composer, "Ctrl+D", .endOfInput), (.board, "h", .boardLeft),
            (.board, "j", .boardDown), (.board, "k", .boardUp), (.board, "l", .boardRight),
            (.board, "left", .boardLeft), (.board, "right", .boardRight),
            (.board, "up", .boardUp), (.board, "down", .boardDown), (.board, "1", .rank),
            (.board, "9", .rank), (.board, "=", .tie), (.board, "0", .allBad),
            (.board, "Backspace", .unrank), (.board, "u", .undoRanking),
            (.board, "Enter", .submitRanking), (.board, "a", .accept),
            (.board, "r", .orderByReward), (.board, "b", .toggleScores),
            (.board, "+", .addCandidate), (.board, "K", .endCandidate),
            (.board, "Esc", .focusComposer), (.board, "Tab", .focusComposer),
            (.board, "?", .contextHelp), (.board, "F6", .order),
        ]) func promisedKey(_ context: KeyContext, _ name: String, _ command: Command) throws
    {
        let chord = try #require(KeyChord(name))
        let key = Key(chord.code, modifiers: chord.modifiers)
        #expect(KeyMap.standard.command(for: key, in: context) == command)
    }

    /// Readline's own keys stay with readline.
    @Test(arguments: "abefknprtuwy") func composerKeepsReadlineKeys(_ letter: Character) {
        var state = Fixture.chat()
        let key = Key.control(letter)
        #expect(update(&state, .keyPressed(key)) == [.feedComposer(key)])
    }

    @Test func keysCanBeBoundAnew() throws {
        var map = KeyMap.standard
        let bound = map.bind(["Ctrl+S"], to: .send, in: .composer)
        #expect(bound)
        #expect(map.command(for: .control("s"), in: .composer) == .send)
        #expect(map.command(for: .enter, in: .composer) == nil)
        let wrong = map.bind(["Hyper+Q"], to: .quit, in: .global)
        #expect(!wrong)
        #expect(map.command(for: Key(.function(10)), in: .composer) == .quit)
    }

    @Test func keysFromAFile() throws {
        let map = try KeyFile.parse(
            "# mine\ncomposer.send = Ctrl+S\n\nboard.tie = =, t\n", file: "keys")
        #expect(map.command(for: .control("s"), in: .composer) == .send)
        #expect(map.command(for: .character("t"), in: .board) == .tie)
        #expect(map.command(for: .character("="), in: .board) == .tie)
        let mistakes: [(String, KeyFileError.Reason)] = [
            ("send = Enter", .form), ("composer.send", .form),
            ("kitchen.send = Enter", .context("kitchen")),
            ("board.fly = f", .command("fly")), ("board.tie = Hyper+x", .keys("Hyper+x")),
        ]
        for (line, reason) in mistakes {
            #expect(throws: KeyFileError(file: "keys", line: 2, reason: reason)) {
                try KeyFile.parse("# mine\n\(line)", file: "keys")
            }
        }
    }

    @Test func tableOfKeysIsComplete() {
        let table = KeyMap.standard.markdownTable()
        for binding in KeyMap.standard.bindings { #expect(table.contains(binding.command.help)) }
    }

    /// The README's table is this one; RIPOSTE_RECORD_GOLDENS writes it there.
    @Test func readmeHasTheTableOfKeys() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../README.md").standardized
        let text = try String(contentsOf: file, encoding: .utf8)
        let marks = ("<!-- keys: from the code that binds them -->\n", "<!-- end of keys -->")
        let start = try #require(text.firstRange(of: marks.0)?.upperBound)
        let end = try #require(text.firstRange(of: marks.1)?.lowerBound)
        let table = KeyMap.standard.markdownTable()
        if text[start..<end] != table,
            ProcessInfo.processInfo.environment["RIPOSTE_RECORD_GOLDENS"] != nil
        {
            let written = text[..<start] + table + text[end...]
            try String(written).write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(text[start..<end] == table)
    }

    // MARK: Composer

    @Test func enterSendsAndEmptiesTheLine() {
        var state = Fixture.empty()
        let effects = state.type(line: "Hello")
        guard case .startGeneration(let plan)? = effects.last else {
            Issue.record("nothing was generated: \(effects)")
            return
        }
        #expect(plan.subject == .message("Hello"))
        #expect(plan.count == 1)
        #expect(plan.templateName == "chat")
        #expect(effects.contains(.setComposer("")))
        #expect(effects.contains(.addHistory("Hello")))
        #expect(state.transcript.pending == "Hello")
        #expect(state.generation.phase == .starting)
    }

    @Test func blankLineSendsNothing() {
        var state = Fixture.empty()
        #expect(state.type(line: " \n ").isEmpty)
    }

    @Test func doubleSlashSendsASlash() {
        var state = Fixture.empty()
        _ = state.type(line: "//help is text")
        #expect(state.transcript.pending == "/help is text")
    }

    @Test func typingAheadQueues() {
        var state = Fixture.empty()
        _ = state.type(line: "one")
        let effects = state.type(line: "two")
        #expect(!effects.contains { if case .startGeneration = $0 { true } else { false } })
        #expect(state.queue == ["two"])
        // The reply ends and is adopted: the next message goes out.
        _ = update(
            &state,
            .generationStarted(
                GenerationStart(board: 1, parent: 1, candidates: [5], variants: [], use: .init())))
        _ = update(&state, .replyAdopted(message: 2))
        let after = update(&state, .generationFinished(tokensPerSecond: 10))
        #expect(state.queue.isEmpty)
        #expect(after.contains { if case .startGeneration = $0 { true } else { false } })
        #expect(state.transcript.pending == "two")
    }

    @Test func escapeStopsAndGivesTheQueueBack() {
        var state = Fixture.empty()
        _ = state.type(line: "one")
        _ = state.type(line: "two")
        #expect(state.press([.escape]) == [.cancelGeneration, .setComposer("two")])
        #expect(state.generation.phase == .stopping)
        #expect(state.queue.isEmpty)
    }

    @Test func controlDQuitsOnlyAnEmptyLine() {
        var state = Fixture.empty()
        state.composer.text = "x"
        #expect(state.press([.control("d")]) == [.feedComposer(.control("d"))])
        state.composer.text = ""
        #expect(state.press([.control("d")]) == [.quit])
    }

    @Test func controlCNeverDestroysTheChat() {
        var state = Fixture.chat()
        state.composer.text = "half a thought"
        #expect(state.press([.control("c")]) == [.setComposer("")])
        state.composer.text = ""
        #expect(state.press([.control("c")]).isEmpty)
        #expect(!state.isQuitting)
        #expect(state.notices.current != nil)
    }

    @Test func tabCompletesACommandElseMovesTheFocus() {
        var state = Fixture.board()
        state.composer.text = "/te"
        #expect(state.press([.tab]) == [.completeCommand])
        state.composer.text = ""
        _ = state.press([.tab])
        #expect(state.focus == .board)
        _ = state.press([.tab])
        #expect(state.focus == .composer)
    }

    @Test func historySearchKeepsItsKeys() {
        var state = Fixture.chat()
        state.composer.isSearching = true
        for key in [Key.escape, .enter, .control("c"), .tab] {
            #expect(state.press([key]) == [.feedComposer(key)])
        }
    }

    @Test func f4StepsThroughTheCounts() {
        var state = Fixture.empty()
        var counts: [Int] = []
        for _ in 0..<5 {
            state.press([Key(.function(4))])
            counts.append(state.settings.candidates)
        }
        #expect(counts == [2, 4, 8, 1, 2])
    }

    @Test func functionKeysOpenAndCloseTheirPages() {
        var state = Fixture.chat()
        for number in [1, 2, 3, 8, 9, 11, 12] {
            let before = state.overlay
            state.press([Key(.function(number))])
            #expect(state.overlay != nil, "F\(number)")
            state.press([Key(.escape)])
            #expect(state.overlay == nil && before == nil, "F\(number)")
        }
    }

    @Test func theTreeOpensAtThePresentMessage() {
        var state = Fixture.chat()
        state.session.conversation = 1
        let nodes = [(1, nil), (2, 1), (3, 2), (5, 3), (4, 3)] as [(Int64, Int64?)]
        let tree = nodes.map { TreeNode(id: $0.0, parent: $0.1, role: .user, summary: "m") }
        #expect(state.type(line: "/map").contains(.listTree))
        _ = update(&state, .treeListed(tree))
        #expect(state.overlay?.list?.selected == 4)
        #expect(state.press([.enter]) == [.selectMessage(4)])
        // Walking the messages, it is the one selected.
        state.press([Key(.function(7)), Key(.up), .character("m")])
        _ = update(&state, .treeListed(tree))
        #expect(state.overlay?.list?.selected == 2)
    }
}
