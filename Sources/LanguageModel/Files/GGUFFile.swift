import Foundation

/// A GGUF model file, version 2 or 3, with its other parts where it was split.
///
/// The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Nothing in the file
/// is trusted: counts, lengths, offsets and shapes are checked against the file's size before
/// anything is allocated or read.
public final class GGUFFile: WeightFile {
    public let path: String
    public let version: Int
    /// The first part's metadata.
    public let metadata: [String: GGUFValue]
    public let tensorNames: [String]
    /// Bytes of all parts.
    public let fileBytes: Int
    /// The mapped parts, in order.
    public let parts: [MappedFile]

    private let entries: [String: Entry]

    /// A tensor as the file declares it.
    struct Entry: Sendable {
        var typeID: UInt32
        var shape: [Int]
        var part: Int
        /// In the part; empty for types that are not supported.
        var range: Range<Int>
    }

    public init(path: String) throws {
        var part = try Part(path: path)
        var paths = [path]
        let count = part.metadata["split.count"]?.int ?? 1
        if count > 1 {
            paths = try Self.splitPaths(of: path, count: count)
            if paths[0] != path { part = try Part(path: paths[0]) }
        }
        var entries: [String: Entry] = [:]
        var names: [String] = []
        var files: [MappedFile] = []
        for (index, partPath) in paths.enumerated() {
            let next = index == 0 ? part : try Part(path: partPath)
            if let declared = next.metadata["split.no"]?.int, declared != index {
                throw LanguageModelError.invalidFile(
                    path: partPath, place: "split.no",
                    reason: "the name says part \(index + 1), the file says part \(declared + 1)")
            }
            for (name, var entry) in next.tensors {
                entry.part = index
                guard entries.updateValue(entry, forKey: name) == nil else {
                    throw LanguageModelError.invalidFile(
                        path: partPath, place: "tensor \(name)", reason: "it is there twice")
                }
                names.append(name)
            }
            files.append(next.file)
        }
        if let declared = part.metadata["split.tensors.count"]?.int, declared != names.count {
            throw LanguageModelError.invalidFile(
                path: path, place: "split.tensors.count",
                reason: "it says \(declared) tensors, but the parts have \(names.count)")
        }
        self.path = path
        self.version = part.version
        self.metadata = part.metadata
        self.entries = entries
        self.tensorNames = names
        self.parts = files
        self.fileBytes = files.reduce(0) { $0 + $1.bytes.count }
    }

    public func tensor(_ name: String) throws -> Tensor? {
        guard let entry = entries[name] else { return nil }
        guard let type = TensorType(rawValue: entry.typeID) else {
            throw LanguageModelError.unsupported(
                path: path,
                feature: "tensor type \(TensorType.name(ofID: entry.typeID)) (tensor \(name))",
                hint: "use a file quantised as Q4_K_M, Q8_0 or another supported type")
        }
        let file = parts[entry.part]
        return Tensor(
            name: name, type: type, shape: entry.shape,
            bytes: UnsafeRawBufferPointer(rebasing: file.bytes[entry.range]), storage: file)
    }

    /// Type name and shape as the file declares them, also for types that are not supported.
    public func declaration(of name: String) -> (type: String, shape: [Int])? {
        entries[name].map { (TensorType.name(ofID: $0.typeID), $0.shape) }
    }

    public func releasePages() {
        for part in parts { part.releasePages() }
    }

    /// The paths of all parts, from the `-00002-of-00003.gguf` at the end of one part's name.
    private static func splitPaths(of path: String, count: Int) throws -> [String] {
        func number(_ value: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        }
        let suffixLength = "-00001-of-00001.gguf".count
        let tail = "-of-\(number(count)).gguf"
        guard count <= 99_999, path.hasSuffix(tail), path.count > suffixLength else {
            throw LanguageModelError.invalidFile(
                path: path, place: "split.count",
                reason: "it is one of \(count) parts, so its name must end in "
                    + "-00001-of-\(number(min(count, 99_999))).gguf")
        }
        let stem = path.dropLast(suffixLength)
        let paths = (1...count).map { "\(stem)-\(number($0))\(tail)" }
        for part in paths where access(part, R_OK) != 0 {
            throw LanguageModelError.cannotRead(
                path: part,
                reason: "\(String(cString: strerror(errno))); the model is split in \(count) "
                    + "files that must lie in one folder")
        }
        return paths
    }
}

extension GGUFFile {
    /// One physical file.
    private struct Part {
        var file: MappedFile
        var version: Int
        var metadata: [String: GGUFValue]
        var tensors: [(String, Entry)]

        init(path: String) throws {
            file = try MappedFile(path: path)
            var reader = GGUFReader(file: file)
            version = try Self.readVersion(&reader)
            let tensorCount = try reader.count(of: "tensors", minimumSize: 24)
            let valueCount = try reader.count(of: "metadata values", minimumSize: 13)
            metadata = try Self.readMetadata(&reader, count: valueCount)
            tensors = try Self.readTensors(&reader, count: tensorCount, metadata: metadata)
        }

        private static func readVersion(_ reader: inout GGUFReader) throws -> Int {
            let path = reader.file.path
            guard reader.remaining >= 24, reader.file.bytes.starts(with: Array("GGUF".utf8)) else {
                throw reader.failure("it does not begin as a GGUF file does")
            }
            try reader.skip(4)
            let version = try reader.integer(UInt32.self)
            switch version {
            case 2, 3:
                return Int(version)
            case 0x0200_0000, 0x0300_0000:
                throw LanguageModelError.unsupported(
                    path: path, feature: "big-endian GGUF", hint: "get the little-endian file")
            default:
                throw LanguageModelError.unsupported(
                    path: path, feature: "GGUF version \(version)",
                    hint: "convert it to version 3 with llama.cpp's gguf tools")
            }
        }

        private static func readMetadata(_ reader: inout GGUFReader, count: Int) throws
            -> [String: GGUFValue]
        {
            var metadata: [String: GGUFValue] = [:]
            metadata.reserveCapacity(count)
            for _ in 0..<count {
                let key = try reader.string()
                let type = try reader.valueType()
                let value = try reader.value(type)
                guard metadata.updateValue(value, forKey: key) == nil else {
                    throw reader.failure("the key is there twice", at: "key \(key)")
                }
            }
            return metadata
        }

        private static func readTensors(
            _ reader: inout GGUFReader, count: Int, metadata: [String: GGUFValue]
        ) throws -> [(String, Entry)] {
            let alignment = metadata["general.alignment"].map { $0.int ?? 0 } ?? 32
            guard alignment > 0, alignment & (alignment - 1) == 0, alignment <= 1 << 20 else {
                throw reader.failure("it is not a power of two", at: "general.alignment")
            }
            var declared: [(name: String, typeID: UInt32, shape: [Int], offset: UInt64)] = []
            declared.reserveCapacity(count)
            for _ in 0..<count {
                let name = try reader.string()
                let shape = try readShape(&reader, tensor: name)
                let typeID = try reader.integer(UInt32.self)
                declared.append((name, typeID, shape, try reader.integer(UInt64.self)))
            }
            let dataStart = (reader.offset + alignment - 1) & ~(alignment - 1)
            let dataBytes = max(0, reader.file.bytes.count - dataStart)
            return try declared.map { name, typeID, shape, offset in
                let place = "tensor \(name)"
                guard offset <= UInt64(dataBytes), offset % UInt64(alignment) == 0 else {
                    throw reader.failure("its data offset \(offset) is wrong", at: place)
                }
                var range = 0..<0
                if let type = TensorType(rawValue: typeID) {
                    guard let size = byteCount(of: shape, type: type) else {
                        throw reader.failure(
                            "shape \(shape) does not fit type \(type.name)", at: place)
                    }
                    guard size <= dataBytes - Int(offset) else {
                        throw reader.failure(
                            "its \(size) bytes reach beyond the end; the file may be cut short",
                            at: place)
                    }
                    range = dataStart + Int(offset)..<dataStart + Int(offset) + size
                }
                return (name, Entry(typeID: typeID, shape: shape, part: 0, range: range))
            }
        }

        /// The extents, turned from GGUF's innermost-first order.
        private static func readShape(_ reader: inout GGUFReader, tensor: String) throws -> [Int] {
            let rank = try reader.integer(UInt32.self)
            guard (1...4).contains(rank) else {
                throw reader.failure("it claims \(rank) dimensions", at: "tensor \(tensor)")
            }
            var shape: [Int] = []
            var product = 1
            for _ in 0..<rank {
                let extent = try reader.integer(UInt64.self)
                let (total, overflow) = product.multipliedReportingOverflow(
                    by: Int(clamping: extent))
                guard extent > 0, extent <= UInt64(Int.max), !overflow else {
                    throw reader.failure(
                        "an extent of \(extent) cannot be", at: "tensor \(tensor)")
                }
                product = total
                shape.append(Int(extent))
            }
            return shape.reversed()
        }

        /// Nil where rows are not whole blocks or the size overflows.
        private static func byteCount(of shape: [Int], type: TensorType) -> Int? {
            guard let columns = shape.last, columns % type.blockSize == 0 else { return nil }
            var size = columns / type.blockSize
            for factor in shape.dropLast() + [type.bytesPerBlock] {
                let (total, overflow) = size.multipliedReportingOverflow(by: factor)
                guard !overflow else { return nil }
                size = total
            }
            return size
        }
    }
}
