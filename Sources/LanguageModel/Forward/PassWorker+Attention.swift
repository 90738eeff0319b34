import CKernels

/// The attention half of a block: projections, rotation, the cache, scores and values.
extension PassWorker {
    /// Norm, projections and rotation of the rows at hand; their keys and values go into the
    /// cache.
    mutating func prepareAttention(_ layer: UnsafePointer<LayerPlan>, index: Int) {
        let plan = layer.pointee
        let queryWidth = Int(plan.heads * pass.settings.headSize)
        let keyWidth = Int(plan.kvHeads * pass.settings.headSize)
        if let capture = pass.capture?[index] {
            let columns = columns(of: pass.settings.width, rows: Int32(rows.count))
            for at in ownRows {
                let first = Int(columns.lowerBound)
                (row(capture, at, width) + first)
                    .update(from: row(pass.stream, at, width) + first, count: columns.count)
            }
        }
        let set = prepareStream(norm: plan.attentionNorm, for: plan.projections)
        meet()
        let stride = pass.projectedWidth
        let projected = start(pass.projected, stride)
        multiplyAll(
            set, plan.projections,
            to: (projected, projected + queryWidth, projected + queryWidth + keyWidth),
            stride: stride, add: false)
        meet()
        rotateAndStore(layer, queryWidth: queryWidth, keyWidth: keyWidth)
    }

    /// Scores and values of all rows of the pass, by all threads.
    mutating func attend(_ layer: UnsafePointer<LayerPlan>, index: Int) {
        let plan = layer.pointee
        var attention = attentionPlan(plan)
        // Chunks of one head follow each other, so that a thread's next one is that whose
        // beginning it has asked for.
        var share = share(of: pass.itemCount * plan.kvHeads, piece: 1)
        while let units = share.next() {
            for unit in units {
                pass.kernels.pointee.attend(
                    &attention, pass.items + Int(unit % pass.itemCount), unit / pass.itemCount)
            }
        }
        if let probe = pass.probe {
            for head in 0..<plan.heads where head % threads == thread {
                let output = probe.output + (index * probe.heads + Int(head)) * probe.length
                rk_attention_probabilities(&attention, probe.row, head, output)
            }
        }
    }

    private func attentionPlan(_ plan: LayerPlan) -> rk_attention {
        rk_attention(
            cache: plan.cache, layer_offset: plan.cacheOffset, heads: plan.heads,
            scale: pass.settings.attentionScale, soft_cap: pass.settings.attentionSoftCap,
            window: plan.window, rows: UnsafePointer(pass.rows),
            row_index: UnsafePointer(pass.rowIndex), queries: UnsafePointer(pass.projected),
            query_stride: Int64(pass.projectedWidth), form: pass.form, partials: pass.partials,
            row_count: pass.rowCount)
    }

    /// What attention found goes through the output projection into the rows at hand.
    mutating func finishAttention(_ layer: UnsafePointer<LayerPlan>) {
        let plan = layer.pointee
        var attention = attentionPlan(plan)
        let size = pass.settings.valueSize
        var set = place(pass.hiddenInputs, Int32(rows.count), plan.heads * size)
        // The heads of which this thread's columns are parts.
        let columns = columns(of: plan.heads * size, rows: Int32(rows.count))
        let first = columns.lowerBound / size
        let count = (columns.upperBound + size - 1) / size - first
        for at in ownRows {
            pass.kernels.pointee.merge(&attention, at, first, count, scratch)
            prepare(
                &set, at - rows.lowerBound, scratch, quantize: plan.output.readsQuants,
                copy: !plan.output.readsQuants)
        }
        meet()
        let direct = isDirect(plan.output, norm: plan.postAttentionNorm)
        multiplyAll(
            set, ProductPlan(first: plan.output),
            to: (start(direct ? pass.stream : pass.delta, width), nil, nil), stride: width,
            add: direct)
        meet()
        // In a parallel block the feed-forward still reads the stream as it was.
        if !direct && !pass.settings.isParallel {
            addDeltas(bias: plan.output.bias, norm: plan.postAttentionNorm)
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
        // Of few rows the key heads are shared out, so that all threads have work. (Neighbouring
        // positions stand in the same cache lines.)
        let isSplit = sharesRows(of: Int32(rows.count))
        let parts = wholeRow || !isSplit ? 1 : plan.kvHeads
        let heads = plan.kvHeads / parts
        for unit in ownRows.lowerBound * parts..<ownRows.upperBound * parts
        where !isSplit || unit % threads == thread {
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
