extension ModelFamily {
    static let phi3 = ModelFamily(
        name: "phi3", ggufName: "phi3", modelTypes: ["phi3"],
        describe: { draft in
            // In GGUF gate and up are one tensor named as up.
            if draft.settings.isGGUF { draft.names.fusedGateUp = "ffn_up" }
            try draft.slide { _ in true }
        },
        names: TensorNames(fusedQKV: "self_attn.qkv_proj", fusedGateUp: "mlp.gate_up_proj"))

    /// OLMo 3 is OLMo 2 with windows, whose layers rotate without scaling.
    static let olmo2 = ModelFamily(
        name: "olmo2", ggufName: "olmo2", modelTypes: ["olmo2", "olmo3"],
        describe: { draft in
            if try draft.settings.double(.clampsQKV) != nil {
                throw draft.unsupported("clamping of q, k and v")
            }
            draft.architecture.normPlacement = .post
            draft.architecture.queryKeyNorm = .wholeRow
            try draft.slide { ($0 + 1) % 4 != 0 }
            let full = try draft.addRope(defaultBase: 500_000)
            var local = full
            if draft.architecture.layers.contains(where: { $0.slidingWindow != nil }) {
                local = try draft.addRope(defaultBase: 500_000, scales: false)
            }
            for index in draft.architecture.layers.indices {
                let slides = draft.architecture.layers[index].slidingWindow != nil
                draft.architecture.layers[index].rope = slides ? local : full
            }
        },
        names: TensorNames(
            postAttentionNorm: "post_attention_layernorm", feedForwardNorm: nil,
            postFeedForwardNorm: "post_feedforward_layernorm"))
}
