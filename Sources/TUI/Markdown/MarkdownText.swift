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
        if newText.utf8.count > text.utf8.count, newText.utf8.starts(with: text.utf8) {
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
        let start = text.utf8.index(text.startIndex, offsetBy: tail)
        let source = text[start...].split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
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
            if case .code(let language, let code, _) = entry.block {
                codeBlocks.append(
                    CodeBlock(
                        language: language, text: code.joined(separator: "\n"),
                        lines: lines.count..<lines.count + drawn.count))
            }
            lines += drawn
        }
    }
}
