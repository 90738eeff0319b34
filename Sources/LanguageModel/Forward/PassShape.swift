import CKernels

/// The sizes of a pass's buffers.
struct PassShape {
    let width: Int
    let queryWidth: Int
    let keyValueWidth: Int
    let attentionWidth: Int
    let hiddenWidth: Int
    let expertCount: Int
    let rows: Int
    let logitRows: Int
    let chunks: Int
    let vocabulary: Int
    let ropeWidth: Int
    let ropeCount: Int
    let headCount: Int
    let valueSize: Int
    let threads: Int

    init(plan: ForwardPlan, contextLength: Int, rows: Int, logitRows: Int) {
        let architecture = plan.architecture
        width = architecture.width
        headCount = plan.headCount
        valueSize = architecture.valueHeadSize
        queryWidth = plan.headCount * architecture.headSize
        keyValueWidth =
            plan.keyValueHeadCount * (architecture.headSize + architecture.valueHeadSize)
        attentionWidth = plan.headCount * architecture.valueHeadSize
        hiddenWidth = plan.hiddenWidth
        expertCount = architecture.experts?.count ?? 0
        self.rows = rows
        self.logitRows = logitRows
        chunks = contextLength / RK_CHUNK + 1
        vocabulary = architecture.vocabularySize
        ropeCount = architecture.ropes.count
        ropeWidth = (architecture.ropes.map { $0.dimension / 2 }.max() ?? 0)
        threads = plan.team.size
    }

    private var projectedWidth: Int { queryWidth + keyValueWidth }
    private var widest: Int { max(width, attentionWidth, hiddenWidth, projectedWidth) }

    /// Bytes of an activation buffer: for all rows, or for a block of each thread.
    private var activationBytes: Int {
        let together = rk_activations_bytes(Int32(max(rows, logitRows)), Int32(widest))
        let apart = rows >= Int(RK_TILE) * threads ? threads * blockInputBytes : 0
        return max(Int(together), apart)
    }
    private var blockInputBytes: Int {
        Arena.aligned(Int(rk_activations_bytes(PassState.maxBlockRows, Int32(widest))))
    }
    /// Rows of buffers in which each thread has a block's: blocks are rounded up.
    private var hiddenRows: Int { rows + threads }

    /// (name, bytes) of each buffer would be the honest table; the order is that of
    /// `makeState`.
    var byteCount: Int {
        let f = MemoryLayout<Float>.stride
        let activations = activationBytes
        let sizes = [
            rows * MemoryLayout<rk_row>.stride, rows * 4, rows * 4, logitRows * 4, rows,
            rows * width * f, rows * width * f, rows * projectedWidth * f,
            rows * headCount * chunks * (valueSize + 2) * f, hiddenRows * hiddenWidth * f,
            hiddenRows * hiddenWidth * f, logitRows * vocabulary * f, activations, activations,
            ropeCount * rows * ropeWidth * f * 2, rows * (chunks + 1) * itemBytes,
            threads * widest * f, rows * expertCount * f, rows * expertCount * 4,
            rows * width * f, rows * 4, expertCount * 8, 1,
        ]
        return sizes.reduce(64) { $0 + Arena.aligned($1) }
    }

    private var itemBytes: Int { MemoryLayout<rk_attention_item>.stride }

    func makeState(plan: ForwardPlan, in arena: Arena, counters: UnsafeMutablePointer<rk_counter>)
        -> PassState
    {
        func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
            arena.take(count * 4).assumingMemoryBound(to: Float.self)
        }
        func ints(_ count: Int) -> UnsafeMutablePointer<Int32> {
            arena.take(count * 4).assumingMemoryBound(to: Int32.self)
        }
        return PassState(
            kernels: plan.kernels, team: plan.team.handle, layers: plan.layers,
            layerCount: plan.architecture.layerCount, ropes: plan.ropes, ropeCount: ropeCount,
            tokenEmbedding: plan.tokenEmbedding, positionEmbedding: plan.positionEmbedding,
            outputNorm: plan.outputNorm, output: plan.output,
            settings: PassSettings(plan.architecture),
            queryHeadsPerKeyHead: Int32(max(1, plan.headCount / max(1, plan.keyValueHeadCount))),
            rows: arena.take(rows * MemoryLayout<rk_row>.stride)
                .assumingMemoryBound(to: rk_row.self),
            tokens: ints(rows), rowIndex: ints(rows), logitRows: ints(logitRows),
            usesLongRope: arena.take(rows).assumingMemoryBound(to: Bool.self),
            stream: floats(rows * width), delta: floats(rows * width),
            projected: floats(rows * projectedWidth), projectedWidth: projectedWidth,
            partials: floats(rows * headCount * chunks * (valueSize + 2)),
            gate: floats(hiddenRows * hiddenWidth), up: floats(hiddenRows * hiddenWidth),
            logits: floats(logitRows * vocabulary),
            inputs: arena.take(activationBytes), hiddenInputs: arena.take(activationBytes),
            cosines: floats(ropeCount * rows * ropeWidth),
            sines: floats(ropeCount * rows * ropeWidth), ropeWidth: ropeWidth, maxRows: rows,
            items: arena.take(rows * (chunks + 1) * itemBytes)
                .assumingMemoryBound(to: rk_attention_item.self),
            scratch: floats(threads * widest), scratchWidth: widest,
            routerScores: floats(rows * expertCount), expertRows: ints(rows * expertCount),
            expertOutput: floats(rows * width), expertSlots: ints(rows),
            expertCounts: ints(expertCount), counters: counters,
            blockInputBytes: blockInputBytes,
            isStopped: arena.take(1).assumingMemoryBound(to: Bool.self))
    }
}
