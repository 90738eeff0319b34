extension MarkdownText {
    /// Code blocks of a text, in order, also those inside lists and quotes.
    public static func codeBlocks(of text: String) -> [String] {
        code(in: blocks(of: text))
    }

    private static func blocks(of text: String) -> [MarkdownBlock] {
        MarkdownParser.parse(text.split(separator: "\n", omittingEmptySubsequences: false))
            .map(\.block)
    }

    private static func code(in blocks: [MarkdownBlock]) -> [String] {
        blocks.flatMap { block -> [String] in
            switch block {
            case .code(_, let lines, _): [lines.joined(separator: "\n")]
            case .quote(let inner): code(in: inner)
            case .list(let list): list.items.flatMap { code(in: $0.blocks) }
            case .heading, .paragraph, .table, .rule: []
            }
        }
    }

    /// Web addresses of a text, in order.
    public static func links(in text: String) -> [String] {
        var found: [String] = []
        var rest = Substring(text)
        while let start = rest.firstRange(of: "http") {
            let scalars = Array(rest[start.lowerBound...].unicodeScalars.prefix(2000))
            if let end = MarkdownInline.bareAddress(scalars, 0) {
                var address = String.UnicodeScalarView()
                address.append(contentsOf: scalars[..<end])
                found.append(String(address))
            }
            rest = rest[start.upperBound...]
        }
        return found
    }
}
