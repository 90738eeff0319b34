import Testing

@testable import TUI
@testable import TerminalKit

@Suite struct WrapTests {
    private func wrapped(_ text: String, _ width: Int, indent: Int = 0) -> [String] {
        Wrap(width: width, hangingIndent: indent).lines(text).map(\.string)
    }

    @Test func breaksAtBlanksAndDropsThem() {
        #expect(wrapped("the quick  brown fox", 10) == ["the quick", "brown fox"])
        #expect(wrapped("exact fit ", 9) == ["exact fit"])
        #expect(wrapped("", 10) == [""])
        #expect(wrapped("a\n\nb\n", 10) == ["a", "", "b", ""])
        #expect(wrapped("a\r\nb", 10) == ["a", "b"])
        #expect(wrapped("    deep word", 8) == ["    deep", "word"])
        #expect(wrapped("  indivisibly", 6) == ["  indi", "visibl", "y"])
    }

    @Test func breaksLongWordsHyphensAndCJK() {
        #expect(
            wrapped("see https://example.org/a/b", 10) == [
                "see", "https://ex", "ample.org/", "a/b",
            ])
        #expect(wrapped("a well-known --flag -1", 8) == ["a well-", "known", "--flag", "-1"])
        #expect(wrapped("漢字漢字漢字", 7) == ["漢字漢", "字漢字"])
        #expect(wrapped("これは本。です", 8) == ["これは", "本。です"])
        #expect(wrapped("abc「漢字」def", 6) == ["abc", "「漢", "字」", "def"])
        #expect(wrapped("漢", 1) == ["漢"])
    }

    @Test func hangingIndentStartsWithTheSecondLine() {
        #expect(wrapped("- one two three", 9, indent: 2) == ["- one two", "  three"])
        #expect(wrapped("x y z", 1, indent: 40) == ["x", "y", "z"])
    }

    @Test func codeKeepsItsBlanksAndExpandsTabs() {
        let wrap = Wrap(width: 8, mode: .characters)
        #expect(wrap.lines("\tif x {  y").map(\.string) == ["    if x", " {  y"])
        #expect(wrap.lines("ab\tc").map(\.string) == ["ab  c"])
    }

    @Test func looksSurviveTheBreak() {
        let red = Style(foreground: .indexed(1))
        var text = StyledText("plain ")
        text.append("red and", style: red)
        text.append(" plain")
        let lines = Wrap(width: 9).lines(text)
        #expect(lines.map(\.string) == ["plain red", "and plain"])
        #expect(lines[0].runs == [StyledRun("plain "), StyledRun("red", style: red)])
        #expect(lines[1].runs == [StyledRun("and", style: red), StyledRun(" plain")])
    }

    @Test(arguments: 0..<40) func everyLineFitsAndNothingIsLost(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        let pieces = [
            "a", "word", " ", "  ", "漢", "字。", "🙂", "e\u{301}", "-", "👩‍👩‍👧", "\t", "「", "longerword",
        ]
        let text = (0..<60).map { _ in pieces.randomElement(using: &random)! }.joined()
        let width = Int.random(in: 6...30, using: &random)
        let lines = Wrap(width: width).lines(text)
        for line in lines {
            #expect(line.width <= width)
            #expect(line.width == TextWidth.width(of: line.string))
        }
        let squeeze = { (text: String) in text.filter { !$0.isWhitespace } }
        #expect(squeeze(lines.map(\.string).joined()) == squeeze(text))
    }

    @Test(arguments: 0..<20) func appendingEqualsWrappingAtOnce(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        let styles = [Style.plain, Style(attributes: .bold)]
        let pieces = [
            "word ", "漢字", "\n", "longer-word", " ", "e", "\u{301}", "👩", "\u{200d}👧", "\r\n",
        ]
        var text = StyledText()
        var grown = WrappedText(wrap: Wrap(width: 11, hangingIndent: 2))
        for _ in 0..<50 {
            let piece = StyledText(
                pieces.randomElement(using: &random)!, style: styles.randomElement(using: &random)!)
            text.append(piece)
            grown.append(piece)
        }
        #expect(grown.text == text)
        #expect(grown.lines == Wrap(width: 11, hangingIndent: 2).lines(text))
        grown.rewrap(Wrap(width: 30))
        #expect(grown.lines == Wrap(width: 30).lines(text))
    }
}
