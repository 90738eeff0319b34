import Foundation
import Testing

@testable import LanguageModel

@Suite struct GGUFFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open(_ builder: GGUFBuilder) throws -> GGUFFile {
        try GGUFFile(path: folder.write(builder.bytes, to: "model.gguf"))
    }

    /// Opens a file that must be refused.
    private func reason(_ bytes: [UInt8]) throws -> String {
        let path = try folder.write(bytes, to: "broken.gguf")
        do {
            _ = try GGUFFile(path: path)
        } catch let error as LanguageModelError {
            let text = "\(error)"
            #expect(text.contains(path) && text.hasSuffix(".") && !text.contains("\n"))
            return text
        }
        Issue.record("the file was accepted")
        return ""
    }

    private func reason(_ change: (inout GGUFBuilder) -> Void) throws -> String {
        var builder = GGUFBuilder.sample
        change(&builder)
        return try reason(builder.bytes)
    }

    @Test(arguments: [2, 3]) func readsValuesAndTensors(version: UInt32) throws {
        var builder = GGUFBuilder.sample
        builder.version = version
        let file = try open(builder)
        #expect(file.version == Int(version))
        #expect(file.metadata["general.architecture"]?.string == "llama")
        #expect(file.metadata["a.count"]?.int == 7)
        #expect(file.metadata["a.scale"]?.double == 0.5)
        #expect(file.metadata["a.flag"]?.bool == true)
        #expect(file.metadata["a.wide"]?.int == nil)
        #expect(file.metadata["a.negative"]?.int == -3)
        #expect(file.metadata["a.words"]?.array?.strings == ["one", "zwei"])
        #expect(file.metadata["a.numbers"]?.array?.ints == [-1, 300])
        #expect(file.metadata["a.numbers"]?.array?.floats == nil)
        #expect(file.metadata["a.nested"]?.array?.count == 1)
        #expect(file.tensorNames == ["matrix", "quantized"])
        let matrix = try #require(try file.tensor("matrix"))
        #expect(matrix.shape == [2, 3])
        #expect(matrix.floats() == [1, 2, 3, 4, 5, 6])
        #expect(matrix.rows(1..<2).floats() == [4, 5, 6])
        #expect(matrix.transposed().floats() == [1, 4, 2, 5, 3, 6])
        #expect(try file.tensor("quantized")?.floats() == (0..<32).map { Float($0) })
        #expect(try file.tensor("absent") == nil)
    }

    @Test func tensorsOutliveTheFileAndReleasedPages() throws {
        var matrix: Tensor?
        do {
            let file = try open(.sample)
            matrix = try file.tensor("matrix")
            file.releasePages()
        }
        #expect(matrix?.floats() == [1, 2, 3, 4, 5, 6])
    }

    @Test func refusesWhatIsNotGGUF() throws {
        #expect(try reason([]).contains("begin"))
        #expect(try reason(Array("GGUF".utf8)).contains("begin"))
        #expect(try reason { $0.magic = Array("GGML".utf8) }.contains("begin"))
        #expect(try reason { $0.version = 1 }.contains("version 1"))
        #expect(try reason { $0.version = 0x0300_0000 }.contains("big-endian"))
        #expect(throws: LanguageModelError.self) { try GGUFFile(path: "/nowhere/model.gguf") }
        #expect(throws: LanguageModelError.self) { try GGUFFile(path: folder.path) }
    }

    @Test func refusesEveryTruncation() throws {
        let bytes = GGUFBuilder.sample.bytes
        // The last tensor is padded from 34 bytes to 64.
        for length in 0..<bytes.count - 30 { _ = try reason(Array(bytes[..<length])) }
        _ = try GGUFFile(path: folder.write(bytes[..<(bytes.count - 30)], to: "whole.gguf"))
    }

    @Test func refusesAbsurdCounts() throws {
        for count in [1 << 20, 1 << 40, UInt64.max] {
            #expect(try reason { $0.tensorCount = count }.contains("tensors"))
            #expect(try reason { $0.valueCount = count }.contains("metadata values"))
            let length = GGUFBuilder.littleEndian(count)
            #expect(
                try reason { $0.add("k", type: 8, length) }.contains("bytes of text"))
            #expect(
                try reason { $0.add("k", type: 9, GGUFBuilder.littleEndian(UInt32(10)) + length) }
                    .contains("array elements"))
        }
        #expect(try reason { $0.add("k", type: 13, []) }.contains("value type 13"))
        #expect(try reason { $0.add("a.count", 8) }.contains("a.count"))
    }

    @Test func refusesDeepNesting() throws {
        var bytes: [UInt8] = []
        for _ in 0..<10 {
            bytes += GGUFBuilder.littleEndian(UInt32(9)) + GGUFBuilder.littleEndian(UInt64(1))
        }
        bytes += GGUFBuilder.littleEndian(UInt32(0)) + GGUFBuilder.littleEndian(UInt64(0))
        #expect(try reason { $0.add("k", type: 9, bytes) }.contains("nested"))
    }

    @Test func refusesWrongTensors() throws {
        func tensor(
            type: UInt32 = 0, extents: [UInt64], offset: UInt64? = nil
        ) throws -> String {
            try reason {
                $0.addTensor("bad", type: type, extents: extents, offset: offset, data: [])
            }
        }
        #expect(try tensor(extents: []).contains("0 dimensions"))
        #expect(try tensor(extents: [1, 1, 1, 1, 1]).contains("5 dimensions"))
        #expect(try tensor(extents: [0, 4]).contains("tensor bad"))
        #expect(try tensor(extents: [.max, 4]).contains("tensor bad"))
        #expect(try tensor(extents: [1 << 32, 1 << 32]).contains("tensor bad"))
        #expect(try tensor(extents: [1 << 61]).contains("tensor bad"))
        #expect(try tensor(extents: [1 << 40]).contains("cut short"))
        #expect(try tensor(extents: [1], offset: 4).contains("offset 4"))
        #expect(try tensor(extents: [1], offset: .max).contains("offset"))
        #expect(try tensor(type: 8, extents: [33]).contains("Q8_0"))
        #expect(
            try reason { $0.addTensor("matrix", extents: [1], data: [0, 0, 0, 0]) }
                .contains("twice"))
        #expect(try reason { $0.add("general.alignment", 3) }.contains("general.alignment"))
        #expect(try reason { $0.add("general.alignment", 0) }.contains("general.alignment"))
        #expect(try reason { $0.add("general.alignment", "x") }.contains("general.alignment"))
    }

    @Test func namesTheTypeAndTensorItCannotRead() throws {
        var builder = GGUFBuilder.sample
        builder.addTensor("blk.0.attn_q.weight", type: 16, extents: [256], data: [0])
        let file = try open(builder)
        #expect(file.declaration(of: "blk.0.attn_q.weight")?.type == "IQ2_XXS")
        let error = #expect(throws: LanguageModelError.self) {
            try file.tensor("blk.0.attn_q.weight")
        }
        #expect("\(try #require(error))".contains("IQ2_XXS (tensor blk.0.attn_q.weight)"))
    }

    // MARK: Split files

    private func writeParts(_ change: (Int, inout GGUFBuilder) -> Void = { _, _ in }) throws
        -> [String]
    {
        try (0..<3).map { index in
            var builder = GGUFBuilder()
            if index == 0 { builder.add("general.architecture", "llama") }
            builder.add("split.no", index)
            builder.add("split.count", 3)
            builder.add("split.tensors.count", 3)
            builder.addTensor(
                "part\(index)", extents: [1],
                data: GGUFBuilder.littleEndian(Float(index).bitPattern))
            change(index, &builder)
            return try folder.write(builder.bytes, to: "m-0000\(index + 1)-of-00003.gguf")
        }
    }

    @Test func joinsSplitFilesFromAnyPart() throws {
        for path in try writeParts() {
            let file = try GGUFFile(path: path)
            #expect(file.tensorNames == ["part0", "part1", "part2"])
            #expect(try file.tensor("part2")?.floats() == [2])
            #expect(file.metadata["general.architecture"]?.string == "llama")
            #expect(file.parts.count == 3)
        }
    }

    @Test func namesTheMissingPart() throws {
        let paths = try writeParts()
        try FileManager.default.removeItem(atPath: paths[1])
        let error = #expect(throws: LanguageModelError.self) { try GGUFFile(path: paths[0]) }
        #expect("\(try #require(error))".contains("m-00002-of-00003.gguf"))
    }

    @Test func refusesPartsThatDoNotBelongTogether() throws {
        var paths = try writeParts { index, builder in
            if index == 2 { builder.addTensor("part0", extents: [1], data: [0, 0, 0, 0]) }
        }
        #expect(throws: LanguageModelError.self) { try GGUFFile(path: paths[0]) }
        paths = try writeParts()
        let copy = try Data(contentsOf: URL(fileURLWithPath: paths[2]))
        try folder.write(copy, to: "m-00002-of-00003.gguf")
        #expect(throws: LanguageModelError.self) { try GGUFFile(path: paths[0]) }
        let alone = try folder.write(
            try Data(contentsOf: URL(fileURLWithPath: paths[0])), to: "renamed.gguf")
        #expect(throws: LanguageModelError.self) { try GGUFFile(path: alone) }
    }
}
