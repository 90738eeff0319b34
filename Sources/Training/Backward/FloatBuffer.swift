/// Floats outside Swift's arrays, for buffers that C writes and that many rows share.
// Unchecked because of the pointer: a buffer belongs to one pass, which runs on one thread at a
// time and hands parts of it to C alone.
final class FloatBuffer: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
        self.count = count
        pointer = .allocate(capacity: max(1, count))
        pointer.initialize(repeating: 0, count: max(1, count))
    }

    convenience init(_ values: [Float]) {
        self.init(count: values.count)
        assign(values)
    }

    deinit { pointer.deallocate() }

    func clear() { pointer.update(repeating: 0, count: count) }

    var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    func assign(_ values: [Float]) {
        precondition(values.count == count, "a buffer is filled whole")
        values.withUnsafeBufferPointer {
            if let base = $0.baseAddress { pointer.update(from: base, count: count) }
        }
    }
}
