import CTerminal

/// How text is made fit for display, and how many columns it takes.
///
/// The terminal's cursor moves by the sum of `wcwidth` over the code points that are sent, not
/// by grapheme cluster: joiners, variation selectors and skin tones are left out so that every
/// terminal agrees with that sum. Only what is shown is changed; stored text stays as it is.
public enum TextWidth {
    /// More marks than this on one base are left out: curses keeps a base and four of them.
    static let maximumMarks = 4

    /// Columns of one code point: 0, 1 or 2; 1 for what has no glyph, which shows as U+FFFD.
    public static func width(of scalar: Unicode.Scalar) -> Int {
        if scalar.value >= 0x20 && scalar.value < 0x7f { return 1 }
        if isDropped(scalar) { return 0 }
        let width = cterm_width(scalar.value)
        return width < 0 ? 1 : Int(width)
    }

    /// Columns of a grapheme cluster as it is displayed.
    public static func width(of character: Character) -> Int {
        var total = 0
        cells(of: character) { _, width in total += width }
        return total
    }

    /// Columns of a text on one line, as ``Grid/write(_:row:column:style:maxWidth:)`` draws it.
    public static func width(of text: some StringProtocol) -> Int {
        var total = 0
        Grapheme.forEach(in: text) { grapheme in
            total += grapheme.width
            return true
        }
        return total
    }

    /// Calls `body` for each cell of a grapheme cluster, from the left, with one spacing code
    /// point and at most four marks, and its width (1 or 2). Nothing for a cluster that does
    /// not show.
    public static func cells(of character: Character, _ body: (String, Int) -> Void) {
        var cell = ""
        var cellWidth = 0
        var marks = 0
        var isFirst = true
        for scalar in character.unicodeScalars {
            defer { isFirst = false }
            if isDropped(scalar) || (!isFirst && isSkinTone(scalar)) { continue }
            let width = cterm_width(scalar.value)
            if width == 0 {
                // A mark without a base stands on a dotted circle, as in code charts.
                if cellWidth == 0 {
                    cell = "\u{25CC}"
                    cellWidth = 1
                }
                if marks < maximumMarks {
                    cell.unicodeScalars.append(scalar)
                    marks += 1
                }
                continue
            }
            if cellWidth > 0 { body(cell, cellWidth) }
            cell = width < 0 ? "\u{FFFD}" : String(scalar)
            cellWidth = width < 0 ? 1 : Int(width)
            marks = 0
        }
        if cellWidth > 0 { body(cell, cellWidth) }
    }

    /// The text up to `columns` wide; where something is cut off it ends in `ellipsis`, which
    /// counts.
    public static func truncate(
        _ text: String, columns: Int, ellipsis: String = "…"
    ) -> String {
        guard width(of: text) > columns else { return text }
        let room = columns - width(of: ellipsis)
        guard room >= 0 else { return "" }
        var end = text.startIndex
        var used = 0
        Grapheme.forEach(in: text) { grapheme in
            guard used + grapheme.width <= room else { return false }
            used += grapheme.width
            end = grapheme.range.upperBound
            return true
        }
        return String(text[..<end]) + ellipsis
    }

    /// The text followed by blanks to `columns`, or cut to it.
    public static func pad(_ text: String, columns: Int) -> String {
        let cut = truncate(text, columns: columns)
        return cut + String(repeating: " ", count: max(0, columns - width(of: cut)))
    }

    /// Controls, joiners, variation selectors, bidirectional controls and their like: they move
    /// nothing and must not reach the terminal.
    static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        if value < 0x300 { return value < 0x20 || (value >= 0x7f && value < 0xa0) || value == 0xad }
        if value == 0x2028 || value == 0x2029 { return true }
        return scalar.properties.isDefaultIgnorableCodePoint
    }

    private static func isSkinTone(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x1F3FB && scalar.value <= 0x1F3FF
    }
}

/// A grapheme cluster inside a text, with its width, and a way to walk a text that costs next
/// to nothing for ASCII.
struct Grapheme {
    var range: Range<String.Index>
    var width: Int
    /// The byte where the cluster is a single ASCII character, else 0x80.
    var ascii: UInt8

    /// Calls `body` for each cluster until it returns false.
    static func forEach(in text: some StringProtocol, _ body: (Grapheme) -> Bool) {
        let bytes = text.utf8
        var index = text.startIndex
        let end = text.endIndex
        while index < end {
            let byte = bytes[index]
            var next = bytes.index(after: index)
            // An ASCII byte before another is a cluster of its own, but for CR LF.
            if byte < 0x80, byte != 0x0d, next == end || bytes[next] < 0x80 {
                let width = byte >= 0x20 && byte < 0x7f ? 1 : (byte == 0x09 ? 1 : 0)
                guard body(Grapheme(range: index..<next, width: width, ascii: byte)) else {
                    return
                }
            } else {
                next = text.index(after: index)
                let width = TextWidth.width(of: text[index])
                guard body(Grapheme(range: index..<next, width: width, ascii: 0x80)) else {
                    return
                }
            }
            index = next
        }
    }
}
