import Testing

@testable import TUI
@testable import TerminalKit

@Suite struct InputTokenizerTests {
    private static let stream: [(String, InputEvent)] = [
        ("a", .key(Key(.character("a"), bytes: [0x61]))),
        ("é", .key(Key(.character("é"), bytes: [0xc3, 0xa9]))),
        ("漢", .key(Key(.character("漢"), bytes: Array("漢".utf8)))),
        ("🙂", .key(Key(.character("🙂"), bytes: Array("🙂".utf8)))),
        ("\u{1}", .key(Key(.character("a"), modifiers: .control, bytes: [1]))),
        ("\n", .key(Key(.character("j"), modifiers: .control, bytes: [10]))),
        ("\r", .key(Key(.enter, bytes: [13]))),
        ("\t", .key(Key(.tab, bytes: [9]))),
        ("\u{7f}", .key(Key(.backspace, bytes: [0x7f]))),
        ("\u{1b}b", .key(Key(.character("b"), modifiers: .alt, bytes: [0x1b, 0x62]))),
        ("\u{1b}\r", .key(Key(.enter, modifiers: .alt, bytes: [0x1b, 13]))),
        ("\u{1b}é", .key(Key(.character("é"), modifiers: .alt, bytes: [0x1b, 0xc3, 0xa9]))),
        ("\u{1b}[A", .key(Key(.up, bytes: Array("\u{1b}[A".utf8)))),
        ("\u{1b}OA", .key(Key(.up, bytes: Array("\u{1b}OA".utf8)))),
        (
            "\u{1b}[1;6D",
            .key(Key(.left, modifiers: [.shift, .control], bytes: Array("\u{1b}[1;6D".utf8)))
        ),
        (
            "\u{1b}\u{1b}[C",
            .key(Key(.right, modifiers: .alt, bytes: Array("\u{1b}\u{1b}[C".utf8)))
        ),
        ("\u{1b}[3~", .key(Key(.delete, bytes: Array("\u{1b}[3~".utf8)))),
        ("\u{1b}[15~", .key(Key(.function(5), bytes: Array("\u{1b}[15~".utf8)))),
        ("\u{1b}OP", .key(Key(.function(1), bytes: Array("\u{1b}OP".utf8)))),
        ("\u{1b}[[B", .key(Key(.function(2), bytes: Array("\u{1b}[[B".utf8)))),
        ("\u{1b}[7$", .key(Key(.home, modifiers: .shift, bytes: Array("\u{1b}[7$".utf8)))),
        ("\u{1b}[Z", .key(Key(.backtab, bytes: Array("\u{1b}[Z".utf8)))),
        ("\u{1b}[I", .focus(true)), ("\u{1b}[O", .focus(false)),
        ("\u{1b}[?1004;1$y", .focus(true)),
        (
            "\u{1b}[<0;12;3M",
            .mouse(MouseEvent(kind: .press, button: 1, column: 11, row: 2))
        ),
        (
            "\u{1b}[<0;12;3m",
            .mouse(MouseEvent(kind: .release, button: 1, column: 11, row: 2))
        ),
        ("\u{1b}[<32;1;1M", .mouse(MouseEvent(kind: .drag, button: 1, column: 0, row: 0))),
        ("\u{1b}[<65;1;1M", .mouse(MouseEvent(kind: .wheelDown, button: 0, column: 0, row: 0))),
        ("\u{1b}[M !\"", .mouse(MouseEvent(kind: .press, button: 1, column: 0, row: 1))),
        ("\u{1b}[200~a\r\nb\u{1b}[31mc\td\u{7}é\u{1b}[201~", .paste("a\nb[31mc\tdé")),
        ("\u{1b}[97;5u", .key(Key(.character("a"), modifiers: .control, bytes: [1]))),
        ("\u{1b}[13;2u", .key(Key(.enter, modifiers: .shift, bytes: [13]))),
        ("\u{1b}[27;5;105~", .key(Key(.character("i"), modifiers: .control, bytes: [9]))),
        ("\u{1b}[98;3u", .key(Key(.character("b"), modifiers: .alt, bytes: [0x1b, 0x62]))),
    ]
    /// Replies that mean nothing to us and must not be seen as keys.
    private static let silent = [
        "\u{1b}]11;rgb:0000/0000/0000\u{7}", "\u{1b}]52;c;YQ==\u{1b}\\", "\u{1b}P1+r544e\u{1b}\\",
        "\u{1b}[?2026;2$y", "\u{1b}[?1004;0$y", "\u{1b}[?62;4c", "\u{1b}[97;5:3u",
    ]

    @Test func everySequenceAloneIsItsEvent() {
        for (text, event) in Self.stream {
            var tokenizer = InputTokenizer()
            #expect(tokenizer.feed(text.utf8) == [event], "\(Array(text.utf8))")
            #expect(tokenizer.patience == .none)
        }
        for text in Self.silent {
            var tokenizer = InputTokenizer()
            #expect(tokenizer.feed(text.utf8) == [], "\(Array(text.utf8))")
            #expect(tokenizer.patience == .none)
        }
    }

    @Test func bytesMayBeSplitAnywhere() {
        let quiet = Self.silent.joined().utf8
        let bytes = Self.stream.flatMap { Array($0.0.utf8) + Array(quiet) }
        let expected = Self.stream.map(\.1)
        for cut in 0...bytes.count {
            var tokenizer = InputTokenizer()
            let events = tokenizer.feed(bytes[..<cut]) + tokenizer.feed(bytes[cut...])
            if events != expected { Issue.record("cut at \(cut)") }
        }
        var tokenizer = InputTokenizer()
        #expect(bytes.flatMap { tokenizer.feed([$0]) } == expected)
    }

    @Test func escapeAloneComesWithTheFlush() {
        var tokenizer = InputTokenizer()
        #expect(tokenizer.feed([0x1b]) == [])
        #expect(tokenizer.patience == .escape)
        #expect(tokenizer.flush() == [.key(Key(.escape, bytes: [0x1b]))])
        #expect(tokenizer.feed([0x1b, 0x1b]) == [])
        #expect(tokenizer.flush().count == 2)
        #expect(tokenizer.feed("\u{1b}[".utf8) == [])
        #expect(
            tokenizer.flush()
                == [.key(Key(.character("["), modifiers: .alt, bytes: [0x1b, 0x5b]))])
        #expect(tokenizer.feed("\u{1b}Pxy".utf8) == [])
        #expect(tokenizer.patience == .sequence)
        #expect(
            tokenizer.flush() == [
                .key(Key(.character("P"), modifiers: .alt, bytes: [0x1b, 0x50])),
                .key(Key(.character("x"), bytes: [0x78])),
                .key(Key(.character("y"), bytes: [0x79])),
            ])
        #expect(tokenizer.feed("\u{1b}[1;".utf8) == [])
        #expect(tokenizer.flush() == [])
        #expect(tokenizer.feed("a".utf8).count == 1)
    }

    @Test func brokenUTF8BecomesReplacementAndNothingIsSwallowed() {
        var tokenizer = InputTokenizer()
        let events = tokenizer.feed([0xff, 0x61, 0xc3, 0x62, 0xed, 0xa0, 0x80, 0x63, 0xc0, 0x80])
        let codes = events.map { event -> Key.Code? in
            if case .key(let key) = event { key.code } else { nil }
        }
        let bad = Key.Code.character("\u{FFFD}")
        #expect(
            codes == [
                bad, .character("a"), bad, .character("b"), bad, .character("c"), bad, bad,
            ])
    }

    @Test func aPasteIsCappedAndItsEndStillFound() {
        var tokenizer = InputTokenizer()
        var events = tokenizer.feed("\u{1b}[200~".utf8)
        for _ in 0..<300 { events += tokenizer.feed(Array(repeating: 0x78, count: 5000)) }
        events += tokenizer.feed("\u{1b}[201~z".utf8)
        #expect(events.count == 2)
        guard case .paste(let text) = events.first else {
            Issue.record("no paste")
            return
        }
        #expect(text.utf8.count == InputTokenizer.pasteLimit)
    }

    @Test(arguments: 0..<60) func noBytesCrashOrStick(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        var tokenizer = InputTokenizer()
        let alphabet: [UInt8] = [
            0x1b, 0x5b, 0x4f, 0x3b, 0x3a, 0x31, 0x39, 0x7e, 0x3c, 0x4d, 0x75, 0xc3, 0xe6, 0x80,
            0x50, 0x5d, 0x5c, 0x07, 0x24, 0x0d, 0x41, 0xff, 0x32, 0x30,
        ]
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                alphabet.randomElement(using: &random)!
            }
            _ = tokenizer.feed(bytes)
            if Bool.random(using: &random) { _ = tokenizer.flush() }
        }
        _ = tokenizer.feed("\u{1b}[201~\u{7}\u{1b}\\".utf8)
        _ = tokenizer.flush()
        _ = tokenizer.flush()
        #expect(tokenizer.feed("q".utf8).last == .key(Key(.character("q"), bytes: [0x71])))
    }
}
