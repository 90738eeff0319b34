/// Breaks styled text into lines of a screen.
public struct Wrap: Sendable, Equatable {
    public enum Mode: Sendable {
        /// At blanks, after hyphens, between CJK characters; words that are too long anywhere.
        /// Blanks at a break are left out.
        case words
        /// Anywhere, with all blanks: for code.
        case characters
    }

    public var width: Int
    public var mode: Mode
    /// Columns left blank at the start of a paragraph's second and later lines.
    public var hangingIndent: Int
    /// Columns from one tab stop to the next.
    public var tabWidth: Int

    public init(width: Int, mode: Mode = .words, hangingIndent: Int = 0, tabWidth: Int = 4) {
        self.width = max(1, width)
        self.mode = mode
        // A third of the width at least stays for text.
        self.hangingIndent = min(max(0, hangingIndent), self.width * 2 / 3)
        self.tabWidth = max(1, tabWidth)
    }

    /// The lines of a text; one, empty, for an empty text.
    public func lines(_ text: StyledText) -> [Line] {
        var result: [Line] = []
        var paragraph: [StyledRun] = []
        for run in text.runs {
            var rest = Substring(run.text)
            while let end = rest.firstIndex(where: \.isNewline) {
                if end > rest.startIndex {
                    paragraph.append(StyledRun(String(rest[..<end]), style: run.style))
                }
                result += wrap(paragraph)
                paragraph.removeAll(keepingCapacity: true)
                rest = rest[rest.index(after: end)...]
            }
            if !rest.isEmpty { paragraph.append(StyledRun(String(rest), style: run.style)) }
        }
        return result + wrap(paragraph)
    }

    /// The lines of a text of one look.
    public func lines(_ text: String, style: Style = .plain) -> [Line] {
        lines(StyledText(text, style: style))
    }

    /// A cluster of a paragraph.
    private struct Atom {
        enum Kind { case blank, tab, text, hyphen, wide, opening, closing, breakHere }
        var run: Int
        var range: Range<String.Index>
        var width: Int
        var kind: Kind
    }

    /// The lines of one paragraph, which has no line ends.
    func wrap(_ runs: [StyledRun]) -> [Line] {
        let atoms = Self.atoms(of: runs)
        var lines: [Line] = []
        var start = 0
        var lastBreak = 0
        var hasText = false
        var used = 0

        func emit(_ end: Int) {
            lines.append(line(atoms[start..<end], of: runs, isFirst: lines.isEmpty))
            start = end
            used = hangingIndent
            hasText = false
        }

        func place(_ atom: Atom) {
            used += width(of: atom, at: used)
            if atom.kind != .blank, atom.kind != .tab { hasText = true }
        }

        var index = 0
        while index < atoms.count {
            let atom = atoms[index]
            let hangs = mode == .words && (atom.kind == .blank || atom.kind == .tab)
            // A paragraph's own indentation is not left alone on a line.
            if hasText, mode == .words, Self.canBreak(atoms, before: index) {
                lastBreak = index
            }
            if used + width(of: atom, at: used) <= width || hangs || index == start {
                place(atom)
                index += 1
                continue
            }
            emit(lastBreak > start ? lastBreak : index)
            for atom in atoms[start..<index] { place(atom) }
        }
        if start < atoms.count || lines.isEmpty { emit(atoms.count) }
        return lines
    }

    private func width(of atom: Atom, at column: Int) -> Int {
        atom.kind == .tab ? tabWidth - column % tabWidth : atom.width
    }

    private static func atoms(of runs: [StyledRun]) -> [Atom] {
        var atoms: [Atom] = []
        atoms.reserveCapacity(runs.reduce(0) { $0 + $1.text.utf8.count })
        for (number, run) in runs.enumerated() {
            Grapheme.forEach(in: run.text) { grapheme in
                let kind: Atom.Kind
                switch grapheme.ascii {
                case 0x20: kind = .blank
                case 0x09: kind = .tab
                case 0x2d: kind = .hyphen
                case 0x80: kind = Self.kind(of: run.text[grapheme.range.lowerBound], grapheme.width)
                default: kind = .text
                }
                atoms.append(
                    Atom(run: number, range: grapheme.range, width: grapheme.width, kind: kind))
                return true
            }
        }
        return atoms
    }

    private static func kind(of character: Character, _ width: Int) -> Atom.Kind {
        guard let first = character.unicodeScalars.first else { return .text }
        switch first.value {
        case 0x200b: return .breakHere
        case 0x2010, 0x2013, 0x2014: return .hyphen
        case 0xa0, 0x202f, 0x2060: return .text
        // CJK punctuation that may not start a line, and that may not end one.
        case 0x3001, 0x3002, 0x3009, 0x300b, 0x300d, 0x300f, 0x3011, 0x3015, 0x3017, 0x30fb,
            0x30fc, 0xff01, 0xff09, 0xff0c, 0xff0e, 0xff1a, 0xff1b, 0xff1f, 0x2026:
            return width == 2 ? .closing : .text
        case 0x3008, 0x300a, 0x300c, 0x300e, 0x3010, 0x3014, 0x3016, 0xff08: return .opening
        default:
            if first.properties.isWhitespace { return .blank }
            return width >= 2 ? .wide : .text
        }
    }

    private static func canBreak(_ atoms: [Atom], before index: Int) -> Bool {
        let (left, right) = (atoms[index - 1].kind, atoms[index].kind)
        switch (left, right) {
        case (_, .blank), (_, .tab): return false
        case (.blank, _), (.tab, _), (.breakHere, _): return true
        case (_, .closing), (.opening, _): return false
        case (.wide, _), (.closing, _), (_, .wide), (_, .opening): return true
        case (.hyphen, .text): return index >= 2 && atoms[index - 2].kind == .text
        default: return false
        }
    }

    private func line(_ atoms: ArraySlice<Atom>, of runs: [StyledRun], isFirst: Bool) -> Line {
        var atoms = atoms
        if mode == .words {
            while let last = atoms.last, last.kind == .blank || last.kind == .tab {
                atoms.removeLast()
            }
        }
        var line = Line()
        if !isFirst, hangingIndent > 0, !atoms.isEmpty {
            line.append(
                String(repeating: " ", count: hangingIndent), style: .plain, width: hangingIndent)
        }
        var index = atoms.startIndex
        while index < atoms.endIndex {
            let first = atoms[index]
            let run = runs[first.run]
            if first.kind == .tab {
                let width = width(of: first, at: line.width)
                line.append(
                    String(repeating: " ", count: width), style: run.style, width: width)
                index += 1
                continue
            }
            var end = index
            var width = 0
            while end < atoms.endIndex, atoms[end].run == first.run, atoms[end].kind != .tab {
                width += atoms[end].width
                end += 1
            }
            line.append(
                run.text[first.range.lowerBound..<atoms[end - 1].range.upperBound],
                style: run.style, width: width)
            index = end
        }
        return line
    }
}

/// Text and its lines, kept so that appending costs only the last paragraph.
public struct WrappedText: Sendable {
    public private(set) var text: StyledText
    public private(set) var lines: [Line]
    public private(set) var wrap: Wrap
    /// The lines of all paragraphs but the last.
    private var settled = 0
    private var lastParagraph: [StyledRun] = []

    public init(_ text: StyledText = StyledText(), wrap: Wrap) {
        self.text = StyledText()
        self.wrap = wrap
        lines = [Line()]
        append(text)
    }

    /// Appends text and wraps the last paragraph again, with what is new.
    public mutating func append(_ addition: StyledText) {
        guard !addition.isEmpty else { return }
        text.append(addition)
        lines.removeSubrange(settled...)
        for run in addition.runs {
            var rest = Substring(run.text)
            while let end = rest.firstIndex(where: \.isNewline) {
                extend(rest[..<end], style: run.style)
                lines += wrap.wrap(lastParagraph)
                settled = lines.count
                lastParagraph = []
                rest = rest[rest.index(after: end)...]
            }
            extend(rest, style: run.style)
        }
        lines += wrap.wrap(lastParagraph)
    }

    /// Wraps everything again where the way to wrap has changed.
    public mutating func rewrap(_ wrap: Wrap) {
        guard wrap != self.wrap else { return }
        self = WrappedText(text, wrap: wrap)
    }

    private mutating func extend(_ piece: Substring, style: Style) {
        guard !piece.isEmpty else { return }
        if let last = lastParagraph.indices.last, lastParagraph[last].style == style {
            lastParagraph[last].text.append(contentsOf: piece)
        } else {
            lastParagraph.append(StyledRun(String(piece), style: style))
        }
    }
}
