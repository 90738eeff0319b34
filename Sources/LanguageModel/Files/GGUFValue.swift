/// A value of a GGUF file's metadata.
public enum GGUFValue: Sendable {
    case unsigned(UInt64)
    case signed(Int64)
    case float(Double)
    case bool(Bool)
    case string(String)
    case array(GGUFArray)

    /// The value as an integer, where it is one and fits.
    public var int: Int? {
        switch self {
        case .unsigned(let value): Int(exactly: value)
        case .signed(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The value as a number; integers count.
    public var double: Double? {
        switch self {
        case .unsigned(let value): Double(value)
        case .signed(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var array: GGUFArray? {
        if case .array(let value) = self { value } else { nil }
    }
}

/// The ids of GGUF's value types.
enum GGUFValueType: UInt32, Sendable {
    case uint8 = 0
    case int8 = 1
    case uint16 = 2
    case int16 = 3
    case uint32 = 4
    case int32 = 5
    case float32 = 6
    case bool = 7
    case string = 8
    case array = 9
    case uint64 = 10
    case int64 = 11
    case float64 = 12

    /// Bytes of a value; nil for strings and arrays, which say themselves.
    var size: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }
}

/// An array of a GGUF file's metadata, left where it lies in the file until it is asked for:
/// a vocabulary of 250,000 strings costs nothing to skip.
public struct GGUFArray: Sendable {
    let elementType: GGUFValueType
    public let count: Int
    /// Bounds of the elements in the file; every length inside has been checked.
    let range: Range<Int>
    let file: MappedFile

    /// The elements as they lie in the file.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: file.bytes[range]) }

    /// The elements as integers; nil where they are something else or do not fit.
    public var ints: [Int]? {
        switch elementType {
        case .uint8: map(UInt8.self) { Int($0) }
        case .int8: map(Int8.self) { Int($0) }
        case .uint16: map(UInt16.self) { Int(UInt16(littleEndian: $0)) }
        case .int16: map(Int16.self) { Int(Int16(littleEndian: $0)) }
        case .uint32: map(UInt32.self) { Int(UInt32(littleEndian: $0)) }
        case .int32: map(Int32.self) { Int(Int32(littleEndian: $0)) }
        case .uint64: map(UInt64.self) { Int(exactly: UInt64(littleEndian: $0)) }
        case .int64: map(Int64.self) { Int(Int64(littleEndian: $0)) }
        case .float32, .float64, .bool, .string, .array: nil
        }
    }

    /// The elements as floats; nil where they are not floats.
    public var floats: [Float]? {
        switch elementType {
        case .float32: map(UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
        case .float64: map(UInt64.self) { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
        default: nil
        }
    }

    public var bools: [Bool]? {
        elementType == .bool ? map(UInt8.self) { $0 != 0 } : nil
    }

    /// The elements as strings; nil where they are something else. Bytes that are not UTF-8
    /// become replacement characters: ``forEachString(_:)`` gives the bytes themselves.
    public var strings: [String]? {
        guard elementType == .string else { return nil }
        var result: [String] = []
        result.reserveCapacity(count)
        forEachString { result.append(String(decoding: $0, as: UTF8.self)) }
        return result
    }

    /// Calls `body` with the bytes of each string, in order; not at all for other elements.
    /// The bytes are valid only during the call.
    public func forEachString(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        guard elementType == .string else { return }
        let bytes = file.bytes
        var offset = range.lowerBound
        for _ in 0..<count {
            let length = Int(
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
            try body(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]))
            offset += length
        }
    }

    private func map<Raw: BitwiseCopyable, Result>(_: Raw.Type, _ convert: (Raw) -> Result?)
        -> [Result]?
    {
        var result: [Result] = []
        result.reserveCapacity(count)
        for index in 0..<count {
            let offset = range.lowerBound + index * MemoryLayout<Raw>.size
            guard
                let value = convert(file.bytes.loadUnaligned(fromByteOffset: offset, as: Raw.self))
            else { return nil }
            result.append(value)
        }
        return result
    }
}
