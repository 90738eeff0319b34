extension Setting {
    static let layers = Setting(gguf: "block_count", "num_hidden_layers", "n_layer")
    static let width = Setting(gguf: "embedding_length", "hidden_size", "n_embd")
    static let vocabulary = Setting(gguf: "vocab_size", "vocab_size")
    static let context = Setting(
        gguf: "context_length", "max_position_embeddings", "n_positions", "n_ctx")
    static let hidden = Setting(
        gguf: "feed_forward_length", "intermediate_size", "n_inner", "ffn_hidden_size")

    static let heads = Setting(gguf: "attention.head_count", "num_attention_heads", "n_head")
    static let keyValueHeads = Setting(
        gguf: "attention.head_count_kv", "num_key_value_heads", "num_kv_heads", "n_head_kv")
    static let keyLength = Setting(gguf: "attention.key_length", "head_dim")
    static let valueLength = Setting(gguf: "attention.value_length", "head_dim")
    static let rmsEpsilon = Setting(
        gguf: "attention.layer_norm_rms_epsilon", "rms_norm_eps", "norm_eps")
    static let layerEpsilon = Setting(
        gguf: "attention.layer_norm_epsilon", "layer_norm_eps", "layer_norm_epsilon",
        "norm_epsilon", "norm_eps")
    static let activation = Setting(
        gguf: nil, "hidden_activation", "hidden_act", "activation_function", "activation")
    static let isTied = Setting(gguf: nil, "tie_word_embeddings")

    static let slidingWindow = Setting(gguf: "attention.sliding_window", "sliding_window")
    static let slidingPattern = Setting(
        gguf: "attention.sliding_window_pattern", "sliding_window_pattern",
        "_sliding_window_pattern")
    static let usesSlidingWindow = Setting(gguf: nil, "use_sliding_window")
    static let maxWindowLayers = Setting(gguf: nil, "max_window_layers")
    static let layerTypes = Setting(gguf: nil, "layer_types")

    static let ropeBase = Setting(
        gguf: "rope.freq_base", "rope_theta", "rotary_emb_base", "rope_base")
    static let slidingRopeBase = Setting(gguf: "rope.freq_base_swa", "rope_local_base_freq")
    static let ropeDimension = Setting(gguf: "rope.dimension_count", "rotary_dim")
    static let partialRope = Setting(gguf: nil, "partial_rotary_factor", "rotary_pct", "rope_pct")
    static let ropeScaling = Setting(gguf: "rope.scaling.type", "rope_scaling")
    static let ropeFactor = Setting(gguf: "rope.scaling.factor", "rope_scaling")
    static let linearRopeFactor = Setting(gguf: "rope.scale_linear", "rope_scaling")
    static let originalContext = Setting(
        gguf: "rope.scaling.original_context_length", "original_max_position_embeddings")
    static let ropeAttentionFactor = Setting(gguf: "rope.scaling.attn_factor", "rope_scaling")
    static let yarnAttentionFactor = Setting(gguf: "rope.scaling.yarn_attn_factor", "rope_scaling")
    static let yarnBetaFast = Setting(gguf: "rope.scaling.yarn_beta_fast", "rope_scaling")
    static let yarnBetaSlow = Setting(gguf: "rope.scaling.yarn_beta_slow", "rope_scaling")
    static let yarnLogMultiplier = Setting(
        gguf: "rope.scaling.yarn_log_multiplier", "rope_scaling")
    static let layersWithRope = Setting(gguf: nil, "no_rope_layers")
    static let layersWithoutRopeInterval = Setting(gguf: nil, "no_rope_layer_interval")

    static let attentionSoftCap = Setting(gguf: "attn_logit_softcapping", "attn_logit_softcapping")
    static let logitSoftCap = Setting(gguf: "final_logit_softcapping", "final_logit_softcapping")
    static let queryScalar = Setting(gguf: nil, "query_pre_attn_scalar")
    static let attentionScale = Setting(gguf: "attention.scale", "attention_multiplier")
    static let embeddingScale = Setting(gguf: "embedding_scale", "embedding_multiplier")
    static let residualScale = Setting(gguf: "residual_scale", "residual_multiplier")
    static let logitDivisor = Setting(gguf: "logit_scale", "logits_scaling")

    static let parallelResidual = Setting(gguf: "use_parallel_residual", "use_parallel_residual")
    static let parallelAttention = Setting(gguf: nil, "parallel_attn")
    static let newDecoder = Setting(gguf: nil, "new_decoder_architecture")
    static let multiQuery = Setting(gguf: nil, "multi_query")
    static let alibi = Setting(gguf: nil, "alibi")
    static let parallelNormCount = Setting(gguf: nil, "num_ln_in_parallel_attn")
    static let queryKeyLayerNorm = Setting(gguf: nil, "qk_layernorm")
    static let scaledByLayer = Setting(gguf: nil, "scale_attn_by_inverse_layer_idx")
    static let scalesAttention = Setting(gguf: nil, "scale_attn_weights")
    static let clampsQKV = Setting(gguf: "attention.clamp_kqv", "clip_qkv")
    static let bidirectional = Setting(gguf: nil, "use_bidirectional_attention")

    static let experts = Setting(
        gguf: "expert_count", "num_local_experts", "num_experts", "n_routed_experts")
    static let usedExperts = Setting(gguf: "expert_used_count", "num_experts_per_tok")
    static let expertHidden = Setting(
        gguf: "expert_feed_forward_length", "moe_intermediate_size", "intermediate_size")
    static let normalizesExperts = Setting(gguf: nil, "norm_topk_prob")
    static let sparseStep = Setting(gguf: nil, "decoder_sparse_step")
    static let denseLayers = Setting(gguf: nil, "mlp_only_layers")
}
