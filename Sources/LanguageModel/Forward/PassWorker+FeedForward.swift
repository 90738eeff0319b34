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
            var at = thread
            while at < pass.rowCount {
                pass.kernels.pointee.axpy(1, bias, row(pass.delta, at, width), pass.settings.width)
                at += threads
            }
        }
        addDeltas(bias: dense.down.bias, norm: nil)
    }

    func addDeltas(bias: UnsafePointer<Float>?, norm: NormPlan?) {
        var at = thread
        while at < pass.rowCount {
            addDelta(at, bias: bias, norm: norm)
            at += threads
        }
    }

    mutating func run(
        _ dense: DensePlan, norm: NormPlan?, to output: UnsafeMutablePointer<Float>, add: Bool
    ) {
        let set = prepareStream(
            norm: norm, quantize: dense.readsQuants, copy: dense.readsFloats)
        barrier()
        multiplyHidden(dense, set: set, count: pass.rowCount, to: output, add: add)
        barrier()
    }

    /// Gate, up, activation and down over prepared inputs.
    mutating func multiplyHidden(
        _ dense: DensePlan, set: rk_activations, count: Int32,
        to output: UnsafeMutablePointer<Float>, add: Bool
    ) {
        let hidden = Int(dense.width)
        multiplyAll(
            set, linear1: dense.up, to: pass.up, stride: hidden, add: false,
            linear2: dense.gate, output2: pass.gate)
        barrier()
        var hiddenSet = rk_activations()
        place(&hiddenSet, pass.hiddenInputs, count, dense.width)
        var at = thread
        while at < count {
            let up = row(pass.up, at, hidden)
            if let bias = dense.up.bias { self.add(bias, to: up, count: hidden) }
            var result = up
            if let gatePlan = dense.gate {
                let gate = row(pass.gate, at, hidden)
                if let bias = gatePlan.bias { self.add(bias, to: gate, count: hidden) }
                pass.kernels.pointee.activate(pass.settings.activation, gate, up, dense.width)
                result = gate
            } else {
                pass.kernels.pointee.activate(pass.settings.activation, up, nil, dense.width)
            }
            prepare(
                &hiddenSet, at, result, quantize: dense.down.readsQuants,
                copy: !dense.down.readsQuants)
            at += threads
        }
        barrier()
        multiplyAll(hiddenSet, linear1: dense.down, to: output, stride: width, add: add)
    }
}
