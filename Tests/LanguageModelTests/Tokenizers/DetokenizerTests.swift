@testable import ChatTemplates
import Testing

@testable import LanguageModel

/// A vocabulary of single bytes: the id is the byte; 256 is control.
private struct ByteTokenizer: Tokenizer {
    var vocabularySize: Int { 257 }
    var specialTokens: SpecialTokens { SpecialTokens() }
    var dropsLeadingSpace = false
    /// Ids that are `<0x0A>` tokens.
    var byteTokens: Set<TokenID> = []

    func encode(_ prompt: PromptText) -> [TokenID] { prompt.text.utf8.map { TokenID($0) } }
    func bytes(of id: TokenID) -> [UInt8] { id < 256 ? [UInt8(id)] : [] }
    func displayText(of id: TokenID) -> String { "\(id)" }
    func isControl(_ id: TokenID) -> Bool { id == 256 }
    func isByte(_ id: TokenID) -> Bool { byteTokens.contains(id) }
}

@Suite struct DetokenizerTests {
    private func pieces(_ bytes: [UInt8], dropsSpace: Bool = false) -> [String] {
        var detokenizer = Detokenizer(ByteTokenizer(dropsLeadingSpace: dropsSpace))
        return bytes.map { detokenizer.push(TokenID($0)) } + [detokenizer.finish()]
    }

    @Test func charactersComeWhole() {
        #expect(pieces(Array("é🙂".utf8)) == ["", "é", "", "", "", "🙂", ""])
    }

    @Test func certainlyInvalidBytesAreReplacedAtOnce() {
        #expect(pieces([0xFF, 0x61]) == ["\u{FFFD}", "a", ""])
        #expect(pieces([0x80]) == ["\u{FFFD}", ""])
        #expect(pieces([0xE2, 0x61]) == ["", "\u{FFFD}a", ""])
        #expect(pieces([0xE0, 0x80]) == ["", "\u{FFFD}\u{FFFD}", ""])
        #expect(pieces([0xED, 0xA0]) == ["", "\u{FFFD}\u{FFFD}", ""])
        #expect(pieces([0xF4, 0x90]) == ["", "\u{FFFD}\u{FFFD}", ""])
    }

    @Test func unfinishedCharactersAreReplacedAtTheEnd() {
        #expect(pieces([0x61, 0xF0, 0x9F, 0x99]) == ["a", "", "", "", "\u{FFFD}"])
    }

    @Test func piecesJoinedAreTheDecodedBytes() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let alphabet: [UInt8] = [
                0x20, 0x61, 0x80, 0xA9, 0xBF, 0xC3, 0xE2, 0xED, 0xF0, 0xF4, 0xFF,
            ]
            let bytes = (0..<12).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            #expect(pieces(bytes).joined() == String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test func byteTokensAreTextAllOrNone() {
        let tokenizer = ByteTokenizer(byteTokens: Set(0x80...0xFF).union([0x0A]))
        func text(_ bytes: [UInt8]) -> String {
            Detokenizer.text(of: bytes.map { TokenID($0) }, tokenizer)
        }
        #expect(text(Array("a🙂é".utf8)) == "a🙂é")
        #expect(text(Array("é".utf8) + [0xFF, 0x61]) == "\u{FFFD}\u{FFFD}\u{FFFD}a")
        #expect(text([0x0A, 0xE2, 0x82]) == "\u{FFFD}\u{FFFD}\u{FFFD}")
        // A control token is not there, and ends no run.
        #expect(Detokenizer.text(of: [0xC3, 256, 0xA9], tokenizer) == "é")
        // As they come, they wait for the end of the run; a newline does not.
        var detokenizer = Detokenizer(tokenizer)
        let pieces = [0x0A, 0xC3, 0xA9, 0xC3, 0x61, 0xC3, 0xA9].map { detokenizer.push($0) }
        #expect(pieces == ["\n", "", "", "", "\u{FFFD}\u{FFFD}\u{FFFD}a", "", ""])
        #expect(detokenizer.finish() == "é")
    }

    @Test func controlTokensAreShownOnRequest() {
        let ids: [TokenID] = [256, 0x20, 0x61]
        let tokenizer = ByteTokenizer(dropsLeadingSpace: true)
        #expect(Detokenizer.text(of: ids, tokenizer) == "a")
        #expect(Detokenizer.text(of: ids, tokenizer, showsControl: true) == "256 a")
    }

    @Test func theLeadingSpaceIsDroppedOnce() {
        #expect(pieces(Array("  a".utf8), dropsSpace: true).joined() == " a")
        #expect(pieces(Array("a b".utf8), dropsSpace: true).joined() == "a b")
        var detokenizer = Detokenizer(ByteTokenizer(dropsLeadingSpace: true))
        #expect(detokenizer.push(256) == "")
        #expect(detokenizer.push(0x20) == "")
        #expect(detokenizer.push(0x20) == " ")
        var continued = Detokenizer(
            ByteTokenizer(dropsLeadingSpace: true), continuesText: true)
        #expect(continued.push(0x20) == " ")
    }
}

@Suite struct StopMatcherTests {
    private func run(_ stops: [String], _ pieces: [String]) -> (text: String, stopped: Bool) {
        var matcher = StopMatcher(stops)
        var text = ""
        for piece in pieces {
            let (emit, stopped) = matcher.push(piece)
            text += emit
            if stopped { return (text, true) }
        }
        return (text + matcher.finish(), false)
    }

    @Test func stopStringsAreFoundAcrossPieces() {
        #expect(run(["User:"], ["Hi\nUs", "er", ": x"]) == ("Hi\n", true))
        #expect(run(["User:"], ["Hi\nUs", "er", " x"]) == ("Hi\nUser x", false))
        #expect(run(["ab", "bcd"], ["a", "xbc", "d"]) == ("ax", true))
        #expect(run(["aab"], ["a", "a", "a", "b", "c"]) == ("a", true))
        #expect(run(["é🙂"], ["é", "🙂x"]) == ("", true))
        #expect(run(["", ""], ["abc"]) == ("abc", false))
    }

    @Test func nothingIsHeldBackThatCannotBeginAStop() {
        var matcher = StopMatcher(["\n\n", "END"])
        #expect(matcher.push("abc").emit == "abc")
        #expect(matcher.push("d\n").emit == "d")
        #expect(matcher.push("E").emit == "\n")
        #expect(matcher.push("NX").emit == "ENX")
        #expect(matcher.finish() == "")
    }

    /// However the text is cut, the result is that of searching the whole.
    @Test func theCutDoesNotMatter() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            let text = String((0..<20).map { _ in "abé".randomElement(using: &random) ?? "a" })
            let stops = (0..<2).map { _ in
                String((0..<Int.random(in: 1...4)).map { _ in "abé".randomElement() ?? "a" })
            }
            var pieces: [String] = []
            for character in text {
                if pieces.isEmpty || Bool.random() {
                    pieces.append(String(character))
                } else {
                    pieces[pieces.count - 1].append(character)
                }
            }
            let characters = Array(text)
            var first: (end: Int, start: Int)?
            for stop in stops.map(Array.init) where stop.count <= characters.count {
                for start in 0...(characters.count - stop.count)
                where Array(characters[start..<start + stop.count]) == stop {
                    let found = (end: start + stop.count, start: start)
                    if first.map({ found < $0 }) ?? true { first = found }
                }
            }
            let expected = first.map { String(characters[..<$0.start]) } ?? text
            let result = run(stops, pieces)
            #expect(result.text == expected, "\(pieces) \(stops)")
            #expect(result.stopped == (first != nil))
        }
    }
}
