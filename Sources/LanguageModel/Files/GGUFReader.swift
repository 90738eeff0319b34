/// A cursor over the bytes of a GGUF file that checks every step against the file's end.
struct GGUFReader {
    let file: MappedFile
    private(set) var offset = 0

    init(file: MappedFile) { self.file = file }

    var remaining: Int { file.bytes.count - offset }

    func failure(_ reason: String, at place: String? = nil) -> LanguageModelError {
        .invalidFile(path: file.path, place: place ?? "byte \(offset)", reason: reason)
    }

    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type) throws -> Value
    {
        let size = MemoryLayout<Value>.size
        guard remaining >= size else { throw failure("the file ends too early") }
        defer { offset += size }
        return Value(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    /// A count or length of things that take at least `minimumSize` bytes each.
    mutating func count(of things: String, minimumSize: Int) throws -> Int {
        let start = offset
        let value = try integer(UInt64.self)
        guard value <= UInt64(remaining / minimumSize) else {
            throw failure(
                "it claims \(value) \(things), more than the file has room for",
                at: "byte \(start)")
        }
        return Int(value)
    }

    mutating func skip(_ byteCount: Int) throws {
        guard byteCount <= remaining else { throw failure("the file ends too early") }
        offset += byteCount
    }

    mutating func stringBytes() throws -> UnsafeRawBufferPointer {
        let length = try count(of: "bytes of text", minimumSize: 1)
        defer { offset += length }
        return UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + length])
    }

    mutating func string() throws -> String {
        String(decoding: try stringBytes(), as: UTF8.self)
    }

    mutating func valueType() throws -> GGUFValueType {
        let start = offset
        let id = try integer(UInt32.self)
        guard let type = GGUFValueType(rawValue: id) else {
            throw failure("there is no value type \(id)", at: "byte \(start)")
        }
        return type
    }

    mutating func value(_ type: GGUFValueType) throws -> GGUFValue {
        switch type {
        case .uint8: .unsigned(UInt64(try integer(UInt8.self)))
        case .int8: .signed(Int64(try integer(Int8.self)))
        case .uint16: .unsigned(UInt64(try integer(UInt16.self)))
        case .int16: .signed(Int64(try integer(Int16.self)))
        case .uint32: .unsigned(UInt64(try integer(UInt32.self)))
        case .int32: .signed(Int64(try integer(Int32.self)))
        case .uint64: .unsigned(try integer(UInt64.self))
        case .int64: .signed(try integer(Int64.self))
        case .float32: .float(Double(Float(bitPattern: try integer(UInt32.self))))
        case .float64: .float(Double(bitPattern: try integer(UInt64.self)))
        case .bool: .bool(try integer(UInt8.self) != 0)
        case .string: .string(try string())
        case .array: .array(try array(depth: 0))
        }
    }

    /// Skips over an array, checking what is inside, and remembers where it lies.
    private mutating func array(depth: Int) throws -> GGUFArray {
        guard depth < 4 else { throw failure("arrays are nested more than four deep") }
        let type = try valueType()
        // A string has a length of 8 bytes, an array a type of 4 and a count of 8.
        let minimumSize = type.size ?? (type == .string ? 8 : 12)
        let count = try count(of: "array elements", minimumSize: minimumSize)
        let start = offset
        if let size = type.size {
            try skip(count * size)
        } else if type == .string {
            for _ in 0..<count { _ = try stringBytes() }
        } else {
            for _ in 0..<count { _ = try array(depth: depth + 1) }
        }
        return GGUFArray(elementType: type, count: count, range: start..<offset, file: file)
    }
}
