import JSON
import Foundation
import Testing

@testable import LanguageModel

/// Walks random tokens through a constraint.
struct RandomWalk {
    var random: RandomSource

    init(seed: UInt64) { random = RandomSource(seed: seed) }

    /// A reply the constraint allows: nil where it did not end within `most` tokens or got
    /// stuck. Ends where it may with a growing chance.
    mutating func text(_ constraint: TokenConstraint, most: Int = 2000) -> [UInt8]? {
        var state = constraint.start()
        var bytes: [UInt8] = []
        for step in 0..<most {
            let mask = state.mask()
            let allowed = (0..<mask.vocabularySize).filter { mask[TokenID($0)] }
            if allowed.isEmpty { return nil }
            var id = TokenID(allowed[Int(random.next() % UInt64(allowed.count))])
            if step > 30, mask[ToyVocabulary.end] { id = ToyVocabulary.end }
            // Long replies: prefer what closes something.
            if step > 100 {
                let closing = allowed.filter { [0x22, 0x5D, 0x7D, 0x2C].contains($0) }
                if let close = closing.first { id = TokenID(close) }
            }
            let step1 = state.accept(id)
            #expect(step1)
            if id == ToyVocabulary.end { return bytes }
            bytes += constraint.trie.bytes(of: id)
        }
        return nil
    }
}

@Suite struct TokenConstraintTests {
    static func accepts(_ grammar: Grammar, _ text: String) throws -> Bool {
        let constraint = try TokenConstraint(grammar, trie: ToyVocabulary.trie)
        var state = constraint.start()
        if text.isEmpty { return state.canEnd }
        return state.accept(bytes: Array(text.utf8)) && state.canEnd
    }

    static func accepts(gbnf: String, _ text: String) throws -> Bool {
        try accepts(Grammar(gbnf: gbnf), text)
    }

    static func schema(_ text: String) throws -> Grammar {
        try Grammar(jsonSchema: JSONValue(parsing: Data(text.utf8)))
    }

    // MARK: GBNF

    @Test(arguments: gbnfCases)
    func gbnf(_ grammar: String, _ good: [String], _ bad: [String]) throws {
        for text in good { #expect(try Self.accepts(gbnf: grammar, text), "\(text)") }
        for text in bad { #expect(try !Self.accepts(gbnf: grammar, text), "\(text)") }
    }

    static let gbnfCases: [(String, [String], [String])] = [
        (##"root ::= "a"* "b"+ "c"?"##, ["b", "aabbc"], ["", "a", "bcc", "c"]),
        (##"root ::= "x"{3}"##, ["xxx"], ["xx", "xxxx"]),
        (##"root ::= "x"{2,}"##, ["xx", "xxxxx"], ["x"]),
        (##"root ::= "x"{1,3} "y"{0}"##, ["x", "xxx"], ["", "xxxx", "xy"]),
        (##"root ::= ("a" | "b" "c")+"##, ["a", "bca", "abc"], ["b", "ac", ""]),
        (##"root ::= [a-z0-9_-]+ [^\n"]"##, ["a-b_9!", "xé"], ["a", "a\n", "a\""]),
        (##"root ::= "\x41\u00e9\U0001F642\n\t\"\\" [\]\[]"##, ["Aé🙂\n\t\"\\]"], ["Aé"]),
        (
            "root ::= word (\" \" word)* # words\n\nword ::=\n  [a-z]+ |\n  [0-9]+\n", ["ab 12 c"],
            ["ab  c", "aB"]
        ),
        (##"root ::= . . "!""##, ["é漢!", "🙂\n!"], ["a!", "abc!"]),
        (##"root ::= [α-ω]+"##, ["αβω"], ["abc", "Α"]),
        ("root ::= (\n  \"a\"\n  | \"b\"\n)\n", ["a", "b"], ["ab"]),
        (##"root ::= "" | "a""##, ["", "a"], ["b"]),
        (
            ##"root ::= s "." s ::= "a" s | "b""##.replacing(" s ::=", with: "\ns ::="),
            ["b.", "aab."], ["aa.", "."]
        ),
        (##"root ::= (("a"*)*)* "b""##, ["b", "aab"], ["a"]),
        // Rounds inside rounds, which cut a text in many ways.
        (
            ##"root ::= ("a"{0,3}){2,3} "b"{2,}"##, ["bb", "aaaabbb", "aaaaaaaaabb"],
            ["aaaaaaaaaabb"]
        ),
        (##"root ::= (("a"{2,3}){2}){2,3}"##, ["aaaaaaaa", "aaaaaaaaaaaaaaaaaa"], ["aaaaaaa"]),
        (##"root ::= ("x"? "y"?){3} "!""##, ["!", "xyyx!", "yxyxy!"], ["xxxx!", "xyxyxyx!"]),
        (##"root ::= ("(" root ")"){2,3} | "x"{4}"##, ["(xxxx)((xxxx)(xxxx))"], ["(xxxx)", "xxx"]),
        (
            ##"root ::= (("ab"{1000}){1000}){1000} | [0-9]{1,400}"##,
            ["7", String(repeating: "5", count: 400)], ["", String(repeating: "5", count: 401)]
        ),
    ]

    @Test(arguments: [
        ("root ::= a", 1, 10), ("root = \"a\"", 1, 6), ("x ::= \"a\"", 1, 1),
        ("root ::= \"a", 1, 10), ("root ::= [a", 1, 10), ("root ::= (\"a\"", 1, 10),
        ("root ::= \"a\"\nroot ::= \"b\"", 2, 1), ("root ::= *", 1, 10),
        ("root ::= \"a\"{3,1}", 1, 18), ("root ::= \"\\q\"", 1, 11), ("root ::= [b-a]", 1, 13),
        ("root ::= \"a\" )", 1, 14), ("root ::= <think>", 1, 10),
    ])
    func gbnfErrorsSayWhere(_ grammar: String, _ line: Int, _ column: Int) {
        #expect {
            _ = try Grammar(gbnf: grammar)
        } throws: { error in
            guard case .syntax(line, column, _)? = error as? GrammarError else {
                Issue.record("\(error)")
                return false
            }
            return true
        }
    }

    @Test(arguments: [
        "root ::= root \"a\" | \"b\"", "root ::= x \"a\"\nx ::= \"\" root | \"b\"",
        "root ::= \"a\"? root | \"b\"", "root ::= \"a\" root",
    ])
    func grammarsThatCannotBeUsedAreErrors(_ text: String) throws {
        let grammar = try Grammar(gbnf: text)
        #expect(throws: GrammarError.self) {
            _ = try TokenConstraint(grammar, trie: ToyVocabulary.trie)
        }
    }

    // MARK: JSON Schema

    @Test(arguments: schemaCases)
    func jsonSchema(_ schema: String, _ good: [String], _ bad: [String]) throws {
        let grammar = try Self.schema(schema)
        for text in good { #expect(try Self.accepts(grammar, text), "\(text)") }
        for text in bad { #expect(try !Self.accepts(grammar, text), "\(text)") }
    }

    static let schemaCases: [(String, [String], [String])] = [
        (
            ##"{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["a"]}"##,
            [##"{"a": 1}"##, ##"{"a":-5,"b":"x"}"##, "{\n  \"a\": 1,\n  \"b\": \"\"\n}"],
            ["{}", ##"{"b": "x"}"##, ##"{"a": 1.5}"##, ##"{"a": 1, "c": 2}"##, ##"{"a": 01}"##]
        ),
        (
            ##"{"type": "object", "properties": {"a": {}, "b": {}}}"##,
            ["{}", ##"{"a": null}"##, ##"{"b": [1, {"x": true}]}"##, ##"{"a": 1, "b": 2}"##],
            [##"{"c": 1}"##, ##"{,"a": 1}"##]
        ),
        (
            ##"{"type": "object", "properties": {"ab": {"type": "null"}}, "additionalProperties": {"type": "boolean"}}"##,
            [
                "{}", ##"{"ab": null, "a": true, "abc": false}"##, ##"{"b": true}"##,
                ##"{"": true}"##,
            ], [##"{"ab": true}"##, ##"{"a": 1}"##]
        ),
        (
            ##"{"type": "array", "items": {"type": "integer", "minimum": 3, "maximum": 120}, "minItems": 1, "maxItems": 3}"##,
            ["[3]", "[120, 99,10]"], ["[]", "[2]", "[121]", "[3,3,3,3]", "[300]", "[-3]"]
        ),
        (
            ##"{"prefixItems": [{"type": "string"}, {"type": "null"}], "items": false, "minItems": 1}"##,
            [##"["a"]"##, ##"["a", null]"##], ["[]", "[null]", ##"["a", null, 1]"##]
        ),
        (
            ##"{"enum": ["a", 1, null, {"k": [true]}]}"##,
            [##""a""##, "1", "null", ##"{"k": [true]}"##], ["2", ##""b""##]
        ),
        (
            ##"{"type": "array", "items": {"type": "number", "minimum": 0.25, "exclusiveMaximum": 1.5}}"##,
            ["[0.25]", "[0.3, 1, 1.4999]", "[0.250]", "[0.99]", "[1.0]", "[1.49]"],
            [
                "[0]", "[0.2]", "[0.24999]", "[1.5]", "[1.50]", "[2]", "[-0.3]", "[1.]",
                "[0.2500000000000001e5]",
            ]
        ),
        (
            ##"{"type": "array", "items": {"type": "number", "exclusiveMinimum": -2.5, "maximum": -0.5}}"##,
            ["[-0.5]", "[-0.500]", "[-2.4999]", "[-1]", "[-2.0]"],
            ["[-2.5]", "[-2.51]", "[-0.4]", "[0]", "[-0]", "[1]", "[-3]"]
        ),
        (
            ##"{"type": "array", "items": {"type": "integer", "minimum": -1.5, "maximum": 2.5}}"##,
            ["[-1, 0, 1, 2]"], ["[-2]", "[3]", "[1.5]"]
        ),
        (
            ##"{"type": "array", "items": {"type": "integer", "multipleOf": 25, "minimum": -60}}"##,
            ["[0, 25, -25, -50, 100, 1000000]"], ["[-75]", "[5]", "[20]", "[110]", "[-5]", "[00]"]
        ),
        (
            ##"{"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "minProperties": 1, "maxProperties": 2}"##,
            [##"{"a": 1}"##, ##"{"a": 1, "c": 2}"##, ##"{"b": 1, "c": 2}"##],
            ["{}", ##"{"a": 1, "b": 1, "c": 2}"##, ##"{"a": 1, }"##]
        ),
        (
            ##"{"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "null"}, "maxProperties": 2}"##,
            ["{}", ##"{"a": 1}"##, ##"{"a": 1, "c": null}"##, ##"{"b": null, "c": null}"##],
            [##"{"a": 1, "b": null, "c": null}"##, ##"{"x": null, "b": null, "c": null}"##]
        ),
        (
            ##"{"type": "array", "items": {"type": "number", "multipleOf": 0.01, "minimum": -1}}"##,
            ["[0, 0.01, 0.5, 0.50, 12.25, -0.99, -1, 123456]"],
            // 0.07 / 0.01 is not 7 in binary floating point, which validators use.
            ["[0.001]", "[1.005]", "[-1.01]", "[0.07]", "[1.]"]
        ),
        (
            ##"{"type": "array", "items": {"type": "number", "multipleOf": 2.5, "maximum": 10}}"##,
            ["[2.5, 5, 7.5, 10, 10.0, -2.5, -1000]"], ["[12.5]", "[2]", "[1.25]"]
        ),
        (
            ##"{"type": "array", "items": {"type": "integer", "multipleOf": 3600, "minimum": 1}}"##,
            ["[3600, 7200, 36000]"], ["[0]", "[360]", "[3601]", "[-3600]"]
        ),
        (
            ##"{"type": "array", "items": {"type": "integer", "multipleOf": 0.5}}"##,
            ["[0, 1, -7]"], ["[0.5]"]
        ),
        (
            ##"{"allOf": [{"$ref": "#/$defs/base"}], "properties": {"b": {"type": "null"}}, "required": ["b"], "unevaluatedProperties": false, "$defs": {"base": {"type": "object", "properties": {"a": {"type": "integer"}}}}}"##,
            [##"{"b": null}"##, ##"{"b": null, "a": 1}"##],
            [##"{"a": 1}"##, ##"{"b": null, "c": 1}"##]
        ),
        (
            ##"{"type": "object", "required": ["x"], "additionalProperties": {"type": "null"}}"##,
            [##"{"x": null}"##], [##"{"x": 1}"##, "{}"]
        ),
        (
            ##"{"prefixItems": [{"type": "null"}], "unevaluatedItems": false}"##, ["[null]", "[]"],
            ["[null, 1]"]
        ),
        (##"{"const": "é\n"}"##, [##""é\n""##], [##""e""##]),
        (
            ##"{"anyOf": [{"type": "string", "maxLength": 2}, {"type": "boolean"}]}"##,
            [##""é漢""##, "true", ##""\n\u0041""##], [##""abc""##, "null"]
        ),
        (##"{"type": ["integer", "null"]}"##, ["5", "null", "-0"], ["5.0", "true"]),
        (
            ##"{"type": "integer", "minimum": -12, "exclusiveMaximum": 5}"##,
            ["-12", "-1", "0", "4"], ["-13", "5", "-99", "12"]
        ),
        (
            ##"{"type": "integer", "minimum": 1000}"##, ["1000", "9999", "123456"],
            ["999", "-1000", "0"]
        ),
        (
            ##"{"type": "number", "minimum": 0, "maximum": 1}"##, ["0", "1", "0.75", "1.0"],
            ["1.1", "-0.5", "2", "1.01"]
        ),
        (
            ##"{"type": "number", "exclusiveMinimum": -2, "exclusiveMaximum": 0}"##,
            ["-1.99", "-0.5", "-1"], ["-2", "0", "-0", "-2.0", "1", "-0.0"]
        ),
        (
            ##"{"type": "string", "pattern": "^[A-Z]{2}-\\d+$"}"##, [##""AB-12""##],
            [##""AB-""##, ##""xAB-1""##, ##""AB-1x""##]
        ),
        (
            ##"{"type": "string", "pattern": "a.c|\"q"}"##,
            [##""xabcx""##, ##""a\tc""##, ##""\"q""##], [##""ac""##, ##""a\nc""##]
        ),
        (
            ##"{"type": "string", "format": "date"}"##, [##""2024-02-28""##, ##""1999-12-31""##],
            [##""2024-02-30""##, ##""2024-13-01""##, ##""2024-04-31""##]
        ),
        (
            ##"{"type": "string", "format": "uuid"}"##,
            [##""123e4567-e89b-12d3-a456-426614174000""##], [##""123""##]
        ),
        (
            ##"{"$defs": {"n": {"type": "object", "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/n"}}, "required": ["v"]}}, "$ref": "#/$defs/n"}"##,
            [##"{"v": 1}"##, ##"{"v": 1, "next": {"v": 2, "next": {"v": 3}}}"##],
            [##"{"next": {"v": 1}}"##]
        ),
        (
            ##"{"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"b": {"const": 1}}}]}"##,
            [##"{"a": 2}"##, ##"{"a": 2, "b": 1}"##], ["{}", ##"{"a": 2, "b": 2}"##]
        ),
        (
            ##"{"oneOf": [{"type": "object", "properties": {"k": {"const": "x"}}, "required": ["k"]}, {"type": "object", "properties": {"k": {"const": "y"}}, "required": ["k"]}]}"##,
            [##"{"k": "x"}"##, ##"{"k": "y"}"##], [##"{"k": "z"}"##]
        ),
        (
            ##"true"##, [##"{"a": [1, 2.5e3, "x", null, {}]}"##, "[]", "-1.5E-7"],
            ["{a: 1}", "[1,]", "01", "+1", "nul"]
        ),
    ]

    @Test(arguments: schemaErrorCases)
    func schemaErrorsNameThePlace(_ schema: String, _ place: String, _ word: String) {
        #expect {
            _ = try Self.schema(schema)
        } throws: { error in
            guard case .schema(place, let reason)? = error as? GrammarError else {
                Issue.record("\(error)")
                return false
            }
            return reason.contains(word)
        }
    }

    static let schemaErrorCases: [(String, String, String)] = [
        (##"{"type": "strin"}"##, "", "strin"), (##"{"not": {}}"##, "", "not"),
        (
            ##"{"properties": {"a": {"items": {"multipleOf": -0.5}}}}"##, "/properties/a/items",
            "multipleOf"
        ),
        (##"{"multipleOf": 1e-9}"##, "", "multipleOf"),
        (
            ##"{"allOf": [{"allOf": [{}], "unevaluatedProperties": false}]}"##, "/allOf/0",
            "unevaluatedProperties"
        ),
        (##"{"$ref": "#/$defs/none"}"##, "", "#/$defs/none"),
        (##"{"$ref": "http://x"}"##, "", "inside"),
        (##"{"oneOf": [{"type": "integer"}, {"type": "number"}]}"##, "", "oneOf"),
        (##"{"type": "string", "format": "regex"}"##, "", "regex"),
        (##"{"type": "string", "pattern": "(?=a)"}"##, "", "pattern"),
        (##"[1]"##, "", "object"), (##"{"minLength": -1}"##, "", "minLength"),
        (##"{"if": {}}"##, "", "if"),
        (##"{"type": "number", "minimum": 1e15}"##, "", "minimum"),
        (##"{"uniqueItems": true}"##, "", "uniqueItems"),
    ]

    static let schemas = [
        ##"{"type": "object", "properties": {"share": {"type": "number", "minimum": 0.25, "exclusiveMaximum": 0.75}, "cold": {"type": "number", "exclusiveMinimum": -3.5, "maximum": -0.125}, "any": {"type": "number", "minimum": -1.5, "maximum": 2.25}, "n": {"type": "integer", "minimum": -2.5, "exclusiveMaximum": 7.1}}, "required": ["share", "cold", "any", "n"]}"##,
        ##"{"type": "array", "items": {"type": "integer", "multipleOf": 7, "minimum": -200, "maximum": 1234}, "minItems": 2, "maxItems": 6}"##,
        ##"{"type": "array", "items": {"anyOf": [{"multipleOf": 12}, {"type": "integer", "multipleOf": 5, "exclusiveMinimum": 0}]}, "minItems": 2, "maxItems": 6}"##,
        ##"{"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}, "c": {"const": 1}}, "required": ["b"], "minProperties": 2, "maxProperties": 2}"##,
        ##"{"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}}, "required": ["b"], "additionalProperties": {"type": "null"}, "maxProperties": 3}"##,
        ##"{"type": "object", "additionalProperties": {"type": "null"}, "minProperties": 1, "maxProperties": 2}"##,
        ##"{"type": "object", "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer", "minimum": 0, "maximum": 150}, "tags": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "maxItems": 3}, "address": {"type": "object", "properties": {"zip": {"type": "string", "pattern": "^\\d{4}$"}, "geo": {"type": "array", "items": {"type": "number", "minimum": -180, "maximum": 180}, "minItems": 2, "maxItems": 2}}, "required": ["zip"], "additionalProperties": false}}, "required": ["name", "address"]}"##,
        ##"{"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}, "when": {"type": "string", "format": "date-time"}, "day": {"format": "date"}, "kind": {"oneOf": [{"const": "x"}, {"type": "integer"}, {"type": "null"}]}}, "required": ["id", "kind"], "additionalProperties": {"type": "boolean"}}"##,
        ##"{"$defs": {"tree": {"type": "object", "properties": {"value": {"type": ["number", "string"]}, "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2}}, "required": ["value"]}}, "$ref": "#/$defs/tree"}"##,
        ##"{"type": "array", "prefixItems": [{"type": "boolean"}, {"type": "string", "minLength": 2, "maxLength": 5}], "items": {"type": "number", "exclusiveMinimum": -3, "exclusiveMaximum": 7}, "minItems": 1, "maxItems": 5}"##,
        ##"{"allOf": [{"properties": {"a": {"type": "integer", "minimum": -1000}}, "required": ["a"]}, {"properties": {"a": {"maximum": -5}, "b": {}}}], "type": "object"}"##,
        ##"{"anyOf": [{"type": "object", "properties": {"k": {"const": 1}}}, {"type": "array", "items": {"type": "integer"}, "minItems": 2}], "description": "d"}"##,
        ##"true"##,
        ##"{"type": "array", "items": {"type": "number", "multipleOf": 0.01}, "minItems": 3, "maxItems": 8}"##,
        ##"{"type": "array", "items": {"type": "number", "multipleOf": 0.1, "minimum": -5, "exclusiveMaximum": 40}, "minItems": 3, "maxItems": 8}"##,
        ##"{"type": "array", "items": {"anyOf": [{"multipleOf": 2.5}, {"type": "integer", "multipleOf": 86400}]}, "minItems": 3, "maxItems": 8}"##,
        ##"{"$ref": "#/$defs/base", "properties": {"b": {"enum": ["x", "y"]}}, "required": ["b", "a"], "unevaluatedProperties": false, "$defs": {"base": {"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}}}}"##,
        ##"{"type": "object", "properties": {"a": {"type": "boolean"}}, "anyOf": [{"properties": {"b": {"type": "null"}}, "required": ["b"]}, {"properties": {"c": {"type": "string", "minLength": 30, "maxLength": 50}}, "required": ["c"]}], "unevaluatedProperties": false}"##,
        ##"{"type": "object", "properties": {"id": {"type": "string", "pattern": "^[A-Z]{2,}-\\d+$", "maxLength": 9}, "mail": {"format": "email", "minLength": 8, "maxLength": 14}, "site": {"type": "string", "format": "uri", "maxLength": 2083}, "host": {"format": "hostname", "maxLength": 20}, "took": {"format": "duration"}, "at": {"format": "time"}, "six": {"format": "ipv6"}, "where": {"format": "json-pointer"}, "next": {"format": "uri-reference"}}, "required": ["id", "mail"], "additionalProperties": false}"##,
        ##"{"type": "object", "properties": {"x-a": {"type": "integer", "minimum": 5}, "b": {}}, "patternProperties": {"^x-": {"maximum": 7, "type": "integer"}, "z$": {"type": "boolean"}}, "additionalProperties": {"type": "null"}}"##,
        ##"{"type": "object", "propertyNames": {"pattern": "^[a-z]{1,3}$"}, "additionalProperties": {"type": "array", "items": {"enum": ["a", "b", "c", 1, true, null]}, "uniqueItems": true, "minItems": 2}, "maxProperties": 3}"##,
        ##"{"type": "array", "items": {"type": "string", "pattern": "(ab|\"c)+$", "minLength": 3, "maxLength": 12}, "minItems": 3, "maxItems": 5}"##,
    ]

    /// With RIPOSTE_JSON_SAMPLES the samples are also written for Tests/Scripts/json_schemas.py.
    @Test func sampledRepliesAreJSON() throws {
        var lines = ""
        var walk = RandomWalk(seed: 11)
        for text in Self.schemas {
            let schema = try JSONValue(parsing: Data(text.utf8))
            let constraint = try TokenConstraint(
                Grammar(jsonSchema: schema), trie: ToyVocabulary.trie)
            var finished = 0
            for _ in 0..<30 {
                guard let bytes = walk.text(constraint) else { continue }
                finished += 1
                let reply = String(decoding: bytes, as: UTF8.self)
                #expect(Array(reply.utf8) == bytes, "a reply is not UTF-8")
                #expect(throws: Never.self) { try JSONValue(parsing: Data(bytes)) }
                let line = JSONValue.object(["schema": schema, "text": .string(reply)])
                lines += line.text + "\n"
            }
            #expect(finished >= 15, "\(text)")
        }
        if let path = ProcessInfo.processInfo.environment["RIPOSTE_JSON_SAMPLES"] {
            try lines.write(toFile: path, atomically: true, encoding: .utf8)
        }
    }
}
