import Foundation

@testable import LanguageModel

/// Writes the bytes of a GGUF file, right or wrong.
struct GGUFBuilder {
    var magic = Array("GGUF".utf8)
    var version: UInt32 = 3
    var tensorCount: UInt64?
    var valueCount: UInt64?
    var values: [[UInt8]] = []
    var tensors: [(info: [UInt8], data: [UInt8])] = []
    private var dataSize = 0

    static func string(_ text: String) -> [UInt8] {
        littleEndian(UInt64(text.utf8.count)) + Array(text.utf8)
    }

    static func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    mutating func add(_ key: String, type: UInt32, _ bytes: [UInt8]) {
        values.append(Self.string(key) + Self.littleEndian(type) + bytes)
    }

    mutating func add(_ key: String, _ value: Int) {
        add(key, type: 4, Self.littleEndian(UInt32(value)))
    }

    mutating func add(_ key: String, _ value: String) { add(key, type: 8, Self.string(value)) }

    mutating func add(_ key: String, _ value: Float) {
        add(key, type: 6, Self.littleEndian(value.bitPattern))
    }

    mutating func addTensor(
        _ name: String, type: UInt32 = 0, extents: [UInt64], offset: UInt64? = nil, data: [UInt8]
    ) {
        var info = Self.string(name) + Self.littleEndian(UInt32(extents.count))
        for extent in extents { info += Self.littleEndian(extent) }
        info += Self.littleEndian(type) + Self.littleEndian(offset ?? UInt64(dataSize))
        let padded = data + [UInt8](repeating: 0, count: (32 - data.count % 32) % 32)
        dataSize += padded.count
        tensors.append((info, padded))
    }

    var bytes: [UInt8] {
        var result = magic + Self.littleEndian(version)
        result += Self.littleEndian(tensorCount ?? UInt64(tensors.count))
        result += Self.littleEndian(valueCount ?? UInt64(values.count))
        for value in values { result += value }
        for tensor in tensors { result += tensor.info }
        result += [UInt8](repeating: 0, count: (32 - result.count % 32) % 32)
        for tensor in tensors { result += tensor.data }
        return result
    }

    /// A file with a value of each kind and two tensors.
    static var sample: GGUFBuilder {
        var builder = GGUFBuilder()
        builder.add("general.architecture", "llama")
        builder.add("a.count", 7)
        builder.add("a.scale", 0.5)
        builder.add("a.flag", type: 7, [1])
        builder.add("a.wide", type: 10, littleEndian(UInt64.max))
        builder.add("a.negative", type: 5, littleEndian(Int32(-3)))
        builder.add(
            "a.words", type: 9,
            littleEndian(UInt32(8)) + littleEndian(UInt64(2)) + string("one") + string("zwei"))
        builder.add(
            "a.numbers", type: 9,
            littleEndian(UInt32(3)) + littleEndian(UInt64(2)) + littleEndian(Int16(-1))
                + littleEndian(Int16(300)))
        builder.add(
            "a.nested", type: 9,
            littleEndian(UInt32(9)) + littleEndian(UInt64(1)) + littleEndian(UInt32(0))
                + littleEndian(UInt64(2)) + [1, 2])
        let floats: [Float] = [1, 2, 3, 4, 5, 6]
        builder.addTensor(
            "matrix", extents: [3, 2], data: floats.flatMap { littleEndian($0.bitPattern) })
        builder.addTensor(
            "quantized", type: 8, extents: [32, 1],
            data: littleEndian(UInt16(0x3C00)) + (0..<32).map { UInt8($0) })
        return builder
    }
}

/// Writes the bytes of a safetensors file, right or wrong.
struct SafetensorsBuilder {
    var header: String
    var data: [UInt8] = []
    var headerLength: UInt64?

    var bytes: [UInt8] {
        GGUFBuilder.littleEndian(headerLength ?? UInt64(header.utf8.count)) + Array(header.utf8)
            + data
    }
}

/// A folder that is gone when the test is over.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/riposte-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// - Returns: The file's path.
    @discardableResult
    func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try write(Array(text.utf8), to: name)
    }
}
