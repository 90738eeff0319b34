/// What a kind of file calls a model's tensors, without `.weight` and `.bias`. The defaults
/// are llama's in transformers; names of a layer are relative to its prefix.
struct TensorNames: Sendable {
    /// Stands before every name but ``output``.
    var base = "model."
    var tokenEmbedding = "embed_tokens"
    var positionEmbedding: String?
    var outputNorm = "norm"
    var output = "lm_head"
    /// A layer's prefix is this, its number and a dot.
    var layers = "layers"

    var attentionNorm = "input_layernorm"
    var query = "self_attn.q_proj"
    var key = "self_attn.k_proj"
    var value = "self_attn.v_proj"
    /// q, k and v in one tensor; tried before the three.
    var fusedQKV: String?
    var fusedLayout = FusedLayout.concatenated
    var attentionOutput = "self_attn.o_proj"
    var queryNorm = "self_attn.q_norm"
    var keyNorm = "self_attn.k_norm"
    /// The norm's weights are a tensor a head, named `queryNorm.0` and so on.
    var queryKeyNormIsSplit = false
    var postAttentionNorm: String?

    var feedForwardNorm: String? = "post_attention_layernorm"
    var gate = "mlp.gate_proj"
    var up = "mlp.up_proj"
    /// Gate and up in one tensor, gate first.
    var fusedGateUp: String?
    var down = "mlp.down_proj"
    var postFeedForwardNorm: String?

    var router = "mlp.gate"
    /// A tensor for all experts: [experts, rows, columns]; tried before ``expert``.
    var stackedGate: String?
    var stackedUp: String?
    var stackedGateUp: String?
    var stackedDown: String?
    /// An expert's prefix is this, its number and a dot.
    var expert = "mlp.experts"
    var expertGate = "gate_proj"
    var expertUp = "up_proj"
    var expertDown = "down_proj"

    /// Matrices are stored [inputs, outputs] (GPT-2's Conv1D).
    var isTransposed = false
    /// Added to norm weights (Gemma trains w - 1).
    var normOffset: Float = 0
    /// Names with one of these parts are no weights of the model: constants, other parts of a
    /// multimodal one, or the head of a reward model, which has no output head.
    var ignored: [String] = [
        "rotary_emb.inv_freq", "rotary_emb.cos_cached", "rotary_emb.sin_cached", "vision_tower.",
        "multi_modal_projector.", "vision_model.", "score.weight",
    ]

    enum FusedLayout: Sendable {
        /// All of q, then k, then v.
        case concatenated
        /// For each key-value head: its query heads, its key head, its value head.
        case grouped
    }

    /// The names of llama.cpp, the same for all families.
    static let gguf = TensorNames(
        base: "", tokenEmbedding: "token_embd", positionEmbedding: "position_embd",
        outputNorm: "output_norm", output: "output", layers: "blk", attentionNorm: "attn_norm",
        query: "attn_q", key: "attn_k", value: "attn_v", fusedQKV: "attn_qkv",
        attentionOutput: "attn_output", queryNorm: "attn_q_norm", keyNorm: "attn_k_norm",
        postAttentionNorm: "post_attention_norm", feedForwardNorm: "ffn_norm", gate: "ffn_gate",
        up: "ffn_up", down: "ffn_down", postFeedForwardNorm: "post_ffw_norm",
        router: "ffn_gate_inp", stackedGate: "ffn_gate_exps", stackedUp: "ffn_up_exps",
        stackedGateUp: "ffn_gate_up_exps", stackedDown: "ffn_down_exps", expert: "",
        ignored: ["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"])
}
