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
///
/// Few rows are worked on by all threads together: each takes a share of the columns of every
/// row, in whole blocks, and a share of the outputs of every product. (Shares of rows would lie
/// in the same cache lines, which then travel between the cores.) Many rows are cut into
/// blocks, and a thread takes a block through half a layer and half of the next alone: its
/// numbers stay in the core's own cache, and threads wait for each other only where attention
/// reads what others wrote. Where threads work on many rows together all the same (see
/// `PassState.planBlocks`), each readies whole ones between the products.
struct PassWorker {
    let pass: PassState
    let thread: Int32
    let threads: Int32
    /// The rows at hand.
    var rows: Range<Int32>
    /// Whether all threads work on them.
    var isShared = true
    /// Work counters are used one after the other, by all threads in the same order.
    var counter = 0
    let scratch: UnsafeMutablePointer<Float>
    let multiply: Multiply

    init(pass: PassState, thread: Int32, threads: Int32) {
        self.pass = pass
        self.thread = thread
        self.threads = threads
        rows = 0..<pass.rowCount
        scratch = pass.scratch + Int(thread) * pass.scratchWidth
        multiply = pass.kernels.pointee.multiply
    }

    var width: Int { Int(pass.settings.width) }

    func barrier() { rk_team_barrier(pass.team) }

    /// Waits for the threads that work on the same rows.
    func meet() { if isShared { barrier() } }

    /// Units of work that the team shares, `piece` at a time towards the end.
    mutating func share(of total: Int32, piece: Int32? = nil) -> WorkShare {
        defer { counter += Int(threads) }
        return WorkShare(
            of: total, piece: piece ?? total / (threads * 32), counters: pass.counters + counter,
            thread: thread, threads: threads)
    }

    /// Whether threads share each of `count` rows between products: where these are too few for
    /// whole ones each.
    func sharesRows(of count: Int32) -> Bool {
        isShared && count < threads * Int32(RK_TILE_MOST)
    }

    /// The rows, of `count`, of which this thread readies its columns between products.
    func ownRows(of count: Int32) -> Range<Int32> {
        guard isShared, !sharesRows(of: count) else { return 0..<count }
        return count * thread / threads..<count * (thread + 1) / threads
    }

    /// This thread's columns of each of its own rows, of `width` in all: whole blocks.
    func columns(of width: Int32, rows count: Int32) -> Range<Int32> {
        guard sharesRows(of: count) else { return 0..<width }
        let block = Int32(RK_BLOCK)
        let blocks = width / block
        let end = thread == threads - 1 ? width : blocks * (thread + 1) / threads * block
        return blocks * thread / threads * block..<end
    }

    /// This thread's own ones of the rows at hand.
    var ownRows: Range<Int32> {
        let own = ownRows(of: Int32(rows.count))
        return rows.lowerBound + own.lowerBound..<rows.lowerBound + own.upperBound
    }

    func row(_ base: UnsafeMutablePointer<Float>, _ index: Int32, _ width: Int)
        -> UnsafeMutablePointer<Float>
    { base + Int(index) * width }

    /// Where the rows at hand begin in a buffer that keeps all rows of the pass.
    func start(_ base: UnsafeMutablePointer<Float>, _ width: Int) -> UnsafeMutablePointer<Float> {
        row(base, rows.lowerBound, width)
    }

    /// Where they begin in a buffer that is only used inside half a layer.
    func local(_ base: UnsafeMutablePointer<Float>, _ width: Int) -> UnsafeMutablePointer<Float> {
        isShared ? base : row(base, thread * pass.blockRows, width)
    }

    // MARK: Whole pass

    mutating func run() {
        if pass.blockCount > 0 { runApart() } else { runTogether() }
        if !pass.isStopped.pointee { finish() }
    }

    /// Waits for all threads; whether the pass goes on.
    private func goesOn() -> Bool {
        if thread == 0, let control = pass.control {
            pass.isStopped.pointee = control._withUnsafeGuaranteedRef { $0.isCancelled }
        }
        barrier()
        return !pass.isStopped.pointee
    }

    private mutating func runTogether() {
        embed()
        meet()
        for index in 0..<pass.layerCount {
            let layer = pass.layers + index
            prepareAttention(layer, index: index)
            guard goesOn(), !isLeftOut(index) else { break }
            attend(layer, index: index)
            barrier()
            finishLayer(layer)
        }
    }

    private mutating func runApart() {
        isShared = false
        for index in 0...pass.layerCount {
            let isLast = index == pass.layerCount
            var share = share(of: pass.blockCount, piece: 1)
            while let blocks = share.next() {
                for block in blocks {
                    let first = block * pass.blockRows
                    rows = first..<min(first + pass.blockRows, pass.rowCount)
                    if index == 0 { embed() }
                    if index > 0 && (!isLast || pass.isWantedAtEnd(rows)) {
                        finishLayer(pass.layers + (index - 1))
                    }
                    if !isLast { prepareAttention(pass.layers + index, index: index) }
                }
            }
            guard !isLast, goesOn() else { break }
            if isLeftOut(index) { continue }
            attend(pass.layers + index, index: index)
            barrier()
        }
        rows = 0..<pass.rowCount
        isShared = true
    }

    /// Whether nothing but a layer's keys and values is wanted: of the last one, in a prompt's
    /// earlier parts.
    private func isLeftOut(_ layer: Int) -> Bool {
        layer == pass.layerCount - 1 && !pass.isWantedAtEnd(0..<pass.rowCount)
    }

    private mutating func finishLayer(_ layer: UnsafePointer<LayerPlan>) {
        finishAttention(layer)
        if pass.settings.isParallel {
            feedForwardParallel(layer)
        } else {
            feedForward(layer)
        }
    }

    private func embed() {
        // Whole rows: a look-up is no work to share.
        for index in rows where !isShared || index % threads == thread {
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
        }
    }

    private func computeAngles(_ rope: UnsafePointer<RopePlan>, _ number: Int, _ index: Int32) {
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
    private mutating func finish() {
        // The head's rows are read by other threads than those that finished them.
        barrier()
        if let last = pass.capture?[pass.layerCount] {
            for index in rows where index % threads == thread {
                normalize(pass.outputNorm, row(pass.stream, index, width), row(last, index, width))
            }
        }
        guard pass.logitRowCount > 0 else { return }
        let count = pass.logitRowCount
        var set = place(pass.inputs, count, pass.settings.width, RK_INPUTS_INT)
        for index in 0..<count {
            prepare(
                &set, index, row(pass.stream, pass.logitRows[Int(index)], width),
                norm: pass.outputNorm, quantize: pass.output.readsQuants,
                copy: !pass.output.readsQuants)
        }
        barrier()
        let vocabulary = Int(pass.settings.vocabulary)
        multiplyAll(
            set, ProductPlan(first: pass.output), to: (pass.logits, nil, nil), stride: vocabulary,
            add: false)
        let settings = pass.settings
        guard settings.logitScale != 1 || settings.logitSoftCap > 0 || pass.output.bias != nil
        else { return }
        barrier()
        for index in 0..<count where index % threads == thread {
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

    /// An activation set of `count` tokens over a buffer, in the pass's form or in another.
    func place(
        _ memory: UnsafeMutableRawPointer, _ count: Int32, _ columns: Int32,
        _ form: rk_inputs? = nil
    ) -> rk_activations {
        var set = rk_activations()
        let own = isShared ? 0 : Int(thread) * pass.blockInputBytes
        rk_activations_place(&set, memory + own, count, columns, form ?? pass.form)
        return set
    }

    /// Readies this thread's columns of a row of the stream, normed where its readers want it.
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
        let columns = columns(of: set.cols, rows: set.tokens)
        pass.kernels.pointee.prepare(
            &set, index, values, columns.lowerBound, Int32(columns.count), quantize, copy)
    }

    /// Readies the stream's rows at hand for a product.
    func prepareStream(norm: NormPlan?, for product: ProductPlan) -> rk_activations {
        var set = place(pass.inputs, Int32(rows.count), pass.settings.width)
        for index in ownRows {
            prepare(
                &set, index - rows.lowerBound, row(pass.stream, index, width), norm: norm,
                quantize: product.readsQuants, copy: product.readsFloats)
        }
        return set
    }

    /// y += a · x over this thread's columns of a row `width` wide, one of `count`.
    func addShare(
        _ x: UnsafePointer<Float>, times a: Float = 1, to y: UnsafeMutablePointer<Float>,
        width: Int32, rows count: Int32
    ) {
        let columns = columns(of: width, rows: count)
        let first = Int(columns.lowerBound)
        pass.kernels.pointee.axpy(a, x + first, y + first, Int32(columns.count))
    }

    /// Adds what a half block computed to the stream's rows at hand.
    func addDeltas(bias: UnsafePointer<Float>?, norm: NormPlan?) {
        for index in ownRows {
            var addend = row(pass.delta, index, width)
            if bias != nil || norm != nil {
                scratch.update(from: addend, count: width)
                addend = scratch
            }
            if let bias { pass.kernels.pointee.axpy(1, bias, addend, pass.settings.width) }
            if let norm { normalize(norm, addend, addend) }
            addShare(
                addend, times: pass.settings.residualScale,
                to: row(pass.stream, index, width), width: pass.settings.width,
                rows: Int32(rows.count))
        }
        meet()
    }
}
