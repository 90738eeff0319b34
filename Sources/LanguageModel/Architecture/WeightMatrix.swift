/// A matrix of weights as the file stores it: rows × columns, each row contiguous.
///
/// The rows may lie in several pieces of one file tensor (a fused q, k and v), all of the same
/// number of rows.
public struct WeightMatrix: Sendable {
    /// The file's name of it, for messages.
    public let name: String
    public let type: TensorType
    public let rows: Int
    public let columns: Int
    private let parts: [Tensor]
    private let rowsPerPart: Int

    /// A file's matrix; of a tensor with more dimensions the outer ones become rows.
    init(_ tensor: Tensor) { self.init(parts: [tensor]) }

    /// Matrices of equal shape and type, one below the other.
    init(parts: [Tensor]) {
        precondition(!parts.isEmpty && parts.allSatisfy { $0.rows == parts[0].rows })
        self.parts = parts
        name = parts[0].name
        type = parts[0].type
        columns = parts[0].columns
        rowsPerPart = parts[0].rows
        rows = rowsPerPart * parts.count
    }

    /// Some of the rows, without a copy. The ranges are equally long.
    ///
    /// - Precondition: The matrix is in one piece.
    func slice(_ ranges: [Range<Int>]) -> WeightMatrix {
        precondition(parts.count == 1)
        return WeightMatrix(parts: ranges.map { parts[0].rows($0) })
    }

    public var rowBytes: Int { type.rowBytes(columns: columns) }
    public var elementCount: Int { rows * columns }
    public var byteCount: Int { rows * rowBytes }

    /// The stored bytes of a row. They need not be aligned.
    public func row(_ index: Int) -> UnsafeRawBufferPointer {
        parts[index / rowsPerPart].row(index % rowsPerPart)
    }

    /// All rows at once where they lie together.
    public var contiguousBytes: UnsafeRawBufferPointer? {
        parts.count == 1 ? parts[0].bytes : nil
    }

    /// Writes a row as float32 to `destination`, which has room for ``columns``.
    public func dequantize(row index: Int, to destination: UnsafeMutablePointer<Float>) {
        parts[index / rowsPerPart].dequantize(row: index % rowsPerPart, to: destination)
    }

    /// All weights as float32, row after row.
    public func floats() -> [Float] { parts.flatMap { $0.floats() } }
}
