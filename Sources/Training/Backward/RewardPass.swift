import CKernels
import LanguageModel

/// Scores of replies from a body with adapters and a linear head on the state after the output
/// norm at each reply's last token, and the gradient of a loss of those scores.
final class RewardPass {
    let pass: TransformerPass
    let body: FrozenBody
    let layout: AdapterLayout

    init(body: FrozenBody, layout: AdapterLayout, threads: Int = 0) {
        self.body = body
        self.layout = layout
        pass = TransformerPass(body: body, layout: layout, threads: threads)
    }

    /// Head outputs a reply, `layout.headRows` numbers each, tree by tree.
    func scores(_ batch: TreeBatch, parameters: FloatBuffer) -> [[Float]] {
        let stream = pass.forward(batch, parameters: parameters.pointer, keepsTape: false)
        return readOut(stream, batch, parameters).outputs
    }

    /// The states that the head reads, a row a reply, tree by tree.
    func states(_ batch: TreeBatch, parameters: FloatBuffer) -> [Float] {
        let stream = pass.forward(batch, parameters: parameters.pointer, keepsTape: false)
        return readOut(stream, batch, parameters).states
    }

    /// Adds the gradient of a loss to `gradient`.
    ///
    /// - Parameter loss: gets the head outputs and returns the gradient of the loss with respect
    ///   to each of them; nil ends the call without a gradient.
    func accumulate(
        _ batch: TreeBatch, parameters: FloatBuffer, gradient: FloatBuffer,
        loss: ([[Float]]) -> [[Float]]?
    ) {
        let stream = pass.forward(batch, parameters: parameters.pointer)
        let (outputs, rows, states) = readOut(stream, batch, parameters)
        guard let slopes = loss(outputs) else { return }
        let width = body.width
        let head = parameters.pointer + layout.headOffset
        let headGradient = gradient.pointer + layout.headOffset

        // Several replies may be read at one row (empty ones), so gradients add up.
        var rowGradients: [Int: [Float]] = [:]
        for (reply, row) in rows.enumerated() {
            var sum = rowGradients[row] ?? [Float](repeating: 0, count: width)
            for (label, slope) in slopes[reply].enumerated() {
                for k in 0..<width {
                    headGradient[label * width + k] += slope * states[reply * width + k]
                    sum[k] += slope * head[label * width + k]
                }
            }
            rowGradients[row] = sum
        }
        let before = FloatBuffer(count: width)
        let count = batch.rows * width
        // The stream itself is needed until every row read has its gradient.
        var gradients: [(Int, [Float])] = []
        for (row, slope) in rowGradients {
            rk_rms_norm_rows_backward(
                1, width, body.architecture.normEpsilon, body.outputNorm, stream + row * width,
                slope, false, before.pointer, 1)
            gradients.append((row, before.array))
        }
        stream.update(repeating: 0, count: count)
        for (row, slope) in gradients {
            for k in 0..<width { stream[row * width + k] = slope[k] }
        }
        pass.backward(stream, parameters: parameters.pointer, gradient: gradient.pointer)
    }

    /// Outputs of the head, the rows they were read at, and the normed states there.
    private func readOut(
        _ stream: UnsafeMutablePointer<Float>, _ batch: TreeBatch, _ parameters: FloatBuffer
    ) -> (outputs: [[Float]], rows: [Int], states: [Float]) {
        let width = body.width
        let rows = batch.lastRows.flatMap { $0 }
        var states = [Float](repeating: 0, count: rows.count * width)
        for (reply, row) in rows.enumerated() {
            for k in 0..<width { states[reply * width + k] = stream[row * width + k] }
        }
        let raw = states
        rk_rms_norm_rows(
            rows.count, width, body.architecture.normEpsilon, body.outputNorm, raw, &states, 1)
        let head = parameters.pointer + layout.headOffset
        let outputs = rows.indices.map { reply in
            (0..<layout.headRows).map { label -> Float in
                var sum = 0.0
                for k in 0..<width {
                    sum += Double(states[reply * width + k]) * Double(head[label * width + k])
                }
                return Float(sum)
            }
        }
        return (outputs, rows, states)
    }
}
