import Engine
import Foundation
import JSON
import LanguageModel

/// One safetensors file: named float tensors and text metadata.
public struct SafetensorsFile: Sendable {
    public struct Entry: Sendable, Equatable {
        public var shape: [Int]
        public var values: [Float]

        public init(shape: [Int], values: [Float]) {
            precondition(shape.reduce(1, *) == values.count, "a shape holds its values")
            self.shape = shape
            self.values = values
        }
    }

    public var tensors: [String: Entry]
    public var metadata: [String: String]

    public init(tensors: [String: Entry] = [:], metadata: [String: String] = [:]) {
        self.tensors = tensors
        self.metadata = metadata
    }

    // MARK: Reading

    /// Reads F32, F16 and BF16 tensors as float32.
    ///
    /// - Throws: ``TrainingError/invalidAdapter(path:reason:)``.
    public init(contentsOf path: String) throws {
        func fail(_ reason: String) -> TrainingError {
            .invalidAdapter(path: path, reason: reason)
        }
        let file: MappedFile
        do { file = try MappedFile(path: path) } catch { throw fail("it cannot be read") }
        let bytes = file.bytes
        guard bytes.count >= 8 else { throw fail("it ends too early") }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(bytes.count - 8) else {
            throw fail("its header is longer than the file")
        }
        let dataStart = 8 + Int(length)
        let json: JSONValue
        do {
            json = try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]))
        } catch { throw fail("its header is not JSON") }
        guard let members = json.object else { throw fail("its header is not an object") }
        tensors = [:]
        metadata = [:]
        for (name, value) in members {
            if name == "__metadata__" {
                for (key, text) in value.object ?? [:] { metadata[key] = text.string }
                continue
            }
            guard let typeName = value["dtype"]?.string, let type = Self.types[typeName] else {
                throw fail("tensor \(name) is not F32, F16 or BF16")
            }
            let shape = (value["shape"]?.array ?? []).compactMap(\.int)
            let offsets = (value["data_offsets"]?.array ?? []).compactMap(\.int)
            guard shape.count == value["shape"]?.array?.count, shape.allSatisfy({ $0 > 0 }),
                shape.count <= 4, offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1],
                offsets[1] <= bytes.count - dataStart
            else { throw fail("tensor \(name) has a bad shape or lies beyond the end") }
            var size = type.bytesPerBlock
            for extent in shape {
                let (product, overflow) = size.multipliedReportingOverflow(by: extent)
                guard !overflow else { throw fail("tensor \(name) is too large") }
                size = product
            }
            guard size == offsets[1] - offsets[0] else {
                throw fail("tensor \(name) does not have the size of its shape")
            }
            let tensor = Tensor(
                name: name, type: type, shape: shape.isEmpty ? [1] : shape,
                bytes: UnsafeRawBufferPointer(
                    rebasing: bytes[dataStart + offsets[0]..<dataStart + offsets[1]]),
                storage: file)
            tensors[name] = Entry(shape: tensor.shape, values: tensor.floats())
        }
    }

    private static let types: [String: TensorType] = ["F32": .f32, "F16": .f16, "BF16": .bf16]

    // MARK: Writing

    /// Writes float32 tensors in the order of their names, atomically; equal contents give
    /// equal bytes.
    public func write(to path: String) throws {
        try AtomicFile.write(try encoded(), to: path)
    }

    public func encoded() throws -> Data {
        var header: [String: HeaderEntry] = [:]
        var offset = 0
        let names = tensors.keys.sorted()
        for name in names {
            let entry = tensors[name]!
            let size = entry.values.count * 4
            header[name] = .tensor(shape: entry.shape, offsets: [offset, offset + size])
            offset += size
        }
        if !metadata.isEmpty { header["__metadata__"] = .metadata(metadata) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var json = try encoder.encode(header)
        while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
        var data = Data(capacity: 8 + json.count + offset)
        withUnsafeBytes(of: UInt64(json.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(json)
        for name in names {
            var words = tensors[name]!.values.map { $0.bitPattern.littleEndian }
            words.withUnsafeMutableBytes { data.append(contentsOf: $0) }
        }
        return data
    }

    private enum HeaderEntry: Encodable {
        case tensor(shape: [Int], offsets: [Int])
        case metadata([String: String])

        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case offsets = "data_offsets"
        }

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .tensor(let shape, let offsets):
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode("F32", forKey: .dtype)
                try container.encode(shape, forKey: .shape)
                try container.encode(offsets, forKey: .offsets)
            case .metadata(let texts):
                try texts.encode(to: encoder)
            }
        }
    }
}
