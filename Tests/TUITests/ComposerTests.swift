import Foundation
import Testing

@testable import TUI
@testable import TerminalKit

/// Readline is one a process, so these run one after the other.
@Suite(.serialized) struct ComposerTests {
    init() {
        // A person's own key bindings must not decide a test.
        setenv("INPUTRC", "/dev/null", 1)
    }

    /// Feeds bytes as the terminal would send them.
    @discardableResult
    private func type(_ text: String, into composer: Composer) -> [Composer.Outcome] {
        var tokenizer = InputTokenizer()
        let events = tokenizer.feed(text.utf8) + tokenizer.flush()
        return events.flatMap { event -> [Composer.Outcome] in
            switch event {
            case .key(let key): return composer.handle(key)
            case .paste(let text):
                composer.insert(text)
                return []
            default: return []
            }
        }
    }

    @Test func editsAndAccepts() {
        let composer = Composer(prompt: "> ")
        #expect(type("é漢字🙂", into: composer) == [])
        #expect(composer.state.text == "é漢字🙂")
        #expect(composer.state.cursor == composer.state.text.utf8.count)
        #expect(composer.state.prompt == "> ")
        #expect(composer.state.mode == "emacs")
        type("\u{1b}[D\u{1b}[D\u{7f}x\u{1b}[H\u{1b}[3~", into: composer)
        #expect(composer.state.text == "x字🙂")
        #expect(composer.state.cursor == 0)
        #expect(type("\r", into: composer) == [.accepted("x字🙂")])
        #expect(composer.state.text == "")
        #expect(type("\u{4}", into: composer) == [.ended])
        #expect(type("a\u{4}", into: composer) == [])
        composer.set("set")
        #expect(composer.state == ComposerState(text: "set", cursor: 3, prompt: "> "))
        type("\u{1f}", into: composer)
        #expect(composer.state.text == "a")
        type("\u{3}", into: composer)
        #expect(composer.state.text == "")
    }

    @Test func linesAndPastes() {
        let composer = Composer(prompt: "")
        type("one\u{1b}\rtwo\nthree", into: composer)
        #expect(composer.state.text == "one\ntwo\nthree")
        type("\u{1b}[A\u{1b}[A!\u{1b}[B\u{1b}[B?", into: composer)
        #expect(composer.state.text == "one!\ntwo\nthr?ee")
        type("\u{3}\u{1b}[200~a\r\nb\rc\u{1b}[201~", into: composer)
        #expect(composer.state.text == "a\nb\nc")
        type("\u{1f}", into: composer)
        #expect(composer.state.text == "")
        let long = String(repeating: "0123456789\n", count: 500)
        composer.insert(long)
        #expect(composer.state.text == long)
        #expect(type("\r", into: composer) == [.accepted(long)])
    }

    @Test func historyIsWalkedSearchedAndKeptInItsFile() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "riposte-composer-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "history")
        let long = String(repeating: "a long entry ", count: 400)
        do {
            let composer = Composer(prompt: "> ", history: ComposerHistory(file: file))
            for entry in ["first", "two\nlines", "two\nlines", "", long] {
                composer.addHistory(entry)
            }
        }
        let permissions = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(permissions[.posixPermissions] as? Int == 0o600)
        // Another program's broken line is left out.
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("not JSON\n".utf8))
        try handle.close()
        let history = ComposerHistory(file: file)
        #expect(history.entries == ["first", "two\nlines", long])
        let composer = Composer(prompt: "> ", history: history)
        type("\u{10}", into: composer)
        #expect(composer.state.text == long)
        type("\u{10}\u{10}", into: composer)
        #expect(composer.state.text == "first")
        type("\u{e}\u{e}\u{e}\u{12}fir", into: composer)
        #expect(composer.state.isSearching)
        #expect(composer.state.prompt == "(reverse-i-search)`fir': ")
        #expect(composer.state.text == "first")
        type("\u{7}", into: composer)
        #expect(!composer.state.isSearching)
        // A prefix key ends a search; readline alone would crash at the next key.
        type("\u{12}fir\u{18}z", into: composer)
        #expect(!composer.state.isSearching)
    }

    @Test func completesTheWordBeforeTheCursor() {
        let composer = Composer(prompt: "> ")
        composer.completions = { text, cursor in
            let word = String(decoding: Array(text.utf8).prefix(cursor), as: UTF8.self)
            return Completions(
                ["/template", "/temperature", "/help"].filter { $0.hasPrefix(word) })
        }
        type("/h\t", into: composer)
        #expect(composer.state.text == "/help ")
        composer.interrupt()
        #expect(
            type("/te\t", into: composer) == [.offered(["/template", "/temperature"])])
        #expect(composer.state.text == "/temp")
        composer.interrupt()
        #expect(type("/zzz\t", into: composer) == [])
        #expect(composer.state.text == "/zzz")
    }

    @Test func unboundKeysChangeNothing() {
        let composer = Composer(prompt: "> ")
        type("kept", into: composer)
        for sequence in ["\u{1b}[13~", "\u{1b}OP", "\u{1b}[5~", "\u{1b}[24~", "\u{1b}[1;2A"] {
            type(sequence, into: composer)
        }
        #expect(composer.state.text == "kept")
        type("\u{1b}", into: composer)
        type("b", into: composer)
        #expect(composer.state.text == "keptb")
    }

    @Test(arguments: 0..<5) func randomKeysLeaveAUsableLine(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        let composer = Composer(prompt: "> ")
        let keys =
            (1...31).map { String(UnicodeScalar(UInt8($0))) }.filter { $0 != "\u{1b}" }
            + ["a", "é", "漢", "🙂", " ", "/", "\u{1b}[A", "\u{1b}[B", "\u{1b}[C", "\u{1b}[D"]
            + ["\u{1b}b", "\u{1b}f", "\u{1b}d", "\u{1b}\u{7f}", "\u{1b}[3~", "\u{1b}2", "\u{1b}."]
            + ["\u{1b}[200~pas\nted\u{1b}[201~", "\u{1b}u", "\u{1b}t", "\u{1b}<", "\u{1b}>"]
        for _ in 0..<800 {
            let outcomes = type(keys.randomElement(using: &random)!, into: composer)
            for case .accepted(let text) in outcomes { composer.addHistory(text) }
            let state = composer.state
            #expect(state.cursor <= state.text.utf8.count)
            _ = ComposerLayout(state, columns: 20, maximumRows: 5)
        }
        type("\u{7}\u{7}", into: composer)
        composer.interrupt()
        composer.interrupt()
        #expect(type("ok\r", into: composer) == [.accepted("ok")])
    }
}

@Suite struct ComposerLayoutTests {
    private func layout(
        _ text: String, cursor: Int? = nil, columns: Int = 10, rows: Int = 5
    ) -> ComposerLayout {
        ComposerLayout(
            ComposerState(text: text, cursor: cursor ?? text.utf8.count, prompt: "› "),
            columns: columns, maximumRows: rows)
    }

    @Test func theCursorFollowsWidths() {
        #expect(layout("").cursor == Cursor(row: 0, column: 2))
        #expect(layout("漢字").cursor == Cursor(row: 0, column: 6))
        #expect(layout("漢字", cursor: 3).cursor == Cursor(row: 0, column: 4))
        #expect(layout("e\u{301}x", cursor: 3).cursor == Cursor(row: 0, column: 3))
        #expect(layout("a\tb").cursor == Cursor(row: 0, column: 7))
        #expect(layout("👩‍👧", cursor: 4).cursor == Cursor(row: 0, column: 4))
    }

    @Test func linesAreBrokenAndIndented() {
        let wrapped = layout("12345678漢")
        #expect(wrapped.lines.map(\.string) == ["› 12345678", "  漢"])
        #expect(wrapped.cursor == Cursor(row: 1, column: 4))
        let full = layout("12345678")
        #expect(full.lines.map(\.string) == ["› 12345678", "  "])
        #expect(full.cursor == Cursor(row: 1, column: 2))
        let several = layout("a\n\nb", cursor: 2)
        #expect(several.lines.map(\.string) == ["› a", "  ", "  b"])
        #expect(several.cursor == Cursor(row: 1, column: 2))
    }

    @Test func theRowsAroundTheCursorAreKept() {
        let text = (0..<9).map(String.init).joined(separator: "\n")
        #expect(layout(text, rows: 3).lines.map(\.string) == ["  6", "  7", "  8"])
        let first = layout(text, cursor: 0, rows: 3)
        #expect(first.lines.map(\.string) == ["› 0", "  1", "  2"])
        #expect(first.cursor == Cursor(row: 0, column: 2))
        #expect(layout("漢字漢字", columns: 1, rows: 2).lines.count == 2)
    }
}
