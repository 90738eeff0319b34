import CKernels
import LanguageModel

/// Forward and backward pass of a body with adapters over a packed batch.
///
/// Buffers grow to the largest batch and stay. The forward keeps what the backward cannot
/// recompute cheaply: per row and layer about 4·width + 2·hidden floats; norms, activations and
/// attention probabilities are computed again.
final class TransformerPass {
    typealias Pointer = UnsafeMutablePointer<Float>
    typealias Tape = PassBuffers.Tape

    let body: FrozenBody
    let layout: AdapterLayout
    let threads: Int32

    private var batch = TreeBatch()
    private var buffers: PassBuffers
    private var rotations: [(cosines: [Float], sines: [Float])] = []
    private var rotationPositions = 0

    init(body: FrozenBody, layout: AdapterLayout, threads: Int = 0) {
        self.body = body
        self.layout = layout
        self.threads = Int32(threads)
        buffers = PassBuffers(body: body, layout: layout, capacity: 0, tapes: 1)
    }

    // MARK: Forward

    /// The residual stream after the last block, before the output norm: [rows, width]. Valid
    /// until the next call.
    ///
    /// With `keepsTape` false the layers share one tape, and no backward can follow.
    func forward(
        _ batch: TreeBatch, parameters: UnsafePointer<Float>, keepsTape: Bool = true
    ) -> Pointer {
        self.batch = batch
        reserve(rows: batch.rows, tapes: keepsTape ? body.layerCount : 1)
        embed(into: buffers.stream)
        for (index, layer) in body.layers.enumerated() {
            let tape = buffers.tapes[keepsTape ? index : 0]
            attend(layer, layout.layers[index], tape, parameters)
            feedForward(layer, layout.layers[index], tape, parameters)
        }
        return buffers.stream
    }

    private func reserve(rows: Int, tapes: Int) {
        if buffers.capacity < rows || buffers.tapes.count < tapes {
            // Room in steps, so that slightly longer batches do not allocate each time.
            let capacity = max(buffers.capacity, (rows + 127) / 128 * 128)
            buffers = PassBuffers(
                body: body, layout: layout, capacity: capacity,
                tapes: max(tapes, buffers.tapes.count))
        }
        let positions = batch.positionCount
        let hasLong = body.architecture.ropes.contains { $0.long != nil }
        if positions > rotationPositions || (hasLong && positions != rotationPositions) {
            rotationPositions = positions
            rotations = body.architecture.ropes.indices.map {
                body.rotation($0, positions: positions)
            }
        }
    }

    private func embed(into stream: Pointer) {
        let width = body.width
        let factor = body.architecture.embeddingScale
        for (row, id) in batch.ids.enumerated() {
            let place = stream + row * width
            body.embedding.dequantize(row: Int(id), to: place)
            if factor != 1 { for k in 0..<width { place[k] *= factor } }
        }
    }

    private func attend(
        _ layer: FrozenBody.Layer, _ groups: [AdapterLayout.Group], _ tape: Tape,
        _ parameters: UnsafePointer<Float>
    ) {
        let count = batch.rows * body.width
        tape.input.update(from: buffers.stream, count: count)
        let normed = norm(tape.input, layer.attentionNorm, into: buffers.normed)
        let query = tape.rawQuery ?? tape.query
        let key = tape.rawKey ?? tape.key
        apply(groups[0], layer, to: normed, [query, key, tape.value], tape.low[0], parameters)
        normHeads(query, layer.queryNorm, heads: layer.headCount, into: tape.query)
        normHeads(key, layer.keyNorm, heads: layer.keyValueHeadCount, into: tape.key)
        rotate(tape.query, layer, heads: layer.headCount, inverse: false)
        rotate(tape.key, layer, heads: layer.keyValueHeadCount, inverse: false)
        withAttentionShape(layer) {
            rk_tree_attention_forward(
                $0, tape.query, tape.key, tape.value, tape.attention, threads)
        }
        apply(
            groups[1], layer, to: tape.attention, [tape.attentionOut ?? buffers.out], tape.low[1],
            parameters)
        if let before = tape.attentionOut {
            _ = norm(before, layer.postAttentionNorm, into: buffers.out)
        }
        rk_add_scaled(
            count, body.architecture.residualScale, buffers.out, buffers.stream, threads)
    }

    private func feedForward(
        _ layer: FrozenBody.Layer, _ groups: [AdapterLayout.Group], _ tape: Tape,
        _ parameters: UnsafePointer<Float>
    ) {
        let count = batch.rows * body.width
        tape.middle.update(from: buffers.stream, count: count)
        let normed = norm(tape.middle, layer.feedForwardNorm, into: buffers.normed)
        apply(groups[2], layer, to: normed, [tape.gate, tape.up], tape.low[2], parameters)
        rk_gated_activation(
            batch.rows * layer.hiddenWidth, activation, tape.gate, tape.up, buffers.hidden,
            threads)
        apply(
            groups[3], layer, to: buffers.hidden, [tape.feedForwardOut ?? buffers.out],
            tape.low[3], parameters)
        if let before = tape.feedForwardOut {
            _ = norm(before, layer.postFeedForwardNorm, into: buffers.out)
        }
        rk_add_scaled(
            count, body.architecture.residualScale, buffers.out, buffers.stream, threads)
    }

    // MARK: Backward

    /// Adds the gradient of the adapters to `gradient`, given in `stream` that of the stream
    /// which ``forward(_:parameters:keepsTape:)`` returned; `stream` is overwritten. One
    /// backward a forward.
    func backward(_ stream: Pointer, parameters: UnsafePointer<Float>, gradient: Pointer) {
        for index in body.layers.indices.reversed() {
            let layer = body.layers[index]
            let groups = layout.layers[index]
            let tape = buffers.tapes[index]
            feedForwardBackward(stream, layer, groups, tape, parameters, gradient)
            attendBackward(
                stream, layer, groups, tape, parameters, gradient, needsInput: index > 0)
        }
    }

    private func feedForwardBackward(
        _ stream: Pointer, _ layer: FrozenBody.Layer, _ groups: [AdapterLayout.Group],
        _ tape: Tape, _ parameters: UnsafePointer<Float>, _ gradient: Pointer
    ) {
        let count = batch.rows * layer.hiddenWidth
        let out = branchGradient(stream, tape.feedForwardOut, layer.postFeedForwardNorm)
        rk_gated_activation(count, activation, tape.gate, tape.up, buffers.hidden, threads)
        applyBackward(
            groups[3], layer, input: buffers.hidden, [out], tape.low[3], parameters, gradient,
            into: buffers.wide)
        rk_gated_activation_backward(
            count, activation, tape.gate, tape.up, buffers.wide, tape.gate, tape.up, threads)
        let normed = norm(tape.middle, layer.feedForwardNorm, into: buffers.normed)
        applyBackward(
            groups[2], layer, input: normed, [tape.gate, tape.up], tape.low[2], parameters,
            gradient, into: buffers.out)
        normBackward(tape.middle, layer.feedForwardNorm, buffers.out, addingTo: stream)
    }

    private func attendBackward(
        _ stream: Pointer, _ layer: FrozenBody.Layer, _ groups: [AdapterLayout.Group],
        _ tape: Tape, _ parameters: UnsafePointer<Float>, _ gradient: Pointer, needsInput: Bool
    ) {
        let keyCount = batch.rows * layer.key.outputs
        let out = branchGradient(stream, tape.attentionOut, layer.postAttentionNorm)
        applyBackward(
            groups[1], layer, input: tape.attention, [out], tape.low[1], parameters, gradient,
            into: buffers.hidden)
        let query = buffers.wide
        let (key, value) = (buffers.key, buffers.value)
        key.update(repeating: 0, count: keyCount)
        value.update(repeating: 0, count: keyCount)
        withAttentionShape(layer) {
            rk_tree_attention_backward(
                $0, tape.query, tape.key, tape.value, buffers.hidden, query, key, value, threads)
        }
        rotate(query, layer, heads: layer.headCount, inverse: true)
        rotate(key, layer, heads: layer.keyValueHeadCount, inverse: true)
        normHeadsBackward(tape.rawQuery, layer.queryNorm, heads: layer.headCount, query)
        normHeadsBackward(tape.rawKey, layer.keyNorm, heads: layer.keyValueHeadCount, key)
        let normed = norm(tape.input, layer.attentionNorm, into: buffers.normed)
        applyBackward(
            groups[0], layer, input: normed, [query, key, value], tape.low[0], parameters,
            gradient, into: needsInput ? buffers.out : nil)
        if needsInput {
            normBackward(tape.input, layer.attentionNorm, buffers.out, addingTo: stream)
        }
    }

    /// Gradient of a branch's last map from that of the stream the branch was added to.
    private func branchGradient(_ stream: Pointer, _ before: Pointer?, _ weight: [Float]?)
        -> Pointer
    {
        let count = batch.rows * body.width
        if let before, let weight {
            rk_rms_norm_rows_backward(
                batch.rows, body.width, body.architecture.normEpsilon, weight, before, stream,
                false, buffers.branch, threads)
        } else {
            buffers.branch.update(from: stream, count: count)
        }
        let factor = body.architecture.residualScale
        if factor != 1 { for k in 0..<count { buffers.branch[k] *= factor } }
        return buffers.branch
    }

    // MARK: Linear maps with adapters

    /// outs[m] = W_m x + bias_m + scale · B_m (A_m x); `low` keeps the A_m x.
    private func apply(
        _ group: AdapterLayout.Group, _ layer: FrozenBody.Layer, to x: Pointer,
        _ outs: [Pointer], _ low: Pointer, _ parameters: UnsafePointer<Float>
    ) {
        let rows = batch.rows
        let rank = layout.rank
        let lowWidth = group.modules.count * rank
        if rank > 0 {
            rk_sgemm(
                false, true, rows, lowWidth, group.inputs, 1, x, group.inputs,
                parameters + group.aOffset, group.inputs, 0, low, lowWidth, threads)
        }
        for (m, module) in group.modules.enumerated() {
            let matrix = layer.matrix(module)
            rk_sgemm(
                false, true, rows, matrix.outputs, matrix.inputs, 1, x, matrix.inputs,
                matrix.values, matrix.inputs, 0, outs[m], matrix.outputs, threads)
            if let bias = matrix.bias { rk_add_row(rows, matrix.outputs, bias, outs[m], threads) }
            if rank > 0 {
                rk_sgemm(
                    false, false, rows, matrix.outputs, rank, layout.scale, low + m * rank,
                    lowWidth, parameters + group.bOffsets[m], matrix.outputs, 1, outs[m],
                    matrix.outputs, threads)
            }
        }
    }

    /// Adds the gradients of A and B to `gradient` and writes that of the input to `dx`.
    private func applyBackward(
        _ group: AdapterLayout.Group, _ layer: FrozenBody.Layer, input x: Pointer,
        _ douts: [Pointer], _ low: Pointer, _ parameters: UnsafePointer<Float>,
        _ gradient: Pointer, into dx: Pointer?
    ) {
        let rows = batch.rows
        let rank = layout.rank
        let lowWidth = group.modules.count * rank
        for (m, module) in group.modules.enumerated() {
            let matrix = layer.matrix(module)
            if let dx {
                rk_sgemm(
                    false, false, rows, matrix.inputs, matrix.outputs, 1, douts[m],
                    matrix.outputs, matrix.values, matrix.inputs, m == 0 ? 0 : 1, dx,
                    matrix.inputs, threads)
            }
            if rank == 0 { continue }
            rk_sgemm(
                false, true, rows, rank, matrix.outputs, layout.scale, douts[m], matrix.outputs,
                parameters + group.bOffsets[m], matrix.outputs, 0, buffers.low + m * rank,
                lowWidth, threads)
            rk_sgemm(
                true, false, rank, matrix.outputs, rows, layout.scale, low + m * rank, lowWidth,
                douts[m], matrix.outputs, 1, gradient + group.bOffsets[m], matrix.outputs,
                threads)
        }
        if rank == 0 { return }
        rk_sgemm(
            true, false, lowWidth, group.inputs, rows, 1, buffers.low, lowWidth, x, group.inputs,
            1, gradient + group.aOffset, group.inputs, threads)
        if let dx {
            rk_sgemm(
                false, false, rows, group.inputs, lowWidth, 1, buffers.low, lowWidth,
                parameters + group.aOffset, group.inputs, 1, dx, group.inputs, threads)
        }
    }

    // MARK: Norms, rotation, attention

    private var activation: Int32 {
        let kind = body.architecture.activation == .silu ? RK_SILU : RK_GELU_TANH
        return Int32(kind.rawValue)
    }

    /// The normed rows in `out`, or `x` itself where there is no norm.
    private func norm(_ x: Pointer, _ weight: [Float]?, into out: Pointer) -> Pointer {
        guard let weight else { return x }
        rk_rms_norm_rows(
            batch.rows, body.width, body.architecture.normEpsilon, weight, x, out, threads)
        return out
    }

    private func normBackward(
        _ x: Pointer, _ weight: [Float]?, _ gradient: Pointer, addingTo stream: Pointer
    ) {
        guard let weight else {
            rk_add_scaled(batch.rows * body.width, 1, gradient, stream, threads)
            return
        }
        rk_rms_norm_rows_backward(
            batch.rows, body.width, body.architecture.normEpsilon, weight, x, gradient, true,
            stream, threads)
    }

    private func normHeads(_ x: Pointer, _ weight: [Float]?, heads: Int, into out: Pointer) {
        guard let weight else { return }
        rk_rms_norm_rows(
            batch.rows * heads, body.architecture.headSize, body.architecture.normEpsilon, weight,
            x, out, threads)
    }

    private func normHeadsBackward(
        _ raw: Pointer?, _ weight: [Float]?, heads: Int, _ gradient: Pointer
    ) {
        guard let raw, let weight else { return }
        rk_rms_norm_rows_backward(
            batch.rows * heads, body.architecture.headSize, body.architecture.normEpsilon, weight,
            raw, gradient, false, gradient, threads)
    }

    private func rotate(_ x: Pointer, _ layer: FrozenBody.Layer, heads: Int, inverse: Bool) {
        guard let index = layer.rope else { return }
        let rope = body.architecture.ropes[index]
        rk_rotate_rows(
            batch.rows, heads, body.architecture.headSize, rope.dimension,
            rope.pairing == .interleaved, rotations[index].cosines, rotations[index].sines,
            batch.positions, inverse, x, threads)
    }

    private func withAttentionShape(
        _ layer: FrozenBody.Layer, _ body: (UnsafePointer<rk_tree_attention>) -> Void
    ) {
        batch.segments.withUnsafeBufferPointer { segments in
            batch.treeStarts.withUnsafeBufferPointer { starts in
                var shape = rk_tree_attention(
                    segments: segments.baseAddress, tree_starts: starts.baseAddress,
                    trees: batch.trees, heads: layer.headCount,
                    kv_heads: layer.keyValueHeadCount,
                    head_size: self.body.architecture.headSize,
                    scale: self.body.architecture.attentionScale,
                    soft_cap: self.body.architecture.attentionSoftCap ?? 0,
                    window: layer.slidingWindow ?? 0)
                body(&shape)
            }
        }
    }
}
