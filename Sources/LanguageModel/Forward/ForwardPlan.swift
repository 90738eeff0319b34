import CKernels

// What the forward pass reads, as plain values and pointers: it runs on several threads, and
// a reference count touched by all of them would cost more than a layer norm.

struct NormPlan {
    var weight: UnsafePointer<Float>?
    var bias: UnsafePointer<Float>?
}

struct LinearPlan {
    var matrix: rk_matrix
    var bias: UnsafePointer<Float>?

    var rows: Int { Int(matrix.rows) }
    /// Groups of 16 rows.
    var groups: Int32 { (matrix.rows + Int32(RK_ROWS) - 1) / Int32(RK_ROWS) }
    /// Whether inputs are quantised for it (else they are read as float32).
    var readsQuants: Bool { matrix.layout == Int32(RK_LAYOUT_INT.rawValue) }
}

/// Up to three matrices that read the same inputs, as one piece of work.
struct ProductPlan {
    var first: LinearPlan
    var second: LinearPlan?
    var third: LinearPlan?

    /// Groups of 16 rows, those of `first` first.
    var groups: Int32 { first.groups + (second?.groups ?? 0) + (third?.groups ?? 0) }

    /// Whether one reads quantised inputs, and whether one reads float32.
    var readsQuants: Bool {
        first.readsQuants || second?.readsQuants == true || third?.readsQuants == true
    }
    var readsFloats: Bool {
        !first.readsQuants || second?.readsQuants == false || third?.readsQuants == false
    }
}

struct DensePlan {
    var gate: LinearPlan?
    var up: LinearPlan
    var down: LinearPlan
    var width: Int32

    var inner: ProductPlan { ProductPlan(first: up, second: gate) }
}

struct RopePlan {
    /// Numbers rotated at the start of each head.
    var dimension: Int32
    var isInterleaved: Bool
    var factor: Float
    var frequencies: UnsafePointer<Float>
    /// For sequences of more than `threshold` tokens; nil where there is one set.
    var longFrequencies: UnsafePointer<Float>?
    var threshold: Int
}

struct LayerPlan {
    var heads: Int32
    var kvHeads: Int32
    var attentionNorm: NormPlan?
    var query: LinearPlan
    var key: LinearPlan
    var value: LinearPlan
    var output: LinearPlan
    var queryNorm: NormPlan?
    var keyNorm: NormPlan?
    var postAttentionNorm: NormPlan?
    var feedForwardNorm: NormPlan?
    var dense: DensePlan?
    var router: LinearPlan?
    var experts: UnsafePointer<DensePlan>?
    var postFeedForwardNorm: NormPlan?
    /// Index into the plan's ropes; -1 where the layer does not rotate.
    var rope: Int32
    var window: Int32
    var cache: rk_cache_layout
    /// Where this layer begins in a cache page.
    var cacheOffset: Int64

    var projections: ProductPlan { ProductPlan(first: query, second: key, third: value) }
}

/// A model ready to run: the architecture and its packed weights.
// Unchecked because of the pointers: everything they lead to lies in `arena` (or, for the
// reference kernels, in the weight file's mapping, held by `storage`) and is only read.
final class ForwardPlan: @unchecked Sendable {
    let architecture: Architecture
    let kernels: UnsafePointer<rk_kernels>
    let team: ThreadTeam
    let cacheType: KVCacheType?
    /// How the rows of long prompts are read.
    let promptForm: rk_inputs
    let layers: UnsafePointer<LayerPlan>
    let ropes: UnsafePointer<RopePlan>
    let tokenEmbedding: rk_matrix
    let positionEmbedding: rk_matrix?
    let outputNorm: NormPlan
    let output: LinearPlan
    /// Bytes of a page of the cache, all layers.
    let pageBytes: Int
    /// Widest feed-forward of any layer or expert.
    let hiddenWidth: Int
    /// Most attention heads and key-value heads of any layer.
    let headCount: Int
    let keyValueHeadCount: Int
    /// Bytes of weights that a decode step reads: every matrix once, the used experts only.
    let bytesPerToken: Int
    /// Multiply-adds of a decode step in the matrices of the layers, and in the output head.
    let layerWeights: Int
    let headWeights: Int
    private let arena: Arena
    private let storage: (any Sendable)?

    init(
        architecture: Architecture, kernels: UnsafePointer<rk_kernels>, team: ThreadTeam,
        cacheType: KVCacheType?, layers: [LayerPlan], ropes: [RopePlan],
        tokenEmbedding: rk_matrix, positionEmbedding: rk_matrix?, outputNorm: NormPlan,
        output: LinearPlan, arena: Arena, storage: (any Sendable)?
    ) {
        self.architecture = architecture
        self.kernels = kernels
        self.team = team
        self.cacheType = cacheType
        // An expert's rows are too few for tiles.
        promptForm = architecture.experts == nil ? kernels.pointee.prompt_form : RK_INPUTS_INT
        self.tokenEmbedding = tokenEmbedding
        self.positionEmbedding = positionEmbedding
        self.outputNorm = outputNorm
        self.output = output
        self.arena = arena
        self.storage = storage
        pageBytes = layers.last.map { Int($0.cacheOffset + $0.cache.layer_bytes) } ?? 0
        headCount = layers.map { Int($0.heads) }.max() ?? 1
        keyValueHeadCount = layers.map { Int($0.kvHeads) }.max() ?? 1
        hiddenWidth = layers.reduce(1) { widest, layer in
            max(widest, layer.dense.map { Int($0.width) } ?? architecture.experts?.width ?? 1)
        }
        var bytes = 0
        var weights = 0
        func count(_ linear: LinearPlan, times: Int = 1) {
            let groups = linear.matrix.layout == 0 ? Int(linear.matrix.rows) : Int(linear.groups)
            bytes += Int(linear.matrix.stride) * groups * times
            weights += linear.rows * Int(linear.matrix.cols) * times
        }
        for layer in layers {
            count(layer.query)
            count(layer.key)
            count(layer.value)
            count(layer.output)
            if let dense = layer.dense {
                if let gate = dense.gate { count(gate) }
                count(dense.up)
                count(dense.down)
            } else if let router = layer.router, let expert = layer.experts?[0] {
                let used = architecture.experts?.usedCount ?? 1
                count(router)
                if let gate = expert.gate { count(gate, times: used) }
                count(expert.up, times: used)
                count(expert.down, times: used)
            }
        }
        layerWeights = weights
        count(output)
        headWeights = weights - layerWeights
        bytesPerToken = bytes

        let layerMemory = UnsafeMutablePointer<LayerPlan>.allocate(capacity: max(layers.count, 1))
        layerMemory.initialize(from: layers, count: layers.count)
        self.layers = UnsafePointer(layerMemory)
        let ropeMemory = UnsafeMutablePointer<RopePlan>.allocate(capacity: max(ropes.count, 1))
        ropeMemory.initialize(from: ropes, count: ropes.count)
        self.ropes = UnsafePointer(ropeMemory)
    }

    deinit {
        // Plain values: there is nothing to deinitialize.
        layers.deallocate()
        ropes.deallocate()
    }
}
