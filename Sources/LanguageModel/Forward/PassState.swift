import CKernels
import Foundation

/// The architecture's numbers as the pass reads them.
struct PassSettings {
    var width: Int32
    var vocabulary: Int32
    var headSize: Int32
    var valueSize: Int32
    var normKind: Int32
    var normEpsilon: Float
    var queryKeyNorm: Architecture.QueryKeyNorm
    var isParallel: Bool
    var sharesNorm: Bool
    var hasPreNorm: Bool
    var activation: Int32
    var usedExperts: Int
    var expertCount: Int
    var softmaxFirst: Bool
    var normalizesWeights: Bool
    var learnedPositionOffset: Int
    var embeddingScale: Float
    var residualScale: Float
    var attentionScale: Float
    var logitScale: Float
    var attentionSoftCap: Float
    var logitSoftCap: Float

    init(_ a: Architecture) {
        width = Int32(a.width)
        vocabulary = Int32(a.vocabularySize)
        headSize = Int32(a.headSize)
        valueSize = Int32(a.valueHeadSize)
        normKind = Int32((a.norm == .rms ? RK_NORM_RMS : RK_NORM_LAYER).rawValue)
        normEpsilon = a.normEpsilon
        queryKeyNorm = a.queryKeyNorm
        if case .parallel(let shared) = a.residual {
            isParallel = true
            sharesNorm = shared
        } else {
            isParallel = false
            sharesNorm = false
        }
        hasPreNorm = a.normPlacement != .post
        activation =
            switch a.activation {
            case .silu: Int32(RK_ACT_SILU.rawValue)
            case .geluTanh: Int32(RK_ACT_GELU_TANH.rawValue)
            case .gelu: Int32(RK_ACT_GELU.rawValue)
            case .relu: Int32(RK_ACT_RELU.rawValue)
            }
        usedExperts = a.experts?.usedCount ?? 0
        expertCount = a.experts?.count ?? 0
        softmaxFirst = a.experts?.softmaxBeforeSelection ?? false
        normalizesWeights = a.experts?.normalizesWeights ?? false
        learnedPositionOffset = a.learnedPositionOffset ?? 0
        embeddingScale = a.embeddingScale
        residualScale = a.residualScale
        attentionScale = a.attentionScale
        logitScale = a.logitScale
        attentionSoftCap = a.attentionSoftCap ?? 0
        logitSoftCap = a.logitSoftCap ?? 0
    }
}

/// One pass as every thread sees it: plain values and pointers only. The steps are in
/// `PassWorker.swift`.
struct PassState {
    let kernels: UnsafePointer<rk_kernels>
    let team: OpaquePointer
    let layers: UnsafePointer<LayerPlan>
    let layerCount: Int
    let ropes: UnsafePointer<RopePlan>
    let ropeCount: Int
    let tokenEmbedding: rk_matrix
    let positionEmbedding: rk_matrix?
    let outputNorm: NormPlan
    let output: LinearPlan
    let settings: PassSettings
    let queryHeadsPerKeyHead: Int32

    // The rows of this pass.
    let rows: UnsafeMutablePointer<rk_row>
    let tokens: UnsafeMutablePointer<Int32>
    /// 0, 1, 2 …: attention items name rows through it.
    let rowIndex: UnsafeMutablePointer<Int32>
    let logitRows: UnsafeMutablePointer<Int32>
    let usesLongRope: UnsafeMutablePointer<Bool>

    /// The residual stream, [rows][width].
    let stream: UnsafeMutablePointer<Float>
    /// What a block is about to add to it, where it cannot be added at once.
    let delta: UnsafeMutablePointer<Float>
    /// Queries, keys and values side by side, [rows][projectedWidth].
    let projected: UnsafeMutablePointer<Float>
    let projectedWidth: Int
    let partials: UnsafeMutablePointer<Float>
    let gate: UnsafeMutablePointer<Float>
    let up: UnsafeMutablePointer<Float>
    let logits: UnsafeMutablePointer<Float>
    /// Memory of the activation sets: what matrices of the stream's width read, and others.
    let inputs: UnsafeMutableRawPointer
    let hiddenInputs: UnsafeMutableRawPointer
    /// [rope][rows][ropeWidth]
    let cosines: UnsafeMutablePointer<Float>
    let sines: UnsafeMutablePointer<Float>
    let ropeWidth: Int
    let maxRows: Int
    let items: UnsafeMutablePointer<rk_attention_item>
    /// A row of floats a thread.
    let scratch: UnsafeMutablePointer<Float>
    let scratchWidth: Int
    /// [rows][experts]: the router's weights; 0 for experts that are not used.
    let routerScores: UnsafeMutablePointer<Float>
    /// [experts][rows]: rows that use the expert.
    let expertRows: UnsafeMutablePointer<Int32>
    let expertOutput: UnsafeMutablePointer<Float>
    let expertSlots: UnsafeMutablePointer<Int32>
    let expertCounts: UnsafeMutablePointer<Int32>
    let counters: UnsafeMutablePointer<rk_counter>

    /// Bytes of one thread's part of `inputs` and `hiddenInputs` where threads work apart.
    let blockInputBytes: Int

    var rowCount: Int32 = 0
    /// How the layers' products read this pass's rows.
    var form = RK_INPUTS_INT
    /// Blocks of rows that threads take through the layers alone, and rows of each; 0 where
    /// the rows are few and all threads work on them together.
    var blockCount: Int32 = 0
    var blockRows: Int32 = 0
    var logitRowCount: Int32 = 0
    var itemCount: Int32 = 0
    /// By number of blocks done: where to keep the stream; nil for most.
    var capture: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?
    var probe: AttentionProbe?
    /// Who may stop the pass between two layers; lives as long as the pass.
    var control: Unmanaged<GenerationControl>?
    /// Whether it was stopped: decided by the first thread, before a barrier.
    let isStopped: UnsafeMutablePointer<Bool>

    /// Rows of a block at most: whole register tiles, whose numbers fit a core's own cache.
    static let maxBlockRows = 2 * Int32(RK_TILE)

    /// Cuts the rows into blocks where there is a register tile for each thread. Weights that
    /// are turned into bf16 first are turned once for all rows: there threads share the weights.
    mutating func planBlocks() {
        let threads = rk_team_size(team)
        blockCount = 0
        blockRows = 0
        guard settings.expertCount == 0, form == RK_INPUTS_INT,
            rowCount >= Int32(RK_TILE) * threads
        else { return }
        // As many for each thread.
        let blocks = (rowCount + Self.maxBlockRows - 1) / Self.maxBlockRows
        let even = (blocks + threads - 1) / threads * threads
        blockRows = (rowCount + even - 1) / even
        blockCount = (rowCount + blockRows - 1) / blockRows
    }

    /// Whether anything reads what the last layer leaves in these rows.
    func isWantedAtEnd(_ rows: Range<Int32>) -> Bool {
        if probe != nil || capture?[layerCount] != nil { return true }
        for index in 0..<Int(logitRowCount) where rows.contains(logitRows[index]) { return true }
        return false
    }

    /// Cuts the attention of this pass's rows into items: some neighbouring rows and one chunk
    /// of positions each. The same for all layers.
    mutating func planAttention() {
        let chunkLength = Int32(RK_CHUNK)
        // As many rows as fill a register tile with the query heads that share a key head; or
        // two tiles with each of these heads, where a chunk is turned into tiles for all of them.
        let isTiled = form == RK_INPUTS_BF16
        let group =
            isTiled ? 2 * Int32(RK_TILE_MOST) : max(1, Int32(RK_TILE) / queryHeadsPerKeyHead)
        var count = 0
        var first: Int32 = 0
        while first < rowCount {
            var rows = min(group, rowCount - first)
            if isTiled { rows = rowsOfOneSequence(in: first..<first + rows) }
            var last: Int32 = 0
            for row in first..<first + rows {
                rowIndex[Int(row)] = row
                last = max(last, self.rows[Int(row)].position / chunkLength)
            }
            for chunk in 0...last {
                items[count] = rk_attention_item(first_row: first, row_count: rows, chunk: chunk)
                count += 1
            }
            first += rows
        }
        itemCount = Int32(count)
    }

    /// How many of these rows have the pages, and the order, of the first one's sequence.
    private func rowsOfOneSequence(in range: Range<Int32>) -> Int32 {
        let first = range.lowerBound
        var end = first + 1
        while end < range.upperBound, rows[Int(end)].pages == rows[Int(first)].pages,
            rows[Int(end)].position > rows[Int(end) - 1].position
        { end += 1 }
        return end - first
    }
}
