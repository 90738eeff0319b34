import Foundation
import LanguageModel

/// The file of a head is a safetensors file: float32 tensors `mean`, `deviation`, `weights` of
/// shape [features × width] and `bias` of shape [1], and in its `__metadata__` the strings
/// `format` ("riposte-reward"), `version` ("1") and `specification` (JSON).
extension FeatureRewardModel {
    public static let formatName = "riposte-reward"
    public static let formatVersion = "1"

    /// Reads and checks a head's file.
    public init(contentsOf path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw EngineError.file(path: path, reason: "the file cannot be read")
        }
        try self.init(data, path: path)
    }

    /// `path` only names the file in errors.
    public init(_ data: Data, path: String) throws {
        func fail(_ reason: String) -> EngineError { .invalidReward(path: path, reason: reason) }
        let bytes = [UInt8](data)
        guard bytes.count >= 8 else { throw fail("it has \(bytes.count) bytes") }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
        guard length <= UInt64(bytes.count - 8), length < 1 << 24 else {
            throw fail("its header is cut or the file is not safetensors")
        }
        let start = 8 + Int(length)
        let header: FileHeader
        do {
            header = try JSONDecoder().decode(FileHeader.self, from: Data(bytes[8..<start]))
        } catch {
            throw fail("its header is not a reward model's")
        }
        guard header.metadata.format == Self.formatName else {
            throw fail("its format is \"\(header.metadata.format)\", not \(Self.formatName)")
        }
        guard header.metadata.version == Self.formatVersion else {
            throw fail("it has version \(header.metadata.version), this program reads 1")
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let specification: Specification
        do {
            specification = try decoder.decode(
                Specification.self, from: Data(header.metadata.specification.utf8))
        } catch {
            throw fail("its specification cannot be read")
        }
        guard !specification.features.isEmpty, specification.features.count <= 1024,
            (1...1_000_000).contains(specification.embeddingWidth)
        else { throw fail("its specification names no feature") }
        let width = specification.width

        func floats(_ name: String, _ entry: FileHeader.Tensor, count: Int) throws -> [Float] {
            guard entry.dtype == "F32", entry.shape == [count], entry.offsets.count == 2,
                entry.offsets[0] >= 0, entry.offsets[0] <= bytes.count - start,
                entry.offsets[1] - entry.offsets[0] == count * 4,
                entry.offsets[1] <= bytes.count - start
            else { throw fail("tensor \"\(name)\" is not \(count) float32 numbers") }
            let base = start + entry.offsets[0]
            let values = (0..<count).map { index in
                let at = base + 4 * index
                let bits =
                    UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
                    | UInt32(bytes[at + 3]) << 24
                return Float(bitPattern: bits)
            }
            guard values.allSatisfy(\.isFinite) else {
                throw fail("tensor \"\(name)\" has a number that is not finite")
            }
            return values
        }
        let deviation = try floats("deviation", header.deviation, count: width)
        guard deviation.allSatisfy({ $0 > 0 }) else {
            throw fail("tensor \"deviation\" has a number that is not positive")
        }
        self.init(
            specification: specification, mean: try floats("mean", header.mean, count: width),
            deviation: deviation, weights: try floats("weights", header.weights, count: width),
            bias: try floats("bias", header.bias, count: 1)[0], fingerprint: SHA256.hex(of: data))
    }

    /// The bytes of the head's file; the same head gives the same bytes.
    public func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(specification), as: UTF8.self)
        var offset = 0
        func tensor(_ count: Int) -> FileHeader.Tensor {
            defer { offset += count * 4 }
            return FileHeader.Tensor(
                dtype: "F32", shape: [count], offsets: [offset, offset + count * 4])
        }
        let header = FileHeader(
            metadata: .init(
                format: Self.formatName, version: Self.formatVersion, specification: text),
            mean: tensor(width), deviation: tensor(width), weights: tensor(width), bias: tensor(1))
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var json = try encoder.encode(header)
        while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
        var data = Data()
        withUnsafeBytes(of: UInt64(json.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(json)
        for value in mean + deviation + weights + [bias] {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
        }
        return data
    }

    private struct FileHeader: Codable {
        struct Metadata: Codable {
            var format: String
            var version: String
            var specification: String
        }

        struct Tensor: Codable {
            var dtype: String
            var shape: [Int]
            var offsets: [Int]

            enum CodingKeys: String, CodingKey {
                case dtype, shape
                case offsets = "data_offsets"
            }
        }

        var metadata: Metadata
        var mean: Tensor
        var deviation: Tensor
        var weights: Tensor
        var bias: Tensor

        enum CodingKeys: String, CodingKey {
            case mean, deviation, weights, bias
            case metadata = "__metadata__"
        }
    }
}
