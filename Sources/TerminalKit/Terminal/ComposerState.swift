/// The line that a person edits, as the program sees it.
public struct ComposerState: Sendable, Equatable {
    public var text: String
    /// UTF-8 bytes of `text` before the cursor.
    public var cursor: Int
    /// What stands before the text; during a history search, what is searched for.
    public var prompt: String
    /// Name of the key map in force: `emacs`, `vi-insert`, `vi` (command mode), …
    public var mode: String
    /// A history search (Ctrl-R) is going on: `prompt` shows it, Escape and Ctrl-G end it.
    public var isSearching: Bool

    public init(
        text: String = "", cursor: Int = 0, prompt: String = "", mode: String = "emacs",
        isSearching: Bool = false
    ) {
        self.text = text
        self.cursor = cursor
        self.prompt = prompt
        self.mode = mode
        self.isSearching = isSearching
    }
}

/// The composer's lines on the screen.
public struct ComposerLayout: Sendable, Equatable {
    public private(set) var lines: [Line]
    /// Relative to the first of ``lines``.
    public private(set) var cursor: Cursor

    /// Breaks prompt and text into lines of `columns`, the text's later lines indented by the
    /// prompt's width where that leaves room, and keeps the `maximumRows` around the cursor.
    public init(
        _ state: ComposerState, columns: Int, maximumRows: Int, promptStyle: Style = .plain,
        textStyle: Style = .plain
    ) {
        let columns = max(1, columns)
        var lines = [Line()]
        var place = Cursor(row: 0, column: 0)
        var indent = 0

        func newLine() {
            lines.append(Line(String(repeating: " ", count: indent), style: textStyle))
            place = Cursor(row: place.row + 1, column: indent)
        }
        func put(_ text: Substring, _ width: Int, _ style: Style) {
            if place.column + width > columns, place.column > indent { newLine() }
            lines[place.row].append(text, style: style, width: width)
            place.column += width
        }

        Grapheme.forEach(in: state.prompt) { grapheme in
            put(state.prompt[grapheme.range], grapheme.width, promptStyle)
            return true
        }
        if place.row == 0, place.column * 3 <= columns { indent = place.column }

        let text = state.text
        let target =
            text.utf8.index(
                text.startIndex, offsetBy: max(0, state.cursor), limitedBy: text.endIndex)
            ?? text.endIndex
        var found: Cursor?
        Grapheme.forEach(in: text) { grapheme in
            if text[grapheme.range.lowerBound].isNewline {
                if target == grapheme.range.lowerBound { found = place }
                newLine()
                return true
            }
            let isTab = grapheme.ascii == 0x09
            let width = isTab ? 4 - (place.column - indent) % 4 : grapheme.width
            if place.column + width > columns, place.column > indent { newLine() }
            if grapheme.range.contains(target) {
                // Readline's cursor may stand inside of a cluster: behind what it has passed.
                let passed = text.unicodeScalars[grapheme.range.lowerBound..<target]
                let offset = passed.reduce(0) { $0 + TextWidth.width(of: $1) }
                found = Cursor(row: place.row, column: place.column + min(offset, width))
            }
            put(
                isTab ? Substring(String(repeating: " ", count: width)) : text[grapheme.range],
                width, textStyle)
            return true
        }
        // The cursor behind a full line stands at the start of the next one.
        if found == nil || target == text.endIndex {
            if place.column >= columns { newLine() }
            found = place
        }
        var cursor = found ?? place
        cursor.column = min(cursor.column, columns - 1)

        let rows = max(1, maximumRows)
        if lines.count > rows {
            let first = min(max(0, cursor.row - rows + 1), lines.count - rows)
            lines = Array(lines[first..<first + rows])
            cursor.row -= first
        }
        self.lines = lines
        self.cursor = cursor
    }
}
