import CKernels

/// Turns a file's weights into a ``ForwardPlan``: plans every matrix, takes the memory at
/// once, and packs on all threads while the file is read.
struct WeightPacker {
    private let architecture: Architecture
    private let weights: ModelWeights
    private let kernels: UnsafePointer<rk_kernels>
    private let team: ThreadTeam
    private let cacheType: KVCacheType?
    private let releasePages: @Sendable () -> Void
    private var jobs: [PackJob] = []

    init(
        architecture: Architecture, weights: ModelWeights, kernels: UnsafePointer<rk_kernels>,
        team: ThreadTeam, cacheType: KVCacheType?, releasePages: @escaping @Sendable () -> Void
    ) {
        self.architecture = architecture
        self.weights = weights
        self.kernels = kernels
        self.team = team
        self.cacheType = cacheType
        self.releasePages = releasePages
    }

    // MARK: Memory

    private var isPacked: Bool { kernels.pointee.packed }

    private func bytes(_ matrix: WeightMatrix) throws -> Int {
        if !isPacked { return matrix.contiguousBytes == nil ? matrix.byteCount : 0 }
        var plan = rk_matrix()
        let size = rk_matrix_plan(
            &plan, Int32(matrix.type.rawValue), Int32(matrix.rows), Int32(matrix.columns))
        guard size > 0 else {
            throw LanguageModelError.invalidRequest(
                "Tensor \(matrix.name) of type \(matrix.type.name) and shape "
                    + "[\(matrix.rows), \(matrix.columns)] has no kernel")
        }
        return Int(size)
    }

    private func totalBytes() throws -> Int {
        var total = 0
        func add(_ size: Int) { total += Arena.aligned(size) }
        func add(_ linear: Linear) throws {
            add(try bytes(linear.matrix))
            add((linear.bias?.count ?? 0) * 4)
        }
        func add(_ norm: NormWeights?) {
            add((norm?.weight.count ?? 0) * 4)
            add((norm?.bias?.count ?? 0) * 4)
        }
        func add(_ dense: DenseWeights) throws {
            if let gate = dense.gate { try add(gate) }
            try add(dense.up)
            try add(dense.down)
        }
        add(try bytes(weights.tokenEmbedding))
        if let positions = weights.positionEmbedding { add(try bytes(positions)) }
        for layer in weights.layers {
            for linear in [layer.query, layer.key, layer.value, layer.attentionOutput] {
                try add(linear)
            }
            for norm in [
                layer.attentionNorm, layer.queryNorm, layer.keyNorm, layer.postAttentionNorm,
                layer.feedForwardNorm, layer.postFeedForwardNorm,
            ] { add(norm) }
            switch layer.feedForward {
            case .dense(let dense): try add(dense)
            case .experts(let router, let experts):
                try add(router)
                for expert in experts { try add(expert) }
                add(experts.count * MemoryLayout<DensePlan>.stride)
            }
        }
        add(weights.outputNorm)
        if architecture.isOutputTied {
            add((weights.output.bias?.count ?? 0) * 4)
        } else {
            try add(weights.output)
        }
        for rope in architecture.ropes {
            add(rope.inverseFrequencies.count * 4)
            add((rope.long?.inverseFrequencies.count ?? 0) * 4)
        }
        return total
    }

    // MARK: Planning

    private mutating func plan(_ matrix: WeightMatrix, in arena: Arena) throws -> rk_matrix {
        var plan = rk_matrix()
        if isPacked {
            let size = rk_matrix_plan(
                &plan, Int32(matrix.type.rawValue), Int32(matrix.rows), Int32(matrix.columns))
            plan.data = arena.take(Int(size)).assumingMemoryBound(to: UInt8.self)
            let step = max(16, (1 << 18) / max(matrix.rowBytes, 1) / 16 * 16)
            for first in stride(from: 0, to: matrix.rows, by: step) {
                jobs.append(
                    PackJob(
                        matrix: plan, source: matrix, first: first,
                        count: min(step, matrix.rows - first)))
            }
            return plan
        }
        plan.rows = Int32(matrix.rows)
        plan.cols = Int32(matrix.columns)
        plan.type = Int32(matrix.type.rawValue)
        plan.layout = Int32(RK_LAYOUT_RAW.rawValue)
        plan.stride = Int64(matrix.rowBytes)
        if let bytes = matrix.contiguousBytes, let base = bytes.baseAddress {
            plan.data = UnsafeMutableRawPointer(mutating: base).assumingMemoryBound(to: UInt8.self)
        } else {
            let copy = arena.take(matrix.byteCount)
            for row in 0..<matrix.rows {
                let source = matrix.row(row)
                (copy + row * matrix.rowBytes)
                    .copyMemory(from: source.baseAddress!, byteCount: source.count)
            }
            plan.data = copy.assumingMemoryBound(to: UInt8.self)
        }
        return plan
    }

    private mutating func plan(_ linear: Linear, in arena: Arena) throws -> LinearPlan {
        LinearPlan(
            matrix: try plan(linear.matrix, in: arena),
            bias: linear.bias.map { arena.take(floats: $0) })
    }

    private mutating func plan(_ dense: DenseWeights, in arena: Arena) throws -> DensePlan {
        let gate: LinearPlan? = if let gate = dense.gate { try plan(gate, in: arena) } else { nil }
        return DensePlan(
            gate: gate, up: try plan(dense.up, in: arena), down: try plan(dense.down, in: arena),
            width: Int32(dense.up.matrix.rows))
    }

    private func plan(_ norm: NormWeights, in arena: Arena) -> NormPlan {
        NormPlan(
            weight: arena.take(floats: norm.weight), bias: norm.bias.map { arena.take(floats: $0) })
    }

    private func planIfPresent(_ norm: NormWeights?, in arena: Arena) -> NormPlan? {
        norm.map { plan($0, in: arena) }
    }

    private mutating func plan(layer index: Int, offset: Int64, in arena: Arena) throws -> LayerPlan
    {
        let layer = weights.layers[index]
        let shape = architecture.layers[index]
        var cache = rk_cache_layout()
        let type =
            switch cacheType {
            case .float16: RK_CACHE_F16
            case .int8: RK_CACHE_Q8
            case nil: RK_CACHE_F32
            }
        rk_cache_layout_make(
            &cache, Int32(type.rawValue), Int32(shape.keyValueHeadCount),
            Int32(architecture.headSize), Int32(architecture.valueHeadSize))
        var plan = LayerPlan(
            heads: Int32(shape.headCount), kvHeads: Int32(shape.keyValueHeadCount),
            attentionNorm: planIfPresent(layer.attentionNorm, in: arena),
            query: try plan(layer.query, in: arena), key: try plan(layer.key, in: arena),
            value: try plan(layer.value, in: arena),
            output: try plan(layer.attentionOutput, in: arena),
            queryNorm: planIfPresent(layer.queryNorm, in: arena),
            keyNorm: planIfPresent(layer.keyNorm, in: arena),
            postAttentionNorm: planIfPresent(layer.postAttentionNorm, in: arena),
            feedForwardNorm: planIfPresent(layer.feedForwardNorm, in: arena),
            postFeedForwardNorm: planIfPresent(layer.postFeedForwardNorm, in: arena),
            rope: shape.rope.map { Int32($0) } ?? -1,
            window: Int32(clamping: shape.slidingWindow ?? 0), cache: cache, cacheOffset: offset)
        switch layer.feedForward {
        case .dense(let dense): plan.dense = try self.plan(dense, in: arena)
        case .experts(let router, let experts):
            plan.router = try self.plan(router, in: arena)
            let plans = try experts.map { try self.plan($0, in: arena) }
            let memory = arena.take(plans.count * MemoryLayout<DensePlan>.stride)
                .bindMemory(to: DensePlan.self, capacity: plans.count)
            memory.initialize(from: plans, count: plans.count)
            plan.experts = UnsafePointer(memory)
        }
        return plan
    }

    /// Packs everything. `progress` gets shares from 0 to 1, on any thread.
    mutating func pack(storage: (any Sendable)?, progress: (@Sendable (Double) -> Void)?) throws
        -> ForwardPlan
    {
        // Large pages are 3 % faster to read. Where the system maps a file in large pieces, a look
        // at each tensor has brought in all of it, which need not stand beside what comes now.
        releasePages()
        let arena = try Arena(byteCount: totalBytes(), usesLargePages: true)
        let smallFrom = arena.touchLargePages(team: team)
        let embedding = try plan(weights.tokenEmbedding, in: arena)
        var positions: rk_matrix?
        if let matrix = weights.positionEmbedding { positions = try plan(matrix, in: arena) }
        var layers: [LayerPlan] = []
        var offset: Int64 = 0
        for index in weights.layers.indices {
            layers.append(try plan(layer: index, offset: offset, in: arena))
            offset += layers[index].cache.layer_bytes
        }
        let outputNorm = plan(weights.outputNorm, in: arena)
        // A tied head is the embedding itself: one copy serves both.
        let output =
            architecture.isOutputTied
            ? LinearPlan(
                matrix: embedding, bias: weights.output.bias.map { arena.take(floats: $0) })
            : try plan(weights.output, in: arena)
        let ropes = architecture.ropes.map { rope in
            RopePlan(
                dimension: Int32(rope.dimension), isInterleaved: rope.pairing == .interleaved,
                factor: rope.attentionFactor,
                frequencies: arena.take(floats: rope.inverseFrequencies),
                longFrequencies: rope.long.map { arena.take(floats: $0.inverseFrequencies) },
                threshold: rope.long?.threshold ?? Int.max)
        }
        PackRun(jobs: jobs, team: team, releasePages: releasePages, progress: progress).run()
        jobs = []
        arena.foldWhenIdle(from: smallFrom, team: team)
        return ForwardPlan(
            architecture: architecture, kernels: kernels, team: team, cacheType: cacheType,
            layers: layers, ropes: ropes, tokenEmbedding: embedding, positionEmbedding: positions,
            outputNorm: outputNorm, output: output, arena: arena,
            storage: isPacked ? nil : storage)
    }
}

/// Some rows of one matrix.
struct PackJob {
    var matrix: rk_matrix
    var source: WeightMatrix
    var first: Int
    var count: Int
}

/// Works off the jobs on all threads of a team.
private final class PackRun {
    let jobs: [PackJob]
    let team: ThreadTeam
    let releasePages: @Sendable () -> Void
    let progress: (@Sendable (Double) -> Void)?
    let counter: UnsafeMutablePointer<rk_counter>

    init(
        jobs: [PackJob], team: ThreadTeam, releasePages: @escaping @Sendable () -> Void,
        progress: (@Sendable (Double) -> Void)?
    ) {
        self.jobs = jobs
        self.team = team
        self.releasePages = releasePages
        self.progress = progress
        counter = .allocate(capacity: 1)
        rk_counter_reset(counter)
    }

    deinit { counter.deallocate() }

    func run() {
        team.run { thread in work(thread: thread) }
        releasePages()
        progress?(1)
    }

    private func work(thread: Int32) {
        var addresses: [UnsafePointer<UInt8>?] = []
        // Each thread drops the file's pages now and then, so that file and copy do not stand in
        // memory side by side; another comes by one that it still needs from the file's cache.
        var sinceRelease = 0
        while true {
            let index = Int(rk_claim(counter, 1))
            guard index < jobs.count else { return }
            let job = jobs[index]
            addresses.removeAll(keepingCapacity: true)
            for row in job.first..<job.first + job.count {
                addresses.append(
                    job.source.row(row).baseAddress?.assumingMemoryBound(to: UInt8.self))
            }
            var matrix = job.matrix
            rk_matrix_pack(&matrix, addresses, Int32(job.first), Int32(job.count))
            sinceRelease += job.count * job.source.rowBytes
            if thread == 0 { progress?(Double(index) / Double(jobs.count)) }
            if sinceRelease > 8 << 20 {
                releasePages()
                sinceRelease = 0
            }
        }
    }
}
