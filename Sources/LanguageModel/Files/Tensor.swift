import CKernels

/// A named array of numbers inside a file.
// Unchecked because of the pointer: `bytes` lies in `storage`, which is read-only and kept
// alive by the strong reference beside it.
public struct Tensor: @unchecked Sendable {
    public let name: String
    public let type: TensorType
    /// Extents from the outermost to the innermost: a matrix is [rows, columns], and each row
    /// is contiguous. (GGUF's own order is the reverse.)
    public let shape: [Int]
    /// The data, row after row; `rows * rowBytes` bytes.
    public let bytes: UnsafeRawBufferPointer
    public let storage: any TensorStorage

    public init(
        name: String, type: TensorType, shape: [Int], bytes: UnsafeRawBufferPointer,
        storage: any TensorStorage
    ) {
        precondition(
            bytes.count == shape.dropLast().reduce(1, *) * type.rowBytes(columns: shape.last ?? 1))
        self.name = name
        self.type = type
        self.shape = shape
        self.bytes = bytes
        self.storage = storage
    }

    /// Numbers in a row: the innermost extent.
    public var columns: Int { shape.last ?? 1 }
    /// Product of all extents but the innermost.
    public var rows: Int { shape.dropLast().reduce(1, *) }
    public var elementCount: Int { rows * columns }
    public var rowBytes: Int { type.rowBytes(columns: columns) }

    /// The bytes of one row.
    public func row(_ index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[index * rowBytes..<(index + 1) * rowBytes])
    }

    /// A matrix of some of the rows, without a copy.
    public func rows(_ range: Range<Int>) -> Tensor {
        Tensor(
            name: name, type: type, shape: [range.count, columns],
            bytes: UnsafeRawBufferPointer(
                rebasing: bytes[range.lowerBound * rowBytes..<range.upperBound * rowBytes]),
            storage: storage)
    }

    /// Writes a row as float32 to `destination`, which has room for ``columns``.
    public func dequantize(row index: Int, to destination: UnsafeMutablePointer<Float>) {
        rk_dequantize_row(
            Int32(type.rawValue), row(index).baseAddress, destination, Int64(columns))
    }

    /// All numbers as float32, row after row.
    public func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: elementCount) { buffer, count in
            if let base = buffer.baseAddress {
                for index in 0..<rows { dequantize(row: index, to: base + index * columns) }
            }
            count = elementCount
        }
    }
}
