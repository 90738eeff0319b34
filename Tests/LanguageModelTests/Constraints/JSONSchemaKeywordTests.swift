import Testing

@testable import LanguageModel

/// Keywords that a grammar cannot say one by one: limits that hold together, names by pattern,
/// values that must differ.
@Suite struct JSONSchemaKeywordTests {
    @Test(arguments: cases)
    func textsAreThoseTheSchemaAllows(
        _ schema: String, _ accepted: [String], _ rejected: [String]
    ) throws {
        let grammar = try TokenConstraintTests.schema(schema)
        for text in accepted {
            #expect(try TokenConstraintTests.accepts(grammar, text), "\(text)")
        }
        for text in rejected {
            #expect(try !TokenConstraintTests.accepts(grammar, text), "\(text)")
        }
    }

    static let cases: [(String, [String], [String])] = [
        (
            ##"{"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 4}"##,
            [##""ab""##, ##""abcd""##], [##""a""##, ##""abcde""##, ##""aB""##, "\"\""]
        ),
        (
            ##"{"type": "string", "pattern": "a\"|^b*c", "maxLength": 4}"##,
            [##""xya\"""##, ##""bbcé""##, ##""c""##], [##""xyza\"""##, ##""bbbbc""##, ##""bb""##]
        ),
        (
            ##"{"type": "string", "pattern": "\\d$", "minLength": 3}"##,
            [##""ab1""##, ##""漢字1""##, ##""111111""##], [##""a1""##, ##""abc""##]
        ),
        (
            ##"{"type": "string", "format": "date", "pattern": "^2024-"}"##,
            [##""2024-02-28""##], [##""2023-02-28""##, ##""2024-02-30""##]
        ),
        (
            ##"{"type": "string", "format": "email", "minLength": 9, "maxLength": 12}"##,
            [##""abc@de.com""##], [##""a@bc.de""##, ##""abcdefgh@ij.com""##]
        ),
        (
            ##"{"type": "string", "format": "uri", "minLength": 1, "maxLength": 2083}"##,
            [##""https://example.com/a/b?c=d#e""##, ##""http://a-b.org""##],
            [##""example.com""##, ##""https://""##, ##""https://a b.com""##]
        ),
        (
            ##"{"type": "string", "format": "duration"}"##,
            [##""P1Y2M3DT4H""##, ##""PT5M""##, ##""P3W""##],
            [##""P""##, ##""P1YT""##, ##""P1M1Y""##]
        ),
        (
            ##"{"type": "string", "format": "ipv6"}"##, [##""0:0:0:0:0:0:0:1""##],
            [##""1:2""##, ##""g:0:0:0:0:0:0:1""##]
        ),
        (
            ##"{"patternProperties": {"^x-": {"type": "integer"}, "s$": {"type": "string"}}, "additionalProperties": false}"##,
            ["{}", ##"{"x-a": 1, "bs": "c"}"##],
            [##"{"x-s": 1}"##, ##"{"x-a": "b"}"##, ##"{"a": 1}"##]
        ),
        (
            ##"{"properties": {"x-a": {"minimum": 5, "type": "integer"}, "b": {"type": "null"}}, "patternProperties": {"^x-": {"maximum": 7}}, "additionalProperties": {"type": "boolean"}}"##,
            [##"{"x-a": 6, "b": null, "x-b": 1, "c": true}"##],
            [##"{"x-a": 8}"##, ##"{"x-b": 8}"##, ##"{"c": 1}"##, ##"{"b": true}"##]
        ),
        (
            ##"{"type": "object", "propertyNames": {"pattern": "^[a-c]+$", "maxLength": 2}, "additionalProperties": {"type": "integer"}}"##,
            ["{}", ##"{"ab": 1, "c": 2}"##], [##"{"abc": 1}"##, ##"{"d": 1}"##, ##"{"": 1}"##]
        ),
        (
            ##"{"type": "object", "properties": {"a": {}, "b": {}}, "propertyNames": {"enum": ["a", "c"]}}"##,
            [##"{"a": 1}"##], [##"{"b": 1}"##, ##"{"c": 1}"##]
        ),
        (
            ##"{"type": "array", "items": {"enum": ["a", "b", 1, 1.0]}, "uniqueItems": true, "minItems": 1}"##,
            [##"["a"]"##, ##"["b", "a", 1]"##],
            ["[]", ##"["a", "a"]"##, ##"[1, "a", 1]"##, "[1, 1.0]"]
        ),
        (
            ##"{"$defs": {"b": {"type": "boolean"}}, "items": {"$ref": "#/$defs/b"}, "uniqueItems": true, "maxItems": 5}"##,
            ["[]", "[true, false]"], ["[true, true]", "[true, false, true]"]
        ),
        (##"{"type": "array", "uniqueItems": true, "maxItems": 1}"##, ["[]", "[1]"], ["[1, 2]"]),
        (
            ##"{"type": "array", "items": [{"type": "integer"}, {"type": "null"}], "additionalItems": false}"##,
            ["[1, null]", "[1]"], ["[null]", "[1, null, 2]"]
        ),
        (
            ##"{"enum": ["a", "abc", 5, 1, null, "ABC"], "minLength": 2, "pattern": "^[a-z]", "minimum": 3}"##,
            [##""abc""##, "5", "null"], [##""a""##, "1", ##""ABC""##]
        ),
        (
            ##"{"oneOf": [{"type": "object", "properties": {"k": {"const": "x"}}, "required": ["k"]}, {"type": "object", "properties": {"k": {"const": "y"}}, "required": ["k"]}], "discriminator": {"propertyName": "k"}}"##,
            [##"{"k": "x"}"##], [##"{"k": "z"}"##]
        ),
        (
            // No value fits the first, so it is not begun.
            ##"{"anyOf": [{"type": "object", "properties": {"a": false}, "required": ["a"]}, {"type": "array", "items": false}]}"##,
            ["[]"], ["{", "{}"]
        ),
    ]

    /// A mask is put together from what is known of places like it: it must be that of asking
    /// for each token.
    @Test(arguments: [
        ##"{"type": "string", "maxLength": 6}"##,
        ##"{"type": "string", "minLength": 5, "maxLength": 9}"##,
        ##"{"type": "array", "items": {"type": "string", "minLength": 4, "maxLength": 12}, "minItems": 3, "maxItems": 6}"##,
        ##"{"type": "string", "pattern": "^((ab){1,5}|[a-d]{4,7} ){2,6}$"}"##,
        ##"{"type": "array", "items": {"enum": ["aaaa", "ab", ["the", 12]]}, "minItems": 5, "maxItems": 8}"##,
    ])
    func masksAreTheTokensThatAreAccepted(_ schema: String) throws {
        let grammar = try TokenConstraintTests.schema(schema)
        let constraint = try TokenConstraint(grammar, trie: ToyVocabulary.trie)
        var random = RandomSource(seed: 5)
        for _ in 0..<40 {
            var state = constraint.start()
            for _ in 0..<40 {
                let mask = state.mask()
                var allowed: [TokenID] = []
                for id in 0...ToyVocabulary.end {
                    var next = state
                    if next.accept(id) { allowed.append(id) }
                    #expect(mask[id] == (allowed.last == id), "\(id)")
                }
                guard !allowed.isEmpty else { break }
                let id = allowed[Int(random.next() % UInt64(allowed.count))]
                if id == ToyVocabulary.end { break }
                state.accept(id)
            }
        }
    }

    @Test(arguments: errors)
    func errorsNameTheKeyword(_ schema: String, _ word: String) {
        #expect {
            _ = try TokenConstraintTests.schema(schema)
        } throws: { error in
            guard case .schema(_, let reason)? = error as? GrammarError else { return false }
            return reason.contains(word)
        }
    }

    static let errors: [(String, String)] = [
        (##"{"items": {"type": "string"}, "uniqueItems": true}"##, "uniqueItems"),
        (##"{"propertyNames": {"not": {}}}"##, "propertyNames"),
        (##"{"propertyNames": false}"##, "propertyNames"),
        (##"{"patternProperties": {"(?=a)": {}}}"##, "pattern"),
        (##"{"enum": [{"a": 1}], "required": ["a"]}"##, "required"),
        (##"{"enum": [3, 5], "multipleOf": 5}"##, "multipleOf"),
        (##"{"pattern": "a.{500}b.{500}c", "minLength": 3000}"##, "pattern"),
        (##"{"dependentRequired": {}}"##, "dependentRequired"),
        (##"{"contains": {}}"##, "contains"),
        (##"{"type": "string", "format": "relative-json-pointer"}"##, "relative-json-pointer"),
    ]
}
