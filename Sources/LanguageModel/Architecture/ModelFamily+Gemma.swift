extension ModelFamily {
    /// Gemma trains norm weights less one; llama.cpp's converter adds it.
    private static let gemmaNames = TensorNames(
        postAttentionNorm: "post_attention_layernorm",
        feedForwardNorm: "pre_feedforward_layernorm",
        postFeedForwardNorm: "post_feedforward_layernorm", normOffset: 1)

    static let gemma = ModelFamily(
        name: "gemma", ggufName: "gemma", modelTypes: ["gemma"],
        defaults: ["head_dim": .int(256)],
        describe: { draft in
            // Early config.json files say "gelu" and mean the other one.
            draft.architecture.activation = .geluTanh
            draft.architecture.embeddingScale = Float(draft.width).squareRoot()
        },
        names: TensorNames(normOffset: 1))

    static let gemma2 = ModelFamily(
        name: "gemma2", ggufName: "gemma2", modelTypes: ["gemma2"],
        defaults: [
            "head_dim": .int(256), "query_pre_attn_scalar": .int(256),
            "sliding_window": .int(4096), "attn_logit_softcapping": .double(50),
            "final_logit_softcapping": .double(30),
        ],
        describe: { draft in
            try draft.describeAsGemma(largestLayerCount: 46)
            draft.architecture.attentionSoftCap = try draft.settings.float(.attentionSoftCap)
            try draft.slide { $0 % 2 == 0 }
        },
        names: gemmaNames)

    static let gemma3 = ModelFamily(
        name: "gemma3", ggufName: "gemma3", modelTypes: ["gemma3_text", "gemma3"],
        defaults: [
            "vocab_size": .int(262_208), "num_attention_heads": .int(8),
            "num_key_value_heads": .int(4), "head_dim": .int(256), "rms_norm_eps": .double(1e-6),
            "query_pre_attn_scalar": .int(256), "sliding_window": .int(4096),
            "rope_theta": .double(1e6), "max_position_embeddings": .int(131_072),
            "hidden_size": .int(2304), "intermediate_size": .int(9216),
            "num_hidden_layers": .int(26),
        ],
        describe: { draft in
            if try draft.settings.bool(.bidirectional) ?? false {
                throw draft.unsupported("attention to later tokens")
            }
            // A cap on attention's scores may stand in the settings; the model never reads it.
            try draft.describeAsGemma(largestLayerCount: 62)
            draft.architecture.queryKeyNorm = .perHead
            try draft.slide { ($0 + 1) % 6 != 0 }
            let full = try draft.addRope(defaultBase: 1e6)
            let local = try draft.addRope(
                layerType: "sliding_attention",
                base: try draft.settings.slidingRopeBase() ?? 10_000, scales: false)
            for index in draft.architecture.layers.indices {
                let slides = draft.architecture.layers[index].slidingWindow != nil
                draft.architecture.layers[index].rope = slides ? local : full
            }
        },
        names: gemmaNames)
}

extension ArchitectureDraft {
    /// What Gemma 2 and 3 share. The largest model of each takes its attention scale from
    /// another width, which GGUF files do not say.
    fileprivate mutating func describeAsGemma(largestLayerCount: Int) throws {
        architecture.activation = .geluTanh
        architecture.normPlacement = .both
        architecture.embeddingScale = Float(width).squareRoot()
        architecture.logitSoftCap = try settings.float(.logitSoftCap)
        if let scalar = try settings.float(.queryScalar) {
            guard scalar > 0 else { throw settings.failure(.queryScalar, "it is not above 0") }
            architecture.attentionScale = 1 / scalar.squareRoot()
        } else if layerCount == largestLayerCount {
            let scalar = Float(width / architecture.layers[0].headCount)
            architecture.attentionScale = 1 / scalar.squareRoot()
        }
    }
}

extension ModelSettings {
    /// The base of sliding layers' rotation, where the file has one of their own.
    func slidingRopeBase() throws -> Double? {
        if case .json(let config, _) = source,
            let base = config["rope_parameters"]?["sliding_attention"]?["rope_theta"]?.double
        {
            return base
        }
        return try double(.slidingRopeBase)
    }
}
