import Foundation
import JSON

/// A Hugging Face model folder: safetensors beside their JSON files.
public final class SafetensorsFolder: WeightFile {
    public let path: String
    public let tensorNames: [String]
    /// `config.json`, whole.
    public let config: JSONValue
    /// Bytes of all safetensors files.
    public let fileBytes: Int
    public let parts: [MappedFile]

    private let entries: [String: Entry]

    private struct Entry: Sendable {
        /// safetensors' name of the type: `F32`, `BF16`, ….
        var typeName: String
        var shape: [Int]
        var part: Int
        var range: Range<Int>
    }

    public init(path: String) throws {
        self.path = path
        config = try Self.json("config.json", in: path)
        var entries: [String: Entry] = [:]
        var names: [String] = []
        var files: [MappedFile] = []
        for file in try Self.weightFiles(in: path) {
            let mapped = try MappedFile(path: Self.join(path, file))
            for (name, var entry) in try Self.readHeader(mapped) {
                entry.part = files.count
                guard entries.updateValue(entry, forKey: name) == nil else {
                    throw LanguageModelError.invalidFile(
                        path: mapped.path, place: "tensor \(name)", reason: "it is there twice")
                }
                names.append(name)
            }
            files.append(mapped)
        }
        self.entries = entries
        tensorNames = names
        parts = files
        fileBytes = files.reduce(0) { $0 + $1.bytes.count }
    }

    public func tensor(_ name: String) throws -> Tensor? {
        guard let entry = entries[name] else { return nil }
        guard let type = Self.types[entry.typeName] else {
            throw LanguageModelError.unsupported(
                path: path, feature: "tensor type \(entry.typeName) (tensor \(name))",
                hint: "use weights stored as F32, F16 or BF16")
        }
        let file = parts[entry.part]
        return Tensor(
            name: name, type: type, shape: entry.shape,
            bytes: UnsafeRawBufferPointer(rebasing: file.bytes[entry.range]), storage: file)
    }

    /// Type name and shape as the file declares them, also for types that are not supported.
    public func declaration(of name: String) -> (type: String, shape: [Int])? {
        entries[name].map { ($0.typeName, $0.shape) }
    }

    public func releasePages() {
        for part in parts { part.releasePages() }
    }

    /// The bytes of a file of the folder, such as `tokenizer.json`; nil where there is none.
    public func data(of file: String) throws -> Data? {
        try Self.data(of: file, in: path)
    }

    /// A JSON file of the folder; nil where there is none.
    public func json(_ file: String) throws -> JSONValue? {
        guard let data = try data(of: file) else { return nil }
        return try Self.parse(data, path: Self.join(path, file))
    }

    public func generationConfig() throws -> JSONValue? { try json("generation_config.json") }

    /// `chat_template.jinja`, or the template inside `tokenizer_config.json` or
    /// `chat_template.json`; where there are several, the one named `default`.
    static func chatTemplate(in folder: String) throws -> String? {
        if let data = try data(of: "chat_template.jinja", in: folder) {
            return String(decoding: data, as: UTF8.self)
        }
        for file in ["tokenizer_config.json", "chat_template.json"] {
            guard let data = try data(of: file, in: folder),
                let template = try parse(data, path: join(folder, file))["chat_template"]
            else { continue }
            if let text = template.string { return text }
            let choices = template.array ?? []
            let chosen = choices.first { $0["name"]?.string == "default" } ?? choices.first
            if let text = chosen?["template"]?.string { return text }
        }
        return nil
    }
}

extension SafetensorsFolder {
    private static let types: [String: TensorType] = ["F32": .f32, "F16": .f16, "BF16": .bf16]
    private static let widths: [String: Int] = [
        "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8,
        "U32": 4, "U16": 2, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
    ]

    private static func join(_ folder: String, _ file: String) -> String {
        folder.hasSuffix("/") ? folder + file : folder + "/" + file
    }

    private static func data(of file: String, in folder: String) throws -> Data? {
        let path = join(folder, file)
        guard access(path, F_OK) == 0 else { return nil }
        let mapped = try MappedFile(path: path)
        return Data(mapped.bytes)
    }

    private static func parse(_ data: Data, path: String) throws -> JSONValue {
        do {
            return try JSONValue(parsing: data)
        } catch let error as JSONSyntaxError {
            throw LanguageModelError.invalidFile(
                path: path, place: "line \(error.line), column \(error.column)",
                reason: error.reason)
        }
    }

    private static func json(_ file: String, in folder: String) throws -> JSONValue {
        guard let data = try data(of: file, in: folder) else {
            throw LanguageModelError.cannotRead(
                path: join(folder, file),
                reason: "there is no such file; a Hugging Face model folder needs one")
        }
        return try parse(data, path: join(folder, file))
    }

    /// Names of the safetensors files that hold the model.
    private static func weightFiles(in folder: String) throws -> [String] {
        let index = "model.safetensors.index.json"
        if access(join(folder, "model.safetensors"), F_OK) == 0 { return ["model.safetensors"] }
        guard let data = try data(of: index, in: folder) else {
            throw LanguageModelError.cannotRead(
                path: folder,
                reason: "there is neither a model.safetensors nor a \(index) in it")
        }
        let json = try parse(data, path: join(folder, index))
        guard let map = json["weight_map"]?.object, !map.isEmpty else {
            throw LanguageModelError.invalidFile(
                path: join(folder, index), place: "weight_map", reason: "it must name the files")
        }
        var files: Set<String> = []
        for (tensor, value) in map {
            // A name with a slash could reach any file of the person's.
            guard let file = value.string, file.hasSuffix(".safetensors"), !file.contains("/")
            else {
                throw LanguageModelError.invalidFile(
                    path: join(folder, index), place: "weight_map, \(tensor)",
                    reason: "it must name a .safetensors file of the folder")
            }
            files.insert(file)
        }
        return files.sorted()
    }

    /// The tensors of one file: 8 bytes of header length, the JSON header, the data.
    private static func readHeader(_ file: MappedFile) throws -> [(String, Entry)] {
        func failure(_ place: String, _ reason: String) -> LanguageModelError {
            .invalidFile(path: file.path, place: place, reason: reason)
        }
        let bytes = file.bytes
        guard bytes.count >= 8 else { throw failure("byte 0", "the file ends too early") }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(bytes.count - 8) else {
            throw failure("byte 0", "the header of \(length) bytes is longer than the file")
        }
        let dataStart = 8 + Int(length)
        let dataBytes = bytes.count - dataStart
        let header: JSONValue
        do {
            header = try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]))
        } catch let error as JSONSyntaxError {
            throw failure("the header, \(error.line):\(error.column)", error.reason)
        }
        guard let members = header.object else {
            throw failure("the header", "it must be a JSON object")
        }
        var result: [(String, Entry)] = []
        for (name, value) in members where name != "__metadata__" {
            let place = "tensor \(name)"
            guard let type = value["dtype"]?.string, let shape = value["shape"]?.array,
                let offsets = value["data_offsets"]?.array, offsets.count == 2,
                let start = offsets[0].int, let end = offsets[1].int
            else { throw failure(place, "it needs dtype, shape and data_offsets") }
            guard 0 <= start, start <= end, end <= dataBytes else {
                throw failure(
                    place, "its data lie beyond the end; the file may be cut short")
            }
            var extents: [Int] = []
            var size = widths[type] ?? 0
            for extent in shape {
                guard let extent = extent.int, extent > 0 || (extent == 0 && size >= 0) else {
                    throw failure(place, "a shape is a list of counts")
                }
                let (total, overflow) = size.multipliedReportingOverflow(by: extent)
                guard !overflow else { throw failure(place, "its shape is too large") }
                size = total
                extents.append(extent)
            }
            // Types without a known width are refused when they are asked for.
            guard widths[type] == nil || size == end - start else {
                throw failure(
                    place, "shape \(extents) of \(type) takes \(size) bytes, not \(end - start)")
            }
            guard extents.count <= 4 else { throw failure(place, "it has too many dimensions") }
            result.append(
                (
                    name,
                    Entry(
                        typeName: type, shape: extents, part: 0,
                        range: dataStart + start..<dataStart + end)
                ))
        }
        return result
    }
}
