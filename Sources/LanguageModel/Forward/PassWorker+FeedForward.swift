import CKernels

/// The feed-forward half of a block.
extension PassWorker {
    mutating func feedForward(_ layer: UnsafePointer<LayerPlan>) {
        let norm = layer.pointee.feedForwardNorm
        guard let dense = layer.pointee.dense else {
            mixture(layer, norm: norm)
            addDeltas(bias: nil, norm: layer.pointee.postFeedForwardNorm)
            return
        }
        let direct = isDirect(dense.down, norm: layer.pointee.postFeedForwardNorm)
        run(dense, norm: norm, to: direct ? pass.stream : pass.delta, add: direct)
        if !direct { addDeltas(bias: dense.down.bias, norm: layer.pointee.postFeedForwardNorm) }
    }

    /// Attention's part waits in `delta`; the feed-forward's is added there before the sum
    /// goes to the stream.
    mutating func feedForwardParallel(_ layer: UnsafePointer<LayerPlan>) {
        let plan = layer.pointee
        guard let dense = plan.dense else { return }
        let norm = pass.settings.sharesNorm ? plan.attentionNorm : plan.feedForwardNorm
        run(dense, norm: norm, to: pass.delta, add: true)
        if let bias = plan.output.bias {
            for at in ownRows {
                addShare(
                    bias, to: row(pass.delta, at, width), width: pass.settings.width,
                    rows: Int32(rows.count))
            }
        }
        addDeltas(bias: dense.down.bias, norm: nil)
    }

    mutating func run(
        _ dense: DensePlan, norm: NormPlan?, to output: UnsafeMutablePointer<Float>, add: Bool
    ) {
        let set = prepareStream(norm: norm, for: dense.inner)
        meet()
        multiplyHidden(
            dense, set: set, count: Int32(rows.count), to: start(output, width), add: add)
        meet()
    }

    /// Gate, up, activation and down over prepared inputs.
    mutating func multiplyHidden(
        _ dense: DensePlan, set: rk_activations, count: Int32,
        to output: UnsafeMutablePointer<Float>, add: Bool
    ) {
        let hidden = Int(dense.width)
        let ups = local(pass.up, hidden)
        let gates = local(pass.gate, hidden)
        let down = ProductPlan(first: dense.down)
        var hiddenSet = place(pass.hiddenInputs, count, dense.width)
        if let gate = dense.gate, count == 1, standSideBySide(dense.up, gate) {
            // Who has multiplied some columns of both readies them, while the other threads keep
            // memory busy.
            var share = share(of: dense.width / Int32(RK_BLOCK))
            while let blocks = share.next() {
                multiplySideBySide(dense.up, gate, set, blocks, to: ups, gates)
                let columns =
                    blocks.lowerBound * Int32(RK_BLOCK)..<blocks.upperBound * Int32(RK_BLOCK)
                activate(dense, up: ups, gate: gates, columns, into: &hiddenSet, at: 0)
            }
        } else {
            multiplyAll(
                set, dense.inner, to: (ups, gates, nil), stride: hidden, add: false)
            meet()
            let columns = columns(of: dense.width, rows: count)
            for at in ownRows(of: count) {
                activate(
                    dense, up: row(ups, at, hidden), gate: row(gates, at, hidden), columns,
                    into: &hiddenSet, at: at)
            }
        }
        meet()
        multiplyAll(
            hiddenSet, down, to: (output, nil, nil), stride: width, add: add)
    }

    /// Makes inputs of `down` of what `up` and `gate` have in some columns of a row.
    private func activate(
        _ dense: DensePlan, up: UnsafeMutablePointer<Float>, gate: UnsafeMutablePointer<Float>,
        _ columns: Range<Int32>, into set: inout rk_activations, at index: Int32
    ) {
        let kernels = pass.kernels.pointee
        let first = Int(columns.lowerBound)
        let count = Int32(columns.count)
        if let bias = dense.up.bias { kernels.axpy(1, bias + first, up + first, count) }
        var result = up
        if let gatePlan = dense.gate {
            if let bias = gatePlan.bias { kernels.axpy(1, bias + first, gate + first, count) }
            kernels.activate(pass.settings.activation, gate + first, up + first, count)
            result = gate
        } else {
            kernels.activate(pass.settings.activation, up + first, nil, count)
        }
        kernels.prepare(
            &set, index, result, columns.lowerBound, count, dense.down.readsQuants,
            !dense.down.readsQuants)
    }
}
