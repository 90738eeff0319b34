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
struct PassWorker {
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

    /// Readies this thread's rows of the stream in the buffer that the other threads fill too.
    func prepareStream(norm: NormPlan?, quantize: Bool, copy: Bool) -> rk_activations {
        var set = rk_activations()
        place(&set, pass.inputs, pass.rowCount, pass.settings.width)
        var at = thread
        while at < pass.rowCount {
            prepare(
                &set, at, row(pass.stream, at, width), norm: norm, quantize: quantize, copy: copy)
            at += threads
        }
        return set
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
}
