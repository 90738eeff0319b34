import CKernels
import Foundation

/// The forward pass. Every thread of the team runs these steps; between steps that read what
/// other threads wrote stands a barrier.
extension PassState {
    func run(thread: Int32, threads: Int32) {
        var worker = PassWorker(pass: self, thread: thread, threads: threads)
        worker.run()
    }
}

/// One thread's way through a pass.
private struct PassWorker {
    let pass: PassState
    let thread: Int32
    let threads: Int32
    /// Work counters are used one after the other, by all threads in the same order.
    var counter = 0
    let scratch: UnsafeMutablePointer<Float>
    let multiply:
        @convention(c) (
            UnsafePointer<rk_matrix>?, UnsafePointer<rk_activations>?, Int32, Int32,
            UnsafeMutablePointer<Float>?, Int64, Bool
        ) -> Void

    init(pass: PassState, thread: Int32, threads: Int32) {
        self.pass = pass
        self.thread = thread
        self.threads = threads
        scratch = pass.scratch + Int(thread) * pass.scratchWidth
        multiply = pass.kernels.pointee.multiply
    }

    var width: Int { Int(pass.settings.width) }

    func barrier() { rk_team_barrier(pass.team) }

    mutating func nextCounter() -> UnsafeMutablePointer<rk_counter> {
        defer { counter += 1 }
        return pass.counters + counter
    }

    func row(_ base: UnsafeMutablePointer<Float>, _ index: Int32, _ width: Int)
        -> UnsafeMutablePointer<Float>
    { base + Int(index) * width }

    // MARK: Whole pass

    mutating func run() {
        embed()
        for index in 0..<pass.layerCount {
            let layer = pass.layers + index
            attention(layer, index: index)
            if pass.settings.isParallel {
                feedForwardParallel(layer)
            } else {
                feedForward(layer)
            }
        }
        finish()
    }

    func embed() {
        var index = thread
        while index < pass.rowCount {
            let stream = row(pass.stream, index, width)
            withUnsafePointer(to: pass.tokenEmbedding) {
                rk_matrix_row($0, pass.tokens[Int(index)], stream)
            }
            if pass.settings.embeddingScale != 1 {
                for i in 0..<width { stream[i] *= pass.settings.embeddingScale }
            }
            if let positions = pass.positionEmbedding {
                let position =
                    pass.rows[Int(index)].position + Int32(pass.settings.learnedPositionOffset)
                withUnsafePointer(to: positions) { rk_matrix_row($0, position, scratch) }
                pass.kernels.pointee.axpy(1, scratch, stream, pass.settings.width)
            }
            for rope in 0..<pass.ropeCount { computeAngles(pass.ropes + rope, rope, index) }
            index += threads
        }
    }

    func computeAngles(_ rope: UnsafePointer<RopePlan>, _ number: Int, _ index: Int32) {
        let at = (number * pass.maxRows + Int(index)) * pass.ropeWidth
        let position = Float(pass.rows[Int(index)].position)
        let long = pass.usesLongRope[Int(index)]
        let frequencies = long ? rope.pointee.longFrequencies! : rope.pointee.frequencies
        for i in 0..<Int(rope.pointee.dimension) / 2 {
            let angle = position * frequencies[i]
            pass.cosines[at + i] = cosf(angle) * rope.pointee.factor
            pass.sines[at + i] = sinf(angle) * rope.pointee.factor
        }
    }

    /// Norms of the stream's last block, capture, final norm and the output head.
    mutating func finish() {
        // The head's rows are read by other threads than those that finished them.
        barrier()
        let last = pass.capture?[pass.layerCount]
        if let last {
            var index = thread
            while index < pass.rowCount {
                normalize(pass.outputNorm, row(pass.stream, index, width), row(last, index, width))
                index += threads
            }
        }
        guard pass.logitRowCount > 0 else { return }
        var set = rk_activations()
        let count = pass.logitRowCount
        place(&set, pass.inputs, count, pass.settings.width)
        let quantize = pass.output.readsQuants
        var index = thread
        while index < count {
            let from = row(pass.stream, pass.logitRows[Int(index)], width)
            normalize(pass.outputNorm, from, scratch)
            pass.kernels.pointee.prepare(&set, index, scratch, quantize, !quantize)
            index += threads
        }
        barrier()
        let vocabulary = Int(pass.settings.vocabulary)
        multiplyAll(set, linear1: pass.output, to: pass.logits, stride: vocabulary, add: false)
        let settings = pass.settings
        guard settings.logitScale != 1 || settings.logitSoftCap > 0 || pass.output.bias != nil
        else { return }
        barrier()
        index = thread
        while index < count {
            let logits = row(pass.logits, index, vocabulary)
            if let bias = pass.output.bias {
                pass.kernels.pointee.axpy(1, bias, logits, settings.vocabulary)
            }
            for i in 0..<vocabulary {
                var value = logits[i] * settings.logitScale
                if settings.logitSoftCap > 0 {
                    value = settings.logitSoftCap * tanhf(value / settings.logitSoftCap)
                }
                logits[i] = value
            }
            index += threads
        }
    }

    // MARK: Parts

    func normalize(
        _ norm: NormPlan, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>
    ) {
        pass.kernels.pointee.normalize(
            pass.settings.normKind, x, norm.weight, norm.bias, pass.settings.normEpsilon,
            pass.settings.width, out)
    }

    /// Multiplies up to three matrices that read the same inputs; all threads share the rows.
    mutating func multiplyAll(
        _ set: rk_activations, linear1: LinearPlan, to output: UnsafeMutablePointer<Float>,
        stride: Int, add: Bool, linear2: LinearPlan? = nil,
        output2: UnsafeMutablePointer<Float>? = nil, linear3: LinearPlan? = nil,
        output3: UnsafeMutablePointer<Float>? = nil
    ) {
        let groups1 = linear1.groups
        let groups2 = linear2?.groups ?? 0
        let total = groups1 + groups2 + (linear3?.groups ?? 0)
        let counter = nextCounter()
        // Most of the work is dealt out in advance, in long runs; the rest goes in small
        // pieces to whoever is free first, as another program may slow one of the cores.
        let dealt = total / threads * 3 / 4
        var set = set
        var first = dealt * thread
        var end = first + dealt
        let piece = max(1, total / (threads * 32))
        while true {
            while first < end {
                if first < groups1 {
                    let count = min(end, groups1) - first
                    withUnsafePointer(to: linear1.matrix) {
                        multiply($0, &set, first, count, output, Int64(stride), add)
                    }
                    first += count
                } else if first < groups1 + groups2, let linear = linear2 {
                    let count = min(end, groups1 + groups2) - first
                    withUnsafePointer(to: linear.matrix) {
                        multiply($0, &set, first - groups1, count, output2, Int64(stride), add)
                    }
                    first += count
                } else if let linear = linear3 {
                    withUnsafePointer(to: linear.matrix) {
                        multiply(
                            $0, &set, first - groups1 - groups2, end - first, output3,
                            Int64(stride), add)
                    }
                    first = end
                }
            }
            first = dealt * threads + rk_claim(counter, piece)
            guard first < total else { return }
            end = min(first + piece, total)
        }
    }

    /// An activation set over a buffer.
    func place(
        _ set: inout rk_activations, _ memory: UnsafeMutableRawPointer, _ tokens: Int32,
        _ columns: Int32
    ) {
        rk_activations_place(&set, memory, tokens, columns)
    }

    /// Readies a row of the stream for the matrices that read it, normed where they want it.
    func prepare(
        _ set: inout rk_activations, _ index: Int32, _ stream: UnsafePointer<Float>,
        norm: NormPlan?, quantize: Bool, copy: Bool
    ) {
        guard let norm else {
            return prepare(&set, index, stream, quantize: quantize, copy: copy)
        }
        normalize(norm, stream, scratch)
        prepare(&set, index, scratch, quantize: quantize, copy: copy)
    }

    func prepare(
        _ set: inout rk_activations, _ index: Int32, _ values: UnsafePointer<Float>,
        quantize: Bool, copy: Bool
    ) {
        pass.kernels.pointee.prepare(&set, index, values, quantize, copy)
    }

    /// Adds what a half block computed to one row of the stream.
    func addDelta(_ index: Int32, bias: UnsafePointer<Float>?, norm: NormPlan?) {
        let delta = row(pass.delta, index, width)
        if let bias { pass.kernels.pointee.axpy(1, bias, delta, pass.settings.width) }
        var addend = delta
        if let norm {
            normalize(norm, delta, scratch)
            addend = scratch
        }
        pass.kernels.pointee.axpy(
            pass.settings.residualScale, addend, row(pass.stream, index, width),
            pass.settings.width)
    }

    // MARK: Attention

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
            query_stride: Int64(stride), partials: pass.partials, chunks: pass.chunks)
        let counter = nextCounter()
        let units = pass.itemCount * plan.kvHeads
        while true {
            let unit = rk_claim(counter, 1)
            guard unit < units else { break }
            pass.kernels.pointee.attend(
                &attention, pass.items + Int(unit / plan.kvHeads), unit % plan.kvHeads)
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

    // MARK: Feed-forward

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
        var set = rk_activations()
        place(&set, pass.inputs, pass.rowCount, pass.settings.width)
        var at = thread
        while at < pass.rowCount {
            prepare(
                &set, at, row(pass.stream, at, width), norm: norm,
                quantize: dense.readsQuants, copy: dense.readsFloats)
            at += threads
        }
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

    /// Mixture of experts: each expert runs over the rows that chose it, and what it gives is
    /// added to `delta` with the router's weight.
    mutating func mixture(_ layer: UnsafePointer<LayerPlan>, norm: NormPlan?) {
        guard let router = layer.pointee.router, let experts = layer.pointee.experts else { return }
        let count = pass.settings.expertCount
        var set = rk_activations()
        place(&set, pass.inputs, pass.rowCount, pass.settings.width)
        var at = thread
        while at < pass.rowCount {
            prepare(
                &set, at, row(pass.stream, at, width), norm: norm,
                quantize: router.readsQuants, copy: !router.readsQuants)
            for i in 0..<width { row(pass.delta, at, width)[i] = 0 }
            at += threads
        }
        barrier()
        multiplyAll(set, linear1: router, to: pass.routerScores, stride: count, add: false)
        barrier()
        at = thread
        while at < pass.rowCount {
            chooseExperts(row(pass.routerScores, at, count), bias: router.bias)
            at += threads
        }
        barrier()
        if thread == 0 { listExpertRows() }
        barrier()
        for expert in 0..<count {
            let rows = pass.expertCounts[expert]
            guard rows > 0 else { continue }
            let plan = experts[expert]
            let list = pass.expertRows + expert * pass.maxRows
            place(&set, pass.inputs, rows, pass.settings.width)
            at = thread
            while at < rows {
                prepare(
                    &set, at, row(pass.stream, list[Int(at)], width), norm: norm,
                    quantize: plan.readsQuants, copy: plan.readsFloats)
                at += threads
            }
            barrier()
            multiplyHidden(plan, set: set, count: rows, to: pass.expertOutput, add: false)
            barrier()
            at = thread
            while at < rows {
                let index = list[Int(at)]
                let output = row(pass.expertOutput, at, width)
                if let bias = plan.down.bias { add(bias, to: output, count: width) }
                pass.kernels.pointee.axpy(
                    row(pass.routerScores, index, count)[expert], output,
                    row(pass.delta, index, width), pass.settings.width)
                at += threads
            }
            barrier()
        }
    }

    /// Turns a row's router scores into weights: 0 for the experts that are not used.
    func chooseExperts(_ scores: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>?) {
        let count = pass.settings.expertCount
        if let bias { add(bias, to: scores, count: count) }
        if pass.settings.softmaxFirst { softmax(scores, count) }
        // The smallest score that is still used; ties go to the lower expert.
        for expert in 0..<count { scratch[expert] = scores[expert] }
        for expert in 0..<count {
            var better = 0
            for other in 0..<count
            where scratch[other] > scratch[expert]
                || (scratch[other] == scratch[expert] && other < expert)
            {
                better += 1
            }
            if better >= pass.settings.usedExperts {
                scores[expert] = pass.settings.softmaxFirst ? 0 : -.infinity
            }
        }
        if !pass.settings.softmaxFirst {
            softmax(scores, count)
        } else if pass.settings.normalizesWeights {
            var sum: Float = 0
            for expert in 0..<count { sum += scores[expert] }
            for expert in 0..<count { scores[expert] /= sum }
        }
    }

    func softmax(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
        var largest = -Float.infinity
        for i in 0..<count { largest = max(largest, x[i]) }
        var sum: Float = 0
        for i in 0..<count {
            x[i] = expf(x[i] - largest)
            sum += x[i]
        }
        for i in 0..<count { x[i] /= sum }
    }

    func listExpertRows() {
        let count = pass.settings.expertCount
        for expert in 0..<count {
            var used: Int32 = 0
            for index in 0..<pass.rowCount
            where row(pass.routerScores, index, count)[expert] > 0 {
                pass.expertRows[expert * pass.maxRows + Int(used)] = index
                used += 1
            }
            pass.expertCounts[expert] = used
        }
    }
}
