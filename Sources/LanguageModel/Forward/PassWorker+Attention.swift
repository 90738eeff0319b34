import CKernels

/// The attention half of a block: projections, rotation, the cache, scores and values.
extension PassWorker {
    mutating func attention(_ layer: UnsafePointer<LayerPlan>, index: Int) {
        let plan = layer.pointee
        let queryWidth = Int(plan.heads * pass.settings.headSize)
        let keyWidth = Int(plan.kvHeads * pass.settings.headSize)
        var set = rk_activations()
        place(&set, pass.inputs, pass.rowCount, pass.settings.width)
        let quantize =
            plan.query.readsQuants || plan.key.readsQuants || plan.value.readsQuants
        let copy = !(plan.query.readsQuants && plan.key.readsQuants && plan.value.readsQuants)
        // A row of the stream is always finished by the thread that reads it here: rows keep
        // their thread over all row steps.
        let capture = pass.capture?[index]
        var at = thread
        while at < pass.rowCount {
            let stream = row(pass.stream, at, width)
            if let capture { row(capture, at, width).update(from: stream, count: width) }
            prepare(
                &set, at, stream, norm: plan.attentionNorm, quantize: quantize, copy: copy)
            at += threads
        }
        barrier()
        let stride = pass.projectedWidth
        multiplyAll(
            set, linear1: plan.query, to: pass.projected, stride: stride, add: false,
            linear2: plan.key, output2: pass.projected + queryWidth, linear3: plan.value,
            output3: pass.projected + queryWidth + keyWidth)
        barrier()
        rotateAndStore(layer, queryWidth: queryWidth, keyWidth: keyWidth)
        barrier()

        var attention = rk_attention(
            cache: plan.cache, layer_offset: plan.cacheOffset, heads: plan.heads,
            scale: pass.settings.attentionScale, soft_cap: pass.settings.attentionSoftCap,
            window: plan.window, rows: UnsafePointer(pass.rows),
            row_index: UnsafePointer(pass.rowIndex), queries: UnsafePointer(pass.projected),
            query_stride: Int64(stride), partials: pass.partials, row_count: pass.rowCount)
        // Dealt out like the rows of a product. Chunks of one head follow each other, so that
        // a thread's next one is that whose beginning it has asked for.
        let counter = nextCounter()
        let units = pass.itemCount * plan.kvHeads
        let dealt = units / threads * 3 / 4
        var unit = dealt * thread
        var end = unit + dealt
        while true {
            while unit < end {
                pass.kernels.pointee.attend(
                    &attention, pass.items + Int(unit % pass.itemCount), unit / pass.itemCount)
                unit += 1
            }
            unit = dealt * threads + rk_claim(counter, 1)
            guard unit < units else { break }
            end = unit + 1
        }
        if let probe = pass.probe {
            var head = thread
            while head < plan.heads {
                let output = probe.output + (index * probe.heads + Int(head)) * probe.length
                rk_attention_probabilities(&attention, probe.row, head, output)
                head += threads
            }
        }
        barrier()

        let outputWidth = plan.heads * pass.settings.valueSize
        place(&set, pass.hiddenInputs, pass.rowCount, outputWidth)
        at = thread
        while at < pass.rowCount {
            pass.kernels.pointee.merge(&attention, at, scratch)
            prepare(
                &set, at, scratch, quantize: plan.output.readsQuants,
                copy: !plan.output.readsQuants)
            at += threads
        }
        barrier()
        let direct = isDirect(plan.output, norm: plan.postAttentionNorm)
        multiplyAll(
            set, linear1: plan.output, to: direct ? pass.stream : pass.delta, stride: width,
            add: direct)
        barrier()
        // In a parallel block the feed-forward still reads the stream as it was.
        if !direct && !pass.settings.isParallel {
            at = thread
            while at < pass.rowCount {
                addDelta(at, bias: plan.output.bias, norm: plan.postAttentionNorm)
                at += threads
            }
        }
    }

    /// Whether a half block's product can go straight into the stream.
    func isDirect(_ linear: LinearPlan, norm: NormPlan?) -> Bool {
        norm == nil && linear.bias == nil && pass.settings.residualScale == 1
            && !pass.settings.isParallel
    }

    func rotateAndStore(_ layer: UnsafePointer<LayerPlan>, queryWidth: Int, keyWidth: Int) {
        let plan = layer.pointee
        let headSize = Int(pass.settings.headSize)
        let valueSize = Int(pass.settings.valueSize)
        let wholeRow = pass.settings.queryKeyNorm == .wholeRow
        let group = plan.heads / plan.kvHeads
        // Few rows: split by key head as well, so that all threads have work.
        let parts = wholeRow || pass.rowCount >= 4 * threads ? 1 : plan.kvHeads
        let heads = plan.kvHeads / parts
        var unit = thread
        while unit < pass.rowCount * parts {
            let index = unit / parts
            let base = pass.projected + Int(index) * pass.projectedWidth
            if wholeRow { normalizeWholeRow(plan, base, queryWidth, keyWidth) }
            for kvHead in (unit % parts) * heads..<(unit % parts + 1) * heads {
                let key = base + queryWidth + Int(kvHead) * headSize
                let value = base + queryWidth + keyWidth + Int(kvHead) * valueSize
                if !wholeRow, let bias = plan.key.bias {
                    add(bias + Int(kvHead) * headSize, to: key, count: headSize)
                }
                if let bias = plan.value.bias {
                    add(bias + Int(kvHead) * valueSize, to: value, count: valueSize)
                }
                finishHead(plan, key, norm: plan.keyNorm, head: Int(kvHead), index)
                for head in kvHead * group..<(kvHead + 1) * group {
                    let query = base + Int(head) * headSize
                    if !wholeRow, let bias = plan.query.bias {
                        add(bias + Int(head) * headSize, to: query, count: headSize)
                    }
                    finishHead(plan, query, norm: plan.queryNorm, head: Int(head), index)
                }
                withUnsafePointer(to: plan.cache) {
                    pass.kernels.pointee.store(
                        $0, plan.cacheOffset, pass.rows + Int(index), kvHead, key, value)
                }
            }
            unit += threads
        }
    }

    func add(_ bias: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int) {
        pass.kernels.pointee.axpy(1, bias, target, Int32(count))
    }

    func normalizeWholeRow(
        _ plan: LayerPlan, _ base: UnsafeMutablePointer<Float>, _ queryWidth: Int,
        _ keyWidth: Int
    ) {
        if let bias = plan.query.bias { add(bias, to: base, count: queryWidth) }
        if let bias = plan.key.bias { add(bias, to: base + queryWidth, count: keyWidth) }
        let kind = Int32(RK_NORM_RMS.rawValue)
        let epsilon = pass.settings.normEpsilon
        pass.kernels.pointee.normalize(
            kind, base, plan.queryNorm?.weight, plan.queryNorm?.bias, epsilon, Int32(queryWidth),
            base)
        pass.kernels.pointee.normalize(
            kind, base + queryWidth, plan.keyNorm?.weight, plan.keyNorm?.bias, epsilon,
            Int32(keyWidth), base + queryWidth)
    }

    /// Norm and rotation of one query or key head.
    func finishHead(
        _ plan: LayerPlan, _ x: UnsafeMutablePointer<Float>, norm: NormPlan?, head: Int,
        _ index: Int32
    ) {
        let size = pass.settings.headSize
        switch pass.settings.queryKeyNorm {
        case .none, .wholeRow: break
        case .perHead:
            pass.kernels.pointee.normalize(
                Int32(RK_NORM_RMS.rawValue), x, norm?.weight, norm?.bias,
                pass.settings.normEpsilon, size, x)
        case .layerNormPerHead:
            pass.kernels.pointee.normalize(
                Int32(RK_NORM_LAYER.rawValue), x, norm?.weight.map { $0 + head * Int(size) },
                nil, pass.settings.normEpsilon, size, x)
        }
        guard plan.rope >= 0 else { return }
        let rope = pass.ropes[Int(plan.rope)]
        let at = (Int(plan.rope) * pass.maxRows + Int(index)) * pass.ropeWidth
        pass.kernels.pointee.rotate(
            x, rope.dimension, rope.isInterleaved, pass.cosines + at, pass.sines + at)
    }
}
