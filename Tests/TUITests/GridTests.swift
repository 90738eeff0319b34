import Testing

@testable import TUI
@testable import TerminalKit

@Suite struct GridTests {
    @Test func drawsEachKindOfTextInItsCells() {
        var grid = Grid(columns: 24, rows: 9)
        let inside = grid.box(grid.bounds, title: "a title", footer: "note")
        for (row, text) in [
            "漢字 and ASCII", "👩‍👩‍👧 family", "e\u{301}a\u{308} marks", "שלום עולם",
            "tab\there\u{7}\u{1b}[0m", "a line that is longer than the box",
            "wide at the edge: 漢字漢字",
        ].enumerated() {
            grid.clipped(to: inside) {
                _ = $0.write(text, row: inside.row + row, column: inside.column)
            }
        }
        expectGolden(grid.description, "grid-text.txt")
    }

    @Test func overwritingHalfOfAWideCharacterBlanksTheOther() {
        var grid = Grid(columns: 6, rows: 1)
        grid.write("漢字漢", row: 0, column: 0)
        grid.write("x", row: 0, column: 1)
        grid.write("y", row: 0, column: 2)
        #expect(grid.description == " xy 漢\n")
        grid.write("字", row: 0, column: 3)
        #expect(grid.description == " xy字\n")
        #expect(grid[row: 0, column: 4].text.isEmpty)
        #expect(grid[row: 0, column: 5].text == " ")
    }

    @Test func drawingOutsideIsClipped() {
        var grid = Grid(columns: 4, rows: 2)
        grid.write("above", row: -1, column: 0)
        grid.write("below", row: 2, column: 0)
        grid.write("abcdef", row: 0, column: -2)
        grid.write("漢字漢", row: 1, column: -1)
        #expect(grid.description == "cdef\n 字\n")
        #expect(grid.row(1).map(\.text) == [" ", "字", "", " "])
        grid.fill(Rect(column: -5, row: -5, columns: 50, rows: 50), with: "#")
        #expect(grid.description == "####\n####\n")
        grid.box(Rect(column: 2, row: 0, columns: 9, rows: 9))
        #expect(grid.description == "##╭─\n##│#\n")
    }

    @Test(arguments: 0..<40) func neverLeavesHalfACharacter(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        let pieces = ["a", "漢", "🙂", "e\u{301}", "👩‍👩‍👧", " ", "שׁ", "한"]
        var grid = Grid(columns: Int.random(in: 1...9, using: &random), rows: 3)
        for _ in 0..<40 {
            let text = (0..<4).map { _ in pieces.randomElement(using: &random)! }.joined()
            let clip = Rect(
                column: Int.random(in: -2...6, using: &random), row: 0,
                columns: Int.random(in: 0...6, using: &random), rows: 3)
            grid.clipped(to: clip) {
                _ = $0.write(
                    text, row: Int.random(in: -1...3, using: &random),
                    column: Int.random(in: -3...9, using: &random))
            }
        }
        for row in 0..<grid.rows {
            var expectsContinuation = false
            for cell in grid.row(row) {
                #expect(cell.text.isEmpty == expectsContinuation)
                expectsContinuation = TextWidth.width(of: cell.text) == 2
            }
            #expect(!expectsContinuation)
        }
    }

    @Test func zeroSizedGridsTakeAnything() {
        var grid = Grid(columns: 0, rows: 0)
        grid.write("text", row: 0, column: 0)
        grid.box(grid.bounds)
        #expect(grid.description == "")
        #expect(Grid(columns: -3, rows: 5).description == "\n\n\n\n\n")
    }

    @Test func rectanglesDivideWithoutLosingCells() {
        let parts = Rect(column: 0, row: 0, columns: 81, rows: 4).columnsSplit(4, gap: 1)
        #expect(parts.map(\.columns) == [20, 20, 19, 19])
        #expect(parts.last?.endColumn == 81)
    }
}

/// A small generator, so that a failing seed can be run again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
