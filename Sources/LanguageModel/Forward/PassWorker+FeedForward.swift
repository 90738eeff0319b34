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
        multiplyAll(
            set, dense.inner, to: (ups, gates, nil), stride: hidden, add: false)
        meet()
        var hiddenSet = place(pass.hiddenInputs, count, dense.width)
        let columns = columns(of: dense.width, rows: count)
        let first = Int(columns.lowerBound)
        for at in ownRows(of: count) {
            let up = row(ups, at, hidden)
            if let bias = dense.up.bias {
                addShare(bias, to: up, width: dense.width, rows: count)
            }
            var result = up
            if let gatePlan = dense.gate {
                let gate = row(gates, at, hidden)
                if let bias = gatePlan.bias {
                    addShare(bias, to: gate, width: dense.width, rows: count)
                }
                pass.kernels.pointee.activate(
                    pass.settings.activation, gate + first, up + first, Int32(columns.count))
                result = gate
            } else {
                pass.kernels.pointee.activate(
                    pass.settings.activation, up + first, nil, Int32(columns.count))
            }
            prepare(
                &hiddenSet, at, result, quantize: dense.down.readsQuants,
                copy: !dense.down.readsQuants)
        }
        meet()
        multiplyAll(
            hiddenSet, down, to: (output, nil, nil), stride: width, add: add)
    }
}
