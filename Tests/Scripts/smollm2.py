"""The default model as transformers computes it, from the GGUF file that Riposte reads.

The weights are dequantised by the `gguf` package and put into a float32
`LlamaForCausalLM`, so that the only difference left is the arithmetic. `llama` GGUF files
hold the rows of q and k in the order of interleaved rotary embedding; transformers expects
the two halves of a head one after the other, so that order is undone here.
"""

import os
from pathlib import Path

import gguf
import numpy as np
import tokenizers
import torch
import transformers


def default_path() -> Path:
    """The model file of the tests: RIPOSTE_TEST_MODEL or the data directory's."""
    named = os.environ.get("RIPOSTE_TEST_MODEL")
    if named:
        return Path(named)
    data = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share"))
    return data / "riposte" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"


def unpermuted(weight: np.ndarray, heads: int) -> np.ndarray:
    rows, columns = weight.shape
    half = rows // heads // 2
    return weight.reshape(heads, half, 2, columns).swapaxes(1, 2).reshape(rows, columns)


class Reference:
    """Model and tokenizer; `fields` are the file's metadata."""

    def __init__(self, path: Path):
        reader = gguf.GGUFReader(str(path))
        self.fields = {name: field.contents() for name, field in reader.fields.items()}
        weights = {
            tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            for tensor in reader.tensors
        }
        self.model = self._model(weights)
        self.tokenizer = self._tokenizer()

    def _model(self, weights: dict[str, np.ndarray]):
        of = self.fields
        assert of["general.architecture"] == "llama"
        config = transformers.LlamaConfig(
            vocab_size=len(of["tokenizer.ggml.tokens"]),
            hidden_size=of["llama.embedding_length"],
            intermediate_size=of["llama.feed_forward_length"],
            num_hidden_layers=of["llama.block_count"],
            num_attention_heads=of["llama.attention.head_count"],
            num_key_value_heads=of["llama.attention.head_count_kv"],
            max_position_embeddings=of["llama.context_length"],
            rms_norm_eps=of["llama.attention.layer_norm_rms_epsilon"],
            rope_parameters={"rope_type": "default", "rope_theta": of["llama.rope.freq_base"]},
            tie_word_embeddings="output.weight" not in weights,
            attn_implementation="eager",
            dtype=torch.float32,
        )
        names = {
            "model.embed_tokens.weight": "token_embd.weight",
            "model.norm.weight": "output_norm.weight",
        }
        parts = {
            "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q",
            "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
            "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
            "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
        }
        for layer in range(config.num_hidden_layers):
            for theirs, ours in parts.items():
                names[f"model.layers.{layer}.{theirs}.weight"] = f"blk.{layer}.{ours}.weight"
        state = {}
        for theirs, ours in names.items():
            weight = weights.pop(ours)
            if ours.endswith("attn_q.weight"):
                weight = unpermuted(weight, config.num_attention_heads)
            elif ours.endswith("attn_k.weight"):
                weight = unpermuted(weight, config.num_key_value_heads)
            state[theirs] = torch.from_numpy(np.ascontiguousarray(weight, dtype=np.float32))
        state["lm_head.weight"] = (
            state["model.embed_tokens.weight"]
            if config.tie_word_embeddings
            else torch.from_numpy(weights.pop("output.weight").astype(np.float32))
        )
        assert not weights, f"unread tensors: {sorted(weights)}"
        model = transformers.LlamaForCausalLM(config)
        model.load_state_dict(state)
        return model.float().eval()

    def _tokenizer(self) -> tokenizers.Tokenizer:
        of = self.fields
        assert of["tokenizer.ggml.model"] == "gpt2" and of["tokenizer.ggml.pre"] == "smollm"
        tokens = of["tokenizer.ggml.tokens"]
        merges = [tuple(merge.split(" ")) for merge in of["tokenizer.ggml.merges"]]
        tokenizer = tokenizers.Tokenizer(
            tokenizers.models.BPE({token: id for id, token in enumerate(tokens)}, merges)
        )
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ])
        tokenizer.decoder = tokenizers.decoders.ByteLevel()
        control = int(gguf.TokenType.CONTROL)
        types = of["tokenizer.ggml.token_type"]
        tokenizer.add_special_tokens([
            tokenizers.AddedToken(token, special=True, normalized=False)
            for token, type in zip(tokens, types) if type == control
        ])
        return tokenizer

    def ids(self, text: str) -> list[int]:
        """Ids of plain text: what looks like a control token stays text."""
        self.tokenizer.encode_special_tokens = True
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def prompt_ids(self, text: str) -> list[int]:
        """Ids of a rendered prompt, in which control tokens are control tokens."""
        self.tokenizer.encode_special_tokens = False
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def chat_ids(self, messages: list[dict], generate: bool = True) -> list[int]:
        environment = transformers.utils.chat_template_utils._compile_jinja_template(
            self.fields["tokenizer.chat_template"]
        )
        return self.prompt_ids(
            environment.render(messages=messages, add_generation_prompt=generate)
        )

    @torch.no_grad()
    def log_probabilities(self, ids: list[int]) -> torch.Tensor:
        """[position, vocabulary]: the distribution of the token after each position."""
        logits = self.model(torch.tensor([ids])).logits[0]
        return torch.log_softmax(logits.double(), dim=-1)

    @torch.no_grad()
    def greedy(self, ids: list[int], most: int) -> list[int]:
        end = self.fields["tokenizer.ggml.eos_token_id"]
        reply = []
        while len(reply) < most and (not reply or reply[-1] != end):
            reply.append(int(self.log_probabilities(ids + reply)[-1].argmax()))
        return reply
