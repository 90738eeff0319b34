/// Families with layer norms, most of them with biases and a plain feed-forward.
extension ModelFamily {
    static let layerNormed = [gpt2, gptNeoX, starcoder2, stablelm, falcon]

    static let gpt2 = ModelFamily(
        name: "gpt2", ggufName: "gpt2", modelTypes: ["gpt2"],
        describe: { draft in
            let settings = draft.settings
            if try settings.bool(.scaledByLayer) ?? false {
                throw draft.unsupported("attention scaled by layer")
            }
            try draft.useLayerNorm()
            try draft.useActivation(.geluTanh)
            draft.architecture.isGated = false
            draft.architecture.learnedPositionOffset = 0
            if try settings.bool(.scalesAttention) == false {
                draft.architecture.attentionScale = 1
            }
        },
        names: TensorNames(
            base: "transformer.", tokenEmbedding: "wte", positionEmbedding: "wpe",
            outputNorm: "ln_f", layers: "h", attentionNorm: "ln_1", fusedQKV: "attn.c_attn",
            attentionOutput: "attn.c_proj", feedForwardNorm: "ln_2", up: "mlp.c_fc",
            down: "mlp.c_proj", isTransposed: true, ignored: [".attn.bias", ".attn.masked_bias"]))

    static let gptNeoX = ModelFamily(
        name: "gpt_neox", ggufName: "gptneox", modelTypes: ["gpt_neox"],
        defaults: ["use_parallel_residual": .bool(true), "rotary_pct": .double(0.25)],
        describe: { draft in
            try draft.useLayerNorm()
            try draft.useActivation(.gelu)
            draft.architecture.isGated = false
            if try draft.settings.bool(.parallelResidual) ?? true {
                draft.architecture.residual = .parallel(sharedNorm: false)
            }
        },
        names: TensorNames(
            base: "gpt_neox.", tokenEmbedding: "embed_in", outputNorm: "final_layer_norm",
            output: "embed_out", fusedQKV: "attention.query_key_value", fusedLayout: .grouped,
            attentionOutput: "attention.dense", up: "mlp.dense_h_to_4h",
            down: "mlp.dense_4h_to_h",
            ignored: ["attention.bias", "attention.masked_bias", "rotary_emb.inv_freq"]))

    static let starcoder2 = ModelFamily(
        name: "starcoder2", ggufName: "starcoder2", modelTypes: ["starcoder2"],
        describe: { draft in
            try draft.useLayerNorm()
            try draft.useActivation(.geluTanh)
            draft.architecture.isGated = false
            try draft.slide { _ in true }
        },
        names: TensorNames(up: "mlp.c_fc", down: "mlp.c_proj"))

    static let stablelm = ModelFamily(
        name: "stablelm", ggufName: "stablelm", modelTypes: ["stablelm", "stablelm_epoch"],
        defaults: ["partial_rotary_factor": .double(0.25)],
        describe: { draft in
            try draft.useLayerNorm()
            // GGUF files are known by their tensors: the key is true in all of them.
            let settings = draft.settings
            let isParallel =
                settings.isGGUF
                ? !draft.hasTensor("blk.0.ffn_norm.weight")
                : try settings.bool(.parallelResidual) ?? false
            let normsHeads =
                settings.isGGUF
                ? draft.hasTensor("blk.0.attn_q_norm.weight")
                : try settings.bool(.queryKeyLayerNorm) ?? false
            if isParallel { draft.architecture.residual = .parallel(sharedNorm: true) }
            if normsHeads { draft.architecture.queryKeyNorm = .layerNormPerHead }
            draft.names.queryKeyNormIsSplit = !settings.isGGUF
        },
        names: TensorNames(
            queryNorm: "self_attn.q_layernorm.norms", keyNorm: "self_attn.k_layernorm.norms"))

    static let falcon = ModelFamily(
        name: "falcon", ggufName: "falcon", modelTypes: ["falcon"],
        defaults: [
            "max_position_embeddings": .int(2048), "multi_query": .bool(true),
            "parallel_attn": .bool(true),
        ],
        describe: { draft in
            let settings = draft.settings
            if try settings.bool(.alibi) ?? false {
                throw draft.unsupported("ALiBi positions")
            }
            try draft.useLayerNorm()
            try draft.useActivation(.gelu)
            draft.architecture.isGated = false
            if settings.isGGUF {
                let hasTwo = draft.hasTensor("blk.0.attn_norm_2.weight")
                draft.architecture.residual = .parallel(sharedNorm: !hasTwo)
                if hasTwo {
                    draft.names.attentionNorm = "attn_norm_2"
                    draft.names.feedForwardNorm = "attn_norm"
                }
                return
            }
            let isNew = try settings.bool(.newDecoder) ?? false
            if !isNew {
                let sharesKeys = try settings.bool(.multiQuery) ?? true
                for index in draft.architecture.layers.indices {
                    let heads = draft.architecture.layers[index].headCount
                    draft.architecture.layers[index].keyValueHeadCount = sharesKeys ? 1 : heads
                }
            }
            guard try isNew || settings.bool(.parallelAttention) ?? true else { return }
            let norms = try settings.int(.parallelNormCount) ?? (isNew ? 2 : 1)
            let hasTwo = isNew && norms == 2
            draft.architecture.residual = .parallel(sharedNorm: !hasTwo)
            if hasTwo {
                draft.names.attentionNorm = "ln_attn"
                draft.names.feedForwardNorm = "ln_mlp"
            }
        },
        names: TensorNames(
            base: "transformer.", tokenEmbedding: "word_embeddings", outputNorm: "ln_f",
            layers: "h", fusedQKV: "self_attention.query_key_value", fusedLayout: .grouped,
            attentionOutput: "self_attention.dense", up: "mlp.dense_h_to_4h",
            down: "mlp.dense_4h_to_h"))
}
