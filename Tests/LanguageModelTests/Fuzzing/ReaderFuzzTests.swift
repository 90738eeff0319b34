import JSON
@testable import ChatTemplates
import Foundation
import Testing

@testable import LanguageModel

/// Mutated inputs to the readers of text that strangers write: no crash and no hang.
///
/// A short run by default; ``FuzzLoop`` tells how to make it long.
@Suite struct ReaderFuzzTests {
    static func golden(_ name: String) throws -> JSONValue {
        let url = try #require(
            Bundle.module.url(forResource: "Goldens/\(name)", withExtension: "json"))
        return try JSONValue(parsing: Data(contentsOf: url))
    }

    /// Byte-level and piece-level mutations of a corpus.
    struct Mutator {
        var random: RandomSource
        let corpus: [[UInt8]]
        let pieces: [[UInt8]]

        mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(bound, 1))) }

        mutating func next() -> [UInt8] {
            var bytes = corpus[below(corpus.count)]
            for _ in 0...below(6) {
                let place = below(bytes.count + 1)
                switch below(7) {
                case 0: bytes.insert(contentsOf: pieces[below(pieces.count)], at: place)
                case 1 where !bytes.isEmpty: bytes[min(place, bytes.count - 1)] = UInt8(below(256))
                case 2:
                    let end = min(bytes.count, place + below(20))
                    bytes.removeSubrange(place..<end)
                case 3:
                    let other = corpus[below(corpus.count)]
                    let start = below(other.count)
                    bytes.insert(
                        contentsOf: other[start..<min(other.count, start + below(60))], at: place)
                case 4:
                    let end = min(bytes.count, place + below(40))
                    let part = Array(bytes[place..<end])
                    for _ in 0..<below(50) { bytes.insert(contentsOf: part, at: place) }
                case 5: bytes.removeSubrange(place...)
                default:
                    let piece = pieces[below(pieces.count)]
                    for _ in 0..<below(200) { bytes.insert(contentsOf: piece, at: place) }
                }
                if bytes.count > 20_000 { bytes.removeSubrange(20_000...) }
            }
            return bytes
        }
    }

    static func loop(
        _ name: String, _ corpus: [String], _ pieces: [String], count: Int,
        _ body: ([UInt8]) -> Void
    ) throws {
        var mutator = Mutator(
            random: RandomSource(seed: FuzzLoop.seed), corpus: corpus.map { Array($0.utf8) },
            pieces: pieces.map { Array($0.utf8) })
        try FuzzLoop.run(name, rounds: count, next: { mutator.next() }, body: body)
    }

    @Test func jinja() throws {
        let golden = try Self.golden("chat_templates")
        let templates = golden["templates"]?.object.map { Array($0.values) } ?? []
        let expressions = (golden["cases"]?.array ?? []).compactMap { $0["template"]?.string }
        let contexts = golden["contexts"]?.object.map { Array($0.values) } ?? []
        #expect(!templates.isEmpty && !contexts.isEmpty)
        var turn = 0
        try Self.loop(
            "jinja", templates.compactMap(\.string) + expressions.filter { $0.contains("{") },
            [
                "{{", "}}", "{%", "%}", "{#", "#}", "-", "(", "[", "{", "'", "|", " if ",
                " for x in ",
                "**", "9999999999", "range(99999)", "*", "~", ".a", "not ", "loop", "1e308",
                "'%s' %",
                "| map('map')", "namespace()", "recursive", "\\", "é", "| tojson", "[::-1]",
                "{% endfor %}",
            ],
            count: 1500
        ) { input in
            turn += 1
            guard let template = try? ChatTemplate(source: String(decoding: input, as: UTF8.self))
            else { return }
            _ = try? template.render(context: contexts[turn % contexts.count])
        }
    }

    @Test func gbnf() throws {
        let corpus =
            TokenConstraintTests.gbnfCases.map(\.0) + [
                "root ::= \"{\" ws (pair (\",\" ws pair)*)? \"}\"\npair ::= [a-z]+ \":\" ws root\nws ::= [ \\t\\n]*\n"
            ]
        try Self.loop(
            "gbnf", corpus,
            [
                "(", ")", "[", "]", "{1000}", "{0,50}", "*", "+", "?", "|", "root", "::=", "\n",
                "\"", "\\x", "^", "#", ".",
            ],
            count: 600
        ) { Self.walk(gbnf: String(decoding: $0, as: UTF8.self)) }
    }

    /// Compiles a grammar and goes a few tokens into it.
    @discardableResult
    static func walk(gbnf: String) -> Bool {
        guard let grammar = try? Grammar(gbnf: gbnf),
            let constraint = try? TokenConstraint(grammar, trie: ToyVocabulary.trie)
        else { return false }
        var state = constraint.start()
        for _ in 0..<8 {
            guard let id = state.mask().first else { break }
            state.accept(id)
        }
        return true
    }

    /// Repetitions in repetitions took seconds, or as much memory as there is, while they were
    /// written out.
    @Test(arguments: [
        ##"root ::= ("a"{0,200}){0,200}"##, ##"root ::= (("a"{0,200}){0,200}){0,200}"##,
        ##"root ::= ("a"{100,200}){100,200} "b""##, ##"root ::= ((((("a"+)+)+)+)+)+"##,
        ##"root ::= (([a-z]{0,1000} [0-9]{0,1000}){0,1000}){1000} "x""##,
        "root ::= " + String(repeating: "(", count: 60) + "\"a\""
            + String(repeating: "{0,50})", count: 60),
    ])
    func nestedRepetitions(_ gbnf: String) {
        #expect(Self.walk(gbnf: gbnf))
    }

    @Test func jsonAndSchemas() throws {
        try Self.loop(
            "json", TokenConstraintTests.schemaCases.map(\.0) + TokenConstraintTests.schemas,
            [
                "{", "}", "[", "]", "\"", ":", ",", "\\u", "\\ud800", "1e999", "-", "true",
                "\"$ref\": \"#\"",
                "\"allOf\": [", "\"anyOf\": [", "\"items\": {", "\"maxItems\": 100000",
                "\"pattern\": \"(a*)*\"", "null",
            ],
            count: 1000
        ) { input in
            guard let value = try? JSONValue(parsing: Data(input)) else { return }
            _ = value.text
            guard let grammar = try? Grammar(jsonSchema: value),
                let constraint = try? TokenConstraint(grammar, trie: ToyVocabulary.trie)
            else { return }
            var state = constraint.start()
            for _ in 0..<4 {
                guard let id = state.mask().first else { return }
                state.accept(id)
            }
        }
    }
}
