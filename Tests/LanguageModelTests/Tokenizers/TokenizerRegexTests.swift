import Testing

@testable import LanguageModel

@Suite struct TokenizerRegexTests {
    private func words(_ text: String, _ steps: [SplitStep]) -> [String] {
        var result: [String] = []
        let splitter = WordSplitter(steps: steps)
        var text = text
        text.withUTF8 { text in
            splitter.forEachWord(text, isTextStart: true) { word, count in
                result.append(
                    String(decoding: UnsafeBufferPointer(start: word, count: count), as: UTF8.self))
            }
        }
        return result
    }

    private func matches(_ pattern: String, _ text: String) throws -> [String] {
        words(
            text,
            [.pattern(.regex(try ScalarRegex(pattern)), behavior: .removed, isInverted: true)])
    }

    @Test func constructs() throws {
        #expect(try matches("a|ab", "abab") == ["a", "a"])
        #expect(try matches("(?:ab)+?c", "ababc") == ["ababc"])
        #expect(try matches("[^\\W\\d]+", "ab12_é") == ["ab", "_é"])
        #expect(try matches("\\d{2,3}", "1234567") == ["123", "456"])
        #expect(try matches("(?<=a)b", "abcb") == ["b"])
        #expect(try matches("\\bfoo\\b", "foo food foo") == ["foo", "foo"])
        #expect(try matches("(?i:straße|k)", "STRASSE \u{212A} Straße") == ["\u{212A}", "Straße"])
        #expect(try matches("a++b|a", "aaac") == ["a", "a", "a"])
        #expect(try matches("[a-c&&[^b]]+", "abcab") == ["a", "ca"])
        #expect(try matches("(?>a|ab)c", "abc").isEmpty)
        #expect(try matches("x*$", "axx\nb") == ["xx"])
        #expect(try matches("[\\p{Lu}&&\\p{L}]", "aBC") == ["B", "C"])
        #expect(try matches("\\x{1F642}|\\u00e9", "a🙂é") == ["🙂", "é"])
    }

    @Test(
        arguments: [
            "(", "[a", "a{2,1}", "*a", "\\p{Klingon}", "(?<=ab)c", "\\1", "(?z)a", "[z-a]",
            "a{2000}",
            "\\", "(((){1000}){1000}){1000}",
        ])
    func wrongOrUnsupportedExpressionsAreErrors(pattern: String) {
        #expect(throws: RegexSyntaxError.self) { try ScalarRegex(pattern) }
    }

    /// These take exponential time in an engine that only backtracks.
    @Test(arguments: ["(a|a)*b", "(a*)*b", "(?:a?){30}a{30}", "(a|aa)+$x", "((a+)+)+c"])
    func hostileExpressionsEnd(pattern: String) throws {
        let regex = try ScalarRegex(pattern)
        var search = ScalarRegex.Search()
        var text = String(repeating: "a", count: 40)
        text.withUTF8 { _ = regex.firstMatch(in: $0, from: 0, &search, .shared) }
    }

    @Test(
        arguments: [
            "gpt-2", "smollm", "llama-bpe", "dbrx", "glm4", "qwen2", "qwen35", "minicpm5", "gpt-4o",
            "granite-embed-multi-97m", "tekken", "tiny_aya", "bailingmoe", "gemma4", "deepseek-llm",
            "deepseek-coder", "deepseek-v3", "spark2_5", "youtu", "falcon", "bloom", "viking",
            "chameleon", "superbpe", "seed-coder", "ufakzeka", "afmoe", "laguna", "exaone-moe",
            "jais-2", "kimi-k2", "default",
        ])
    func everyNamedPreTokenizerKeepsTheText(name: String) throws {
        let named = try #require(PreTokenizers.named(name))
        let steps = try named.expressions.map { try PreTokenizers.step(regex: $0) }
        let text =
            "Hello  wörld's 1234567 I'LL\r\n\n  x\t漢字かな한국어 …!? ЁЖ़ A'sdf🙂 \u{2028}end 12x  "
        #expect(words(text, steps).joined() == text)
    }

    /// The scanners give what their expressions give.
    @Test(arguments: [
        PreTokenizers.gpt2, PreTokenizers.llama3, PreTokenizers.qwen2,
        PreTokenizers.o200k, PreTokenizers.tekken,
    ])
    func scannersEqualTheirExpressions(pattern: String) throws {
        let scanner = try PreTokenizers.step(regex: pattern)
        guard case .scan = scanner else {
            Issue.record("no scanner for \(pattern)")
            return
        }
        let engine = SplitStep.pattern(.regex(try ScalarRegex(pattern)))
        let alphabet = Array("aBcÉé1½ '\r\n\t/!\u{301}ſʰ漢ǅ🙂sTlLrRe\u{3000}".unicodeScalars)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 1...14, using: &random) {
                text.append(alphabet.randomElement(using: &random) ?? "a")
            }
            let string = String(text)
            #expect(
                words(string, [scanner]) == words(string, [engine]), "\(string.debugDescription)")
        }
    }

    @Test func digitGroupsCountFromTheRight() throws {
        let step = try PreTokenizers.step(regex: PreTokenizers.digitGroups)
        let engine = SplitStep.pattern(.regex(try ScalarRegex(PreTokenizers.digitGroups)))
        for text in ["1", "1234", "1234567 x 12", "12ab345", "a123456", "１２３４"] {
            #expect(words(text, [step]) == words(text, [engine]), "\(text)")
        }
        #expect(words("1234567", [step]) == ["1", "234", "567"])
    }
}
