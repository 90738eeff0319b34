import Foundation

/// Markdown and its lines on the screen, made for text that grows: appending parses and draws
/// only the last block again.
public struct MarkdownText: Sendable {
    /// A piece of code, for copying.
    public struct CodeBlock: Sendable, Equatable {
        public var language: String
        public var text: String
        /// The rows of ``MarkdownText/lines`` that show it.
        public var lines: Range<Int>
    }

    public private(set) var text = ""
    public private(set) var lines: [Line] = []
    /// Code at the top level, in order.
    public private(set) var codeBlocks: [CodeBlock] = []
    public private(set) var width: Int
    public private(set) var theme: Theme
    /// How plain text looks.
    public let base: Style

    /// Where the text of the blocks begins that may still change, in UTF-8 bytes of ``text``.
    private var tail = 0
    private var settledLines = 0
    private var settledCode = 0
    private var openCode: OpenCode?

    /// Code that is still being written, drawn up to its last complete line.
    private struct OpenCode {
        var fence: MarkdownParser.Fence
        var highlighter: CodeHighlighter
        var lines: [String]
        var drawn: [Line]
        /// Where the incomplete line begins, in UTF-8 bytes of the text.
        var end: Int
    }

    public init(_ text: String = "", width: Int, theme: Theme, base: Style? = nil) {
        self.width = width
        self.theme = theme
        self.base = base ?? theme[.text]
        append(text)
    }

    /// Appends text.
    public mutating func append(_ addition: String) {
        guard !addition.isEmpty else { return }
        text += addition
        update()
    }

    /// Shows another text; cheap where it begins with the present one.
    public mutating func set(_ newText: String) {
        guard newText != text else { return }
        if text.isBeginning(of: newText) {
            text = newText
            update()
        } else {
            self = MarkdownText(newText, width: width, theme: theme, base: base)
        }
    }

    /// Draws for another width or theme.
    public mutating func reflow(width: Int, theme: Theme) {
        guard width != self.width || theme != self.theme else { return }
        let newBase = base == self.theme[.text] ? nil : base
        self = MarkdownText(text, width: width, theme: theme, base: newBase)
    }

    private mutating func update() {
        lines.removeSubrange(settledLines...)
        codeBlocks.removeSubrange(settledCode...)
        if extendOpenCode() { return }
        let start = text.utf8.index(text.startIndex, offsetBy: tail)
        // A carriage return before the line feed is a blank at the line's end to the parser.
        let source = text.utf8[start...].split(
            separator: 0x0a, omittingEmptySubsequences: false
        ).map(Substring.init)
        let renderer = MarkdownRenderer(theme: theme, width: width)
        let blocks = MarkdownParser.parse(source)
        // The last block may still change with what comes, and where its first line is not
        // complete that may yet turn out to belong to the block before.
        var open = blocks.count - 1
        if let last = blocks.last, last.line == source.count - 1 { open -= 1 }
        for (index, entry) in blocks.enumerated() {
            if index == open {
                settledLines = lines.count
                settledCode = codeBlocks.count
                let begin = source[entry.line].startIndex
                tail = text.utf8.distance(from: text.startIndex, to: begin)
            }
            if !lines.isEmpty { lines.append(Line()) }
            let drawn = renderer.lines(entry.block, base: base)
            if case .code(let language, let code, let isClosed) = entry.block {
                add(drawn, code, language)
                if !isClosed, index == open, let fence = MarkdownParser.Fence(source[entry.line]) {
                    begin(fence, renderer, source.dropFirst(entry.line + 1))
                }
            } else {
                lines += drawn
            }
        }
    }

    private mutating func add(_ drawn: [Line], _ code: [String], _ language: String) {
        codeBlocks.append(
            CodeBlock(
                language: language, text: code.joined(separator: "\n"),
                lines: lines.count..<lines.count + drawn.count))
        lines += drawn
    }

    // MARK: Code that grows

    /// Keeps what is drawn of code whose end has not come.
    private mutating func begin(
        _ fence: MarkdownParser.Fence, _ renderer: MarkdownRenderer, _ source: ArraySlice<Substring>
    ) {
        guard let partial = source.last else { return }
        var code = OpenCode(
            fence: fence,
            highlighter: CodeHighlighter(language: fence.language, theme: theme), lines: [],
            drawn: renderer.codeLabel(fence.language),
            end: text.utf8.distance(from: text.startIndex, to: partial.startIndex))
        for line in source.dropLast() {
            let content = fence.content(line)
            code.lines.append(content)
            code.drawn += renderer.codeLines(code.highlighter.line(content))
        }
        openCode = code
    }

    /// Draws only the new lines of code that is being written; false where there is none, or
    /// where it ends.
    private mutating func extendOpenCode() -> Bool {
        guard var code = openCode else { return false }
        // Out of `self` meanwhile, so that its arrays grow in place.
        openCode = nil
        let start = text.utf8.index(text.startIndex, offsetBy: code.end)
        let source = text.utf8[start...].split(
            separator: 0x0a, omittingEmptySubsequences: false
        ).map(Substring.init)
        let renderer = MarkdownRenderer(theme: theme, width: width)
        guard let partial = source.last, !source.contains(where: code.fence.isClosed) else {
            return false
        }
        for line in source.dropLast() {
            let content = code.fence.content(line)
            code.lines.append(content)
            code.drawn += renderer.codeLines(code.highlighter.line(content))
        }
        code.end = text.utf8.distance(from: text.startIndex, to: partial.startIndex)
        let last = code.fence.content(partial)
        var highlighter = code.highlighter
        if !lines.isEmpty { lines.append(Line()) }
        add(
            code.drawn + renderer.codeLines(highlighter.line(last)), code.lines + [last],
            code.fence.language)
        openCode = code
        return true
    }
}

extension String {
    /// Whether another text begins with the bytes of this one.
    func isBeginning(of other: String) -> Bool {
        let count = utf8.count
        guard other.utf8.count >= count else { return false }
        let same = utf8.withContiguousStorageIfAvailable { bytes in
            other.utf8.withContiguousStorageIfAvailable { otherBytes in
                guard let start = bytes.baseAddress, let otherStart = otherBytes.baseAddress else {
                    return true
                }
                return memcmp(start, otherStart, count) == 0
            }
        }
        return (same ?? nil) ?? other.utf8.starts(with: utf8)
    }
}
