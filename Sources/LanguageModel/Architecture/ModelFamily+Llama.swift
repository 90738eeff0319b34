/// Families that differ from llama in a setting or two: RMS norms before, a gated SiLU
/// feed-forward, rotary positions.
extension ModelFamily {
    static let llamaLike = [
        llama, mistral, mixtral, qwen2, qwen3, qwen3moe, smollm3, granite,
    ]

    /// Llama GGUF files also carry Mistral and Mixtral.
    static let llama = ModelFamily(
        name: "llama", ggufName: "llama", modelTypes: ["llama"], isPermutedInGGUF: true,
        describe: { draft in
            if draft.settings.isGGUF { try draft.slide { _ in true } }
        })

    static let mistral = ModelFamily(
        name: "mistral", ggufName: nil, modelTypes: ["mistral"],
        defaults: ["num_key_value_heads": .int(8)], isPermutedInGGUF: true,
        describe: { draft in try draft.slide { _ in true } })

    static let mixtral = ModelFamily(
        name: "mixtral", ggufName: nil, modelTypes: ["mixtral"],
        defaults: [
            "num_key_value_heads": .int(8), "num_local_experts": .int(8),
            "num_experts_per_tok": .int(2), "rope_theta": .double(1e6),
        ],
        isPermutedInGGUF: true,
        describe: { draft in try draft.slide { _ in true } },
        names: TensorNames(
            router: "block_sparse_moe.gate", expert: "block_sparse_moe.experts",
            expertGate: "w1", expertUp: "w3", expertDown: "w2"))

    static let qwen2 = ModelFamily(
        name: "qwen2", ggufName: "qwen2", modelTypes: ["qwen2"],
        describe: { draft in try draft.slideAsQwen() })

    static let qwen3 = ModelFamily(
        name: "qwen3", ggufName: "qwen3", modelTypes: ["qwen3"],
        defaults: ["head_dim": .int(128)],
        describe: { draft in
            draft.architecture.queryKeyNorm = .perHead
            try draft.slideAsQwen()
        })

    static let qwen3moe = ModelFamily(
        name: "qwen3moe", ggufName: "qwen3moe", modelTypes: ["qwen3_moe"],
        defaults: [
            "num_experts": .int(128), "num_experts_per_tok": .int(8),
            "moe_intermediate_size": .int(768), "norm_topk_prob": .bool(false),
        ],
        describe: { draft in
            draft.architecture.queryKeyNorm = .perHead
            // GGUF has no such key; its one reader divides always.
            let normalizes = try draft.settings.bool(.normalizesExperts) ?? true
            draft.architecture.experts?.normalizesWeights = normalizes
            try draft.useDenseLayers()
            try draft.slideAsQwen()
        })

    static let smollm3 = ModelFamily(
        name: "smollm3", ggufName: "smollm3", modelTypes: ["smollm3"], isPermutedInGGUF: true,
        describe: { draft in
            let settings = draft.settings
            let count = draft.layerCount
            let interval = try settings.int(.layersWithoutRopeInterval) ?? 4
            _ = try settings.checked(interval, .layersWithoutRopeInterval, limit: 1 << 20)
            let listed = try settings.perLayer(
                .layersWithRope, layers: count, minimum: 0, limit: 1)
            let rotates = listed?.map { $0 == 1 } ?? (1...count).map { $0 % interval != 0 }
            let rope = try draft.addRope()
            for index in 0..<count where rotates[index] {
                draft.architecture.layers[index].rope = rope
            }
            if try settings.bool(.usesSlidingWindow) ?? false { try draft.slide { _ in true } }
        })

    static let granite = ModelFamily(
        name: "granite", ggufName: "granite", modelTypes: ["granite"], isPermutedInGGUF: true,
        describe: { draft in
            let settings = draft.settings
            let own = draft.architecture.attentionScale
            draft.architecture.attentionScale = try settings.float(.attentionScale) ?? own
            draft.architecture.embeddingScale = try settings.float(.embeddingScale) ?? 1
            draft.architecture.residualScale = try settings.float(.residualScale) ?? 1
            draft.architecture.logitScale = 1 / (try settings.float(.logitDivisor) ?? 1)
        })
}

extension ArchitectureDraft {
    /// Qwen's windows are off unless asked for, and then start at a layer.
    fileprivate mutating func slideAsQwen() throws {
        guard try settings.bool(.usesSlidingWindow) ?? settings.isGGUF else { return }
        let first = try settings.int(.maxWindowLayers) ?? 0
        try slide { $0 >= first }
    }

    /// Layers of a mixture that are dense after all.
    fileprivate mutating func useDenseLayers() throws {
        let step = try settings.int(.sparseStep) ?? 1
        let listed = Set(try settings.ints(.denseLayers) ?? [])
        guard let hidden = try settings.perLayer(.hidden, layers: layerCount, limit: 1 << 22)
        else { return }
        for index in architecture.layers.indices
        where listed.contains(index) || step < 1 || (index + 1) % step != 0 {
            architecture.layers[index].feedForward = .dense(width: hidden[index])
        }
    }
}
