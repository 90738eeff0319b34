import Testing

@testable import TUI
@testable import TerminalKit

@Suite struct MarkdownTests {
    private static let document = """
        # A *first* heading

        Plain text with **strong**, *emphasis*, ***both***, `code * here`, ~~struck~~ and
        snake_case_names; 2 * 3 * 4 stays. A [link](https://example.org/a) and
        https://example.org/b(c). Escaped \\*stars\\*, &lt;tag&gt; &#8212; done.

        Setext heading
        --------------

        - one
        - two that is long enough to need a second line of its own
          - nested **bold**
            1. deep
        - [x] done
        - [ ] open

        9. nine
        10. ten

           with a paragraph

        > quoted text that goes on for long enough to be wrapped
        > - and a list
        > > nested

        | Name | Amount | 漢字 |
        |:-----|-------:|:----:|
        | `a|b` | 1.50 | 漢 |
        | a much longer cell that must be wrapped | 2 | **x** |

        ---

        ```swift
        func greet(_ name: String) -> String { // say it
            "Hello, \\(name)!"
        }
        ```

        After the code 漢字漢字漢字 é🙂.

        ```python
        def unfinished(x):
            return "still
        """

    @Test(arguments: [72, 40, 20, 8]) func rendersEachBlock(_ width: Int) {
        let markdown = MarkdownText(Self.document, width: width, theme: .dark)
        let text = markdown.lines.map(\.string).joined(separator: "\n") + "\n"
        expectGolden(text, "markdown-\(width).txt")
        for line in markdown.lines where width >= 20 { #expect(line.width <= width) }
    }

    @Test func appendingEqualsRenderingAtOnce() {
        let whole = MarkdownText(Self.document, width: 40, theme: .dark)
        for size in [2, 7, 50] {
            var grown = MarkdownText(width: 40, theme: .dark)
            var rest = Substring(Self.document)
            while !rest.isEmpty {
                grown.append(String(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(grown.lines == whole.lines, "pieces of \(size)")
            #expect(grown.codeBlocks == whole.codeBlocks)
        }
        var set = MarkdownText(width: 40, theme: .dark)
        set.set("# A *first*")
        set.set(Self.document)
        #expect(set.lines == whole.lines)
        set.set("shorter")
        #expect(set.lines.map(\.string) == ["shorter"])
        set.reflow(width: 4, theme: .light)
        #expect(set.lines.map(\.string) == ["shor", "ter"])
    }

    @Test func theCacheDrawsAsIfItHeldNothing() {
        let cache = MarkdownCache(limit: 3)
        let texts = ["first *one*", "second", Self.document, "fi", "fourth\n\n- a"]
        for round in 0..<3 {
            for text in texts {
                let grown = text + String(repeating: " more", count: round)
                for width in [20, 31] {
                    #expect(
                        cache.lines(grown, width: width, theme: .dark)
                            == MarkdownText(grown, width: width, theme: .dark).lines)
                }
            }
        }
        #expect(
            cache.lines("second", width: 20, theme: .light)
                == MarkdownText("second", width: 20, theme: .light).lines)
    }

    @Test func codeIsKeptForCopying() {
        let markdown = MarkdownText(Self.document, width: 40, theme: .dark)
        #expect(markdown.codeBlocks.map(\.language) == ["swift", "python"])
        #expect(markdown.codeBlocks[0].text.hasSuffix("\"Hello, \\(name)!\"\n}"))
        #expect(markdown.codeBlocks[0].text.contains("    \"Hello"))
    }

    @Test(arguments: [
        ("**a*", "*a"), ("*a", "*a"), ("a_b_c", "a_b_c"), ("**bold**text", "boldtext"),
        ("`` a`b ``", "a`b"), ("[x](", "[x]("), ("[a](b c)", "a (b)"), ("![alt](u)", "alt (u)"),
        ("<https://a.bc>", "https://a.bc"), ("a<br>b", "a\nb"), ("1 < 2", "1 < 2"),
        ("\\\\", "\\"), ("***", "***"), ("a **b *c* d** e", "a b c d e"), ("~a~", "~a~"),
        ("line  \nforced", "line\nforced"), ("soft\nbreak", "soft break"), ("&bogus;", "&bogus;"),
        ("*a **b*", "*a *b"), ("“**q**”", "“q”"),
    ])
    func inlineText(_ source: String, _ expected: String) {
        #expect(MarkdownInline.styled(source, theme: .dark).string == expected)
    }

    @Test func looksFollowTheTheme() {
        let styled = MarkdownInline.styled("**a *b* `c`**", theme: .dark)
        #expect(
            styled.runs == [
                StyledRun("a ", style: Theme.dark[.strong]),
                StyledRun("b", style: Theme.dark[.strong].merging(Theme.dark[.emphasis])),
                StyledRun(" ", style: Theme.dark[.strong]),
                StyledRun("c", style: Theme.dark[.strong].merging(Theme.dark[.code])),
            ])
    }

    @Test(arguments: [
        ("swift", "let x: Int = 0x1F // c", ["k:let", "t:Int", "n:0x1F", "c:// c"]),
        ("python", "def f(a): return 'x' # c", ["k:def", "f:f", "k:return", "s:'x'", "c:# c"]),
        ("ts", "const a = `t`; new Map()", ["k:const", "s:`t`", "k:new", "f:Map"]),
        ("cpp", "#include <a> /* x */ int y;", ["p:#include", "c:/* x */", "t:int"]),
        ("rust", "fn main() { println!(\"x\") }", ["k:fn", "f:main", "f:println", "s:\"x\""]),
        ("go", "func f() error { return nil }", ["k:func", "f:f", "t:error", "k:return", "k:nil"]),
        ("java", "@Override public int x = 1;", ["p:@Override", "k:public", "t:int", "n:1"]),
        ("json", "{\"a\": \"b\", \"c\": true}", ["p:\"a\"", "s:\"b\"", "p:\"c\"", "k:true"]),
        ("yaml", "a-key: true # c", ["p:a-key", "k:true", "c:# c"]),
        ("bash", "for x in $HOME \"y\"; do", ["k:for", "k:in", "p:$HOME", "s:\"y\"", "k:do"]),
        ("html", "<a href=\"x\">t</a>", ["k:a", "p:href", "s:\"x\"", "k:a"]),
        ("css", ".a { color: 'x' } /* c */", ["p:.a", "p:color", "s:'x'", "c:/* c */"]),
        ("sql", "SELECT a FROM t -- c", ["k:SELECT", "k:FROM", "c:-- c"]),
    ])
    func codeIsColoured(_ language: String, _ source: String, _ expected: [String]) {
        var highlighter = CodeHighlighter(language: language, theme: Self.telltale)
        let styled = highlighter.line(source)
        #expect(styled.string == source)
        let marks: [Style: String] = Dictionary(
            uniqueKeysWithValues: Self.roles.map { (Self.telltale[$0.key], $0.value) })
        let found = styled.runs.compactMap { run in marks[run.style].map { "\($0):\(run.text)" } }
        #expect(found == expected)
    }

    private static let roles: [Theme.Role: String] = [
        .keyword: "k", .type: "t", .number: "n", .comment: "c", .function: "f", .string: "s",
        .property: "p",
    ]

    /// A theme with another colour for each role.
    private static let telltale: Theme = {
        var theme = Theme(name: "t", styles: [:], probabilityRamp: [], attentionRamp: [])
        for (index, role) in Theme.Role.allCases.enumerated() {
            theme[role] = Style(foreground: .indexed(UInt8(index + 1)))
        }
        return theme
    }()

    @Test func commentsAndStringsGoOnOverLines() {
        var highlighter = CodeHighlighter(language: "python", theme: Self.telltale)
        _ = highlighter.line("x = \"\"\"first")
        #expect(highlighter.line("middle").runs.map(\.style) == [Self.telltale[.string]])
        #expect(highlighter.line("end\"\"\" + 1").runs[0].text == "end\"\"\"")
    }

    @Test(arguments: 0..<30) func anythingRendersWithinItsWidth(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        let pieces = [
            "# ", "- ", "1. ", "> ", "```", "\n", "\n\n", "  ", "    ", "|", "-|-", "**", "*", "_",
            "`", "[", "](", ")", "word ", "漢字", "🙂", "---", "\t", "~~", "\\", "<", "&amp;", "===",
            "- [ ] ", "http://a.b/", "e\u{301}",
        ]
        let text = (0..<80).map { _ in pieces.randomElement(using: &random)! }.joined()
        let width = Int.random(in: 1...40, using: &random)
        let whole = MarkdownText(text, width: width, theme: .dark)
        var grown = MarkdownText(width: width, theme: .dark)
        for character in text.unicodeScalars { grown.append(String(character)) }
        #expect(grown.lines == whole.lines, "\(text.debugDescription)")
        if width >= 30 { for line in whole.lines { #expect(line.width <= width) } }
    }
}
