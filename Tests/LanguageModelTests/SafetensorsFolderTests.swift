import JSON
import Foundation
import Testing

@testable import LanguageModel

@Suite struct SafetensorsFolderTests {
    let folder: TemporaryFolder
    private static let one = #"{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}"#

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(#"{"model_type": "llama"}"#, to: "config.json")
    }

    private func floats(_ values: Float...) -> [UInt8] {
        values.flatMap { GGUFBuilder.littleEndian($0.bitPattern) }
    }

    private func reason(_ bytes: [UInt8]) throws -> String {
        try folder.write(bytes, to: "model.safetensors")
        let error = #expect(throws: LanguageModelError.self) {
            try SafetensorsFolder(path: folder.path)
        }
        return "\(try #require(error))"
    }

    private func reason(header: String, data: [UInt8] = [], length: UInt64? = nil) throws -> String
    {
        try reason(SafetensorsBuilder(header: header, data: data, headerLength: length).bytes)
    }

    @Test func readsTensorsOfAllThreeTypes() throws {
        let header = #"""
            {"__metadata__":{"format":"pt"},
             "a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},
             "b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},
             "c":{"dtype":"F16","shape":[],"data_offsets":[12,14]},
             "i":{"dtype":"I64","shape":[0],"data_offsets":[14,14]}}
            """#
        let data = floats(1, -2) + [0x80, 0x3F, 0x00, 0xC0] + [0x00, 0x38]
        try folder.write(
            SafetensorsBuilder(header: header, data: data).bytes, to: "model.safetensors")
        let file = try SafetensorsFolder(path: folder.path)
        #expect(Set(file.tensorNames) == ["a", "b", "c", "i"])
        #expect(try file.tensor("a")?.shape == [2, 1])
        #expect(try file.tensor("a")?.floats() == [1, -2])
        #expect(try file.tensor("b")?.floats() == [1, -2])
        #expect(try file.tensor("c")?.floats() == [0.5])
        let error = #expect(throws: LanguageModelError.self) { try file.tensor("i") }
        #expect("\(try #require(error))".contains("I64 (tensor i)"))
    }

    @Test func joinsShards() throws {
        for (index, name) in ["a", "b"].enumerated() {
            let header = "{\"\(name)\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"
            try folder.write(
                SafetensorsBuilder(header: header, data: floats(Float(index))).bytes,
                to: "model-\(index).safetensors")
        }
        try folder.write(
            #"{"weight_map":{"a":"model-0.safetensors","b":"model-1.safetensors"}}"#,
            to: "model.safetensors.index.json")
        let file = try SafetensorsFolder(path: folder.path)
        #expect(try file.tensor("a")?.floats() == [0])
        #expect(try file.tensor("b")?.floats() == [1])
        try folder.write(
            #"{"weight_map":{"a":"../../secret.safetensors"}}"#, to: "model.safetensors.index.json")
        #expect(throws: LanguageModelError.self) { try SafetensorsFolder(path: folder.path) }
    }

    @Test func refusesEveryTruncation() throws {
        let bytes = SafetensorsBuilder(header: Self.one, data: floats(1, 2)).bytes
        for length in 0..<bytes.count { _ = try reason(Array(bytes[..<length])) }
    }

    @Test func refusesWrongHeaders() throws {
        for length in [1 << 20, 1 << 63, UInt64.max] {
            #expect(try reason(header: Self.one, length: length).contains("longer than the file"))
        }
        #expect(try reason(header: "[]").contains("object"))
        #expect(try reason(header: "{").contains("header"))
        #expect(try reason(header: String(repeating: "[", count: 5000)).contains("deep"))
        func tensor(_ entry: String) throws -> String {
            try reason(header: "{\"t\":\(entry)}", data: floats(1, 2))
        }
        #expect(try tensor("3").contains("tensor t"))
        #expect(
            try tensor(#"{"dtype":"F32","shape":[2],"data_offsets":[4,0]}"#).contains("tensor t"))
        #expect(
            try tensor(#"{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}"#).contains("tensor t"))
        #expect(
            try tensor(#"{"dtype":"F32","shape":[3],"data_offsets":[0,8]}"#).contains("12 bytes"))
        #expect(
            try tensor(#"{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}"#).contains("counts"))
        #expect(
            try tensor(
                #"{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}"#
            ).contains("too large"))
        #expect(
            try tensor(#"{"dtype":"F32","shape":[2],"data_offsets":[0,800]}"#).contains("cut short")
        )
    }

    @Test func saysWhatTheFolderLacks() throws {
        let bare = try TemporaryFolder()
        var error = #expect(throws: LanguageModelError.self) {
            try SafetensorsFolder(path: bare.path)
        }
        #expect("\(try #require(error))".contains("config.json"))
        try bare.write("{}", to: "config.json")
        error = #expect(throws: LanguageModelError.self) { try SafetensorsFolder(path: bare.path) }
        #expect("\(try #require(error))".contains("model.safetensors"))
        try bare.write("{\n \"a\": tru}", to: "config.json")
        error = #expect(throws: LanguageModelError.self) { try SafetensorsFolder(path: bare.path) }
        #expect("\(try #require(error))".contains("line 2, column 7"))
    }

    @Test func findsTheChatTemplateWhereverItIs() throws {
        try folder.write(SafetensorsBuilder(header: "{}").bytes, to: "model.safetensors")
        func template() throws -> String? {
            try SafetensorsFolder.chatTemplate(in: folder.path)
        }
        #expect(try template() == nil)
        try folder.write(
            #"{"chat_template":[{"name":"tool_use","template":"T"},{"name":"default","template":"D"}]}"#,
            to: "tokenizer_config.json")
        #expect(try template() == "D")
        try folder.write(#"{"chat_template":"S"}"#, to: "tokenizer_config.json")
        #expect(try template() == "S")
        try folder.write("J", to: "chat_template.jinja")
        #expect(try template() == "J")
    }
}

@Suite struct JSONValueTests {
    private func parse(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: Data(text.utf8))
    }

    @Test func readsWhatPythonWrites() throws {
        let value = try parse(
            #" {"b": [1, -2, 3.5, 1e3, NaN, -Infinity, true, null], "a": "x\n\u00e9\ud83d\ude00"} "#
        )
        #expect(value.object.map { Array($0.keys) } == ["b", "a"])
        let list = try #require(value["b"]?.array)
        #expect(list[0] == .int(1) && list[1] == .int(-2))
        #expect(list[2].double == 3.5 && list[2].int == nil && list[3].int == 1000)
        #expect(list[4].double?.isNaN == true && list[5].double == -.infinity)
        #expect(list[6].bool == true && list[7].isNull)
        #expect(value["a"]?.string == "x\né😀")
        #expect(try parse(#""\ud83d""#).string == "\u{FFFD}")
        #expect(try parse("123456789012345678901").double == 1.2345678901234568e20)
        #expect(try parse(#"{"a":1,"a":2}"#)["a"] == .int(2))
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "tru", "01x", "1 2", "\"a", "\"\\x\"",
        "\"\\u12\"",
        "+1", ".5", "--1", "{a:1}", "nul", "[", "-",
    ])
    func refuses(_ text: String) {
        #expect(throws: JSONSyntaxError.self) { try parse(text) }
    }

    @Test func saysWhere() throws {
        let error = #expect(throws: JSONSyntaxError.self) {
            try parse("{\n  \"a\": 1\n  \"b\": 2}")
        }
        #expect(error?.line == 3 && error?.column == 3)
    }
}
