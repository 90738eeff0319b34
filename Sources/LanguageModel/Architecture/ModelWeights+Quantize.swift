import CKernels
import Dispatch

extension ModelWeights {
    /// The weights with their matrices quantised, for folders whose float weights would be
    /// slow to read: a copy in memory, with ggml's reference formulas.
    ///
    /// As llama.cpp does, embeddings and output head take Q8_0 where the rest takes Q4_1; a
    /// router, learned positions and matrices whose rows are no whole blocks stay as they are,
    /// and so does what the file has quantised already.
    ///
    /// - Parameter type: Q8_0 or Q4_1.
    /// - Parameter progress: Gets shares from 0 to 1.
    public func quantized(as type: TensorType, progress: ((Double) -> Void)? = nil) -> ModelWeights
    {
        precondition(type == .q8_0 || type == .q4_1)
        var result = self
        let total = Double(layers.count + 1)
        let isTied = output.matrix.isSame(as: tokenEmbedding)
        result.tokenEmbedding = tokenEmbedding.quantized(as: .q8_0)
        result.output.matrix =
            isTied ? result.tokenEmbedding : output.matrix.quantized(as: .q8_0)
        progress?(1 / total)
        for index in layers.indices {
            result.layers[index].query.quantize(as: type)
            result.layers[index].key.quantize(as: type)
            result.layers[index].value.quantize(as: type)
            result.layers[index].attentionOutput.quantize(as: type)
            switch layers[index].feedForward {
            case .dense(var dense):
                dense.quantize(as: type)
                result.layers[index].feedForward = .dense(dense)
            case .experts(let router, var experts):
                for expert in experts.indices { experts[expert].quantize(as: type) }
                result.layers[index].feedForward = .experts(router: router, experts: experts)
            }
            progress?(Double(index + 2) / total)
        }
        return result
    }
}

extension Linear {
    fileprivate mutating func quantize(as type: TensorType) {
        matrix = matrix.quantized(as: type)
    }
}

extension DenseWeights {
    fileprivate mutating func quantize(as type: TensorType) {
        gate?.quantize(as: type)
        up.quantize(as: type)
        down.quantize(as: type)
    }
}

extension WeightMatrix {
    /// Whether both are the same bytes of a file.
    fileprivate func isSame(as other: WeightMatrix) -> Bool {
        rows == other.rows && row(0).baseAddress == other.row(0).baseAddress
    }

    /// A quantised copy; itself where it is quantised or its rows are no whole blocks.
    func quantized(as target: TensorType) -> WeightMatrix {
        guard !type.isQuantized, columns % target.blockSize == 0 else { return self }
        let rowBytes = target.rowBytes(columns: columns)
        let storage = HeapStorage(byteCount: rows * rowBytes) { buffer in
            let destination = SendableBuffer(base: buffer.baseAddress)
            let slices = min(rows, 64)
            DispatchQueue.concurrentPerform(iterations: slices) { slice in
                let values = UnsafeMutablePointer<Float>.allocate(capacity: columns)
                defer { values.deallocate() }
                for row in rows * slice / slices..<rows * (slice + 1) / slices {
                    dequantize(row: row, to: values)
                    rk_quantize_row(
                        Int32(target.rawValue), values, destination.base! + row * rowBytes,
                        Int64(columns))
                }
            }
        }
        return WeightMatrix(
            Tensor(
                name: name, type: target, shape: [rows, columns], bytes: storage.bytes,
                storage: storage))
    }
}

// Unchecked because of the pointer: every slice of rows writes its own part.
private struct SendableBuffer: @unchecked Sendable {
    let base: UnsafeMutableRawPointer?
}
