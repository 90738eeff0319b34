import Testing

@testable import TUI
@testable import TerminalKit

@Suite struct TextWidthTests {
    @Test(arguments: [
        ("", 0), ("plain ASCII", 11), ("é", 1), ("e\u{301}", 1), ("漢字", 4), ("한글", 4),
        ("\u{1112}\u{1161}\u{11ab}", 2), ("🙂", 2), ("👍🏽", 2), ("❤️", 1), ("שלום", 4),
        ("\u{202e}abc\u{202c}", 3), ("a\u{200b}b", 2), ("\u{7}bell\u{1b}[31m", 8),
        ("a\r\nb", 2), ("\u{ad}soft", 4), ("\u{9b}31m", 3), ("1️⃣", 1), ("कु", 1),
    ])
    func columns(_ text: String, _ expected: Int) {
        #expect(TextWidth.width(of: text) == expected)
    }

    @Test func aJoinedFamilyIsDrawnAsItsMembers() {
        var cells: [String] = []
        TextWidth.cells(of: "👩‍👩‍👧") { cell, width in
            cells.append(cell)
            #expect(width == 2)
        }
        #expect(cells == ["👩", "👩", "👧"])
    }

    @Test func marksAreCappedAndLoneMarksGetABase() {
        var cells: [String] = []
        let stacked = Character("z" + String(repeating: "\u{301}", count: 9))
        TextWidth.cells(of: stacked) { cell, _ in cells.append(cell) }
        #expect(cells.map(\.unicodeScalars.count) == [5])
        cells = []
        TextWidth.cells(of: "\u{301}") { cell, _ in cells.append(cell) }
        #expect(cells == ["\u{25CC}\u{301}"])
    }

    @Test func unassignedCodePointsShowAsReplacement() {
        var cells: [String] = []
        TextWidth.cells(of: "\u{378}") { cell, _ in cells.append(cell) }
        #expect(cells == ["\u{FFFD}"])
        #expect(TextWidth.width(of: "\u{378}") == 1)
    }

    @Test func truncationNeverHalvesAWideCharacter() {
        #expect(TextWidth.truncate("漢字漢字", columns: 8) == "漢字漢字")
        #expect(TextWidth.truncate("漢字漢字", columns: 7) == "漢字漢…")
        #expect(TextWidth.truncate("漢字漢字", columns: 6) == "漢字…")
        #expect(TextWidth.truncate("abc", columns: 0) == "")
        #expect(TextWidth.pad("漢字", columns: 5) == "漢字 ")
        #expect(TextWidth.pad("abcdef", columns: 3) == "ab…")
    }
}
