"""Writes tiny random models of every family, and what transformers computes with them.

    make_tiny_models.py OUTPUT [--seeds 0 1 2] [--only NAME ...] [--converter LLAMA_CPP] [--vary]

OUTPUT/NAME-SEED gets the Hugging Face folder and `expected.json`:

    ids        a text longer than any sliding window
    logprobs   base64 of float32 [len(ids), vocabulary], log-probabilities of the next token
    greedy     the 32 most probable tokens one after another after the first 16 ids

All of it is computed without a cache, in float32, from the weights as stored. With
--converter, the folder with convert_hf_to_gguf.py in the llama-cpp-python source package
(vendor/llama.cpp), also OUTPUT/NAME-SEED/model.gguf. With --vary, each seed has other settings:
biases, heads, activations, rotations, windows, experts. What Riposte does not compute must
then be an error that says so.

The committed models are seed 0: make_tiny_models.py ../LanguageModelTests/Goldens/TinyModels
--seeds 0 --converter …
"""

import argparse
import base64
import copy
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, CONFIG_MAPPING

VOCABULARY = 64
TEXT_LENGTH = 40
GREEDY_PROMPT = 16
GREEDY_LENGTH = 32

# Longer than a window of 8 by far; rope factors as real models have them, shrunk.
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32, rope_theta=1e4)
LLAMA3 = dict(
    rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=32, rope_theta=5e5)
LINEAR = dict(rope_type="linear", factor=2.5, rope_theta=1e4)
LONG = dict(
    rope_type="longrope", short_factor=[1.0, 1.1, 1.25, 1.5], rope_theta=1e4,
    long_factor=[1.0, 2.0, 3.5, 4.0], original_max_position_embeddings=32)

# name: (model_type, settings over the common ones)
MODELS = {
    "llama": ("llama", {}),
    "llama-bias-tied": (
        "llama", dict(attention_bias=True, mlp_bias=True, tie_word_embeddings=True, head_dim=12)),
    "llama-linear": ("llama", dict(rope_parameters=LINEAR)),
    "llama-llama3": ("llama", dict(rope_parameters=LLAMA3)),
    "llama-yarn": ("llama", dict(rope_parameters=YARN)),
    "mistral": ("mistral", dict(sliding_window=8)),
    "mixtral": ("mixtral", dict(num_local_experts=4, num_experts_per_tok=2)),
    "qwen2": ("qwen2", dict(tie_word_embeddings=True)),
    "qwen2-sliding": (
        "qwen2", dict(use_sliding_window=True, sliding_window=8, max_window_layers=1)),
    "qwen3": ("qwen3", dict(head_dim=16)),
    "qwen3moe": (
        "qwen3_moe",
        dict(head_dim=16, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=24,
             norm_topk_prob=True, decoder_sparse_step=1, mlp_only_layers=[])),
    "qwen3moe-mixed": (
        "qwen3_moe",
        dict(head_dim=16, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=24,
             norm_topk_prob=False, decoder_sparse_step=1, mlp_only_layers=[0])),
    "gemma": ("gemma", dict(head_dim=12)),
    "gemma2": (
        "gemma2",
        dict(head_dim=16, query_pre_attn_scalar=16, sliding_window=8,
             attn_logit_softcapping=2.0, final_logit_softcapping=5.0)),
    "gemma3": (
        "gemma3_text",
        # The cap on attention's scores is not used.
        dict(head_dim=8, query_pre_attn_scalar=8, sliding_window=8, num_hidden_layers=6,
             intermediate_size=32, attn_logit_softcapping=2.0,
             rope_parameters=dict(
                 full_attention=dict(rope_type="linear", factor=8.0, rope_theta=1e6),
                 sliding_attention=dict(rope_type="default", rope_theta=1e4)))),
    "phi3": ("phi3", dict(sliding_window=8)),
    "phi3-longrope": (
        "phi3", dict(rope_parameters=LONG, original_max_position_embeddings=32)),
    "gpt2": ("gpt2", dict(n_embd=32, n_layer=2, n_head=4, n_positions=128)),
    "gpt-neox": ("gpt_neox", dict(rotary_pct=0.5)),
    "gpt-neox-sequential": ("gpt_neox", dict(rotary_pct=0.5, use_parallel_residual=False)),
    "olmo2": ("olmo2", {}),
    "olmo3": (
        "olmo3", dict(sliding_window=8, num_hidden_layers=4, rope_parameters=YARN)),
    "smollm3": (
        "smollm3", dict(num_hidden_layers=4, intermediate_size=32, use_sliding_window=False)),
    "granite": (
        "granite",
        dict(attention_multiplier=0.2, embedding_multiplier=3.0, residual_multiplier=0.4,
             logits_scaling=2.0)),
    "starcoder2": ("starcoder2", dict(sliding_window=8, use_bias=True)),
    "starcoder2-full": ("starcoder2", dict(sliding_window=None, use_bias=True)),
    "stablelm": ("stablelm", dict(partial_rotary_factor=0.25, use_qkv_bias=True)),
    "stablelm-parallel": (
        "stablelm",
        dict(partial_rotary_factor=0.5, use_parallel_residual=True, qk_layernorm=True)),
    "falcon": ("falcon", dict(multi_query=True, parallel_attn=True, num_kv_heads=1)),
    "falcon-new": ("falcon", dict(new_decoder_architecture=True, num_kv_heads=2)),
}


def varied(model_type, settings, seed):
    """The settings with others put in their place, of those that the config has."""
    pick = random.Random(seed)
    result = dict(settings)
    known = CONFIG_MAPPING[model_type]().to_dict()

    def maybe(chance=0.5, **choices):
        for name, values in choices.items():
            if pick.random() < chance and name in known:
                result[name] = pick.choice(values)

    heads = pick.choice([2, 4, 4])
    shared = {"gpt2": {}, "gpt_neox": dict(num_attention_heads=heads), "falcon": dict(num_attention_heads=heads)}
    result.update(shared.get(model_type, dict(num_attention_heads=heads, num_key_value_heads=pick.choice([1, 2, heads]))))
    maybe(tie_word_embeddings=[True, False], num_hidden_layers=[1, 2, 3], initializer_range=[0.02])
    maybe(0.4, rms_norm_eps=[1e-3, 1e-6], layer_norm_eps=[1e-3], layer_norm_epsilon=[1e-3], norm_epsilon=[1e-3])
    if model_type in ("llama", "mistral", "mixtral", "qwen3", "qwen3_moe", "gemma", "gemma2", "gemma3_text"):
        maybe(head_dim=[8, 12, 16, 24])
    if "gemma" not in model_type:
        maybe(0.5, hidden_act=["silu", "gelu", "gelu_pytorch_tanh", "gelu_new", "relu"])
    maybe(attention_bias=[True], mlp_bias=[True], use_bias=[True, False], use_qkv_bias=[True, False], bias=[True, False])
    if isinstance(result.get("sliding_window"), int) or model_type in ("mistral", "mixtral", "starcoder2", "phi3"):
        maybe(sliding_window=[3, 8, 13, None] if "gemma" not in model_type else [3, 8, 13])
    if model_type in ("llama", "mistral", "qwen2", "qwen3", "granite", "mixtral", "smollm3", "olmo2", "qwen3_moe", "starcoder2"):
        base = pick.choice([1e4, 5e5, 100.0])
        maybe(0.7, rope_parameters=[
            dict(rope_type="default", rope_theta=base), dict(LINEAR, factor=3.0), dict(LLAMA3, factor=4.0), dict(YARN, rope_theta=base),
            dict(YARN, beta_fast=16.0, beta_slow=2.0), dict(YARN, attention_factor=0.8), dict(YARN, mscale=0.7, mscale_all_dim=0.9),
            dict(YARN, truncate=False), dict(rope_type="dynamic", factor=2.0, rope_theta=1e4)])
    if model_type in ("stablelm", "gpt_neox", "phi3"):
        maybe(partial_rotary_factor=[0.5, 0.75, 1.0], rotary_pct=[0.25, 1.0])
    if model_type == "phi3" and result.get("rope_parameters") is LONG:
        result.pop("partial_rotary_factor", None)
        result.update(num_attention_heads=4, num_key_value_heads=2)
    maybe(use_parallel_residual=[True, False], qk_layernorm=[True, False], norm_topk_prob=[True, False], num_experts_per_tok=[1, 2, 3])
    if model_type in ("qwen2", "qwen3", "smollm3") and pick.random() < 0.4:
        count = result.get("num_hidden_layers", 2)
        result.update(use_sliding_window=True, sliding_window=8,
                      layer_types=[pick.choice(["full_attention", "sliding_attention"]) for _ in range(count)])
    if model_type == "smollm3":
        count = result.get("num_hidden_layers", 2)
        maybe(no_rope_layers=[[pick.randrange(2) for _ in range(count)]], no_rope_layer_interval=[2, 3])
    if model_type in ("gemma2", "gemma3_text"):
        maybe(attn_logit_softcapping=[None, 3.0], final_logit_softcapping=[None, 4.0], query_pre_attn_scalar=[5, 64])
    if model_type == "granite":
        maybe(attention_multiplier=[0.1], embedding_multiplier=[0.5], residual_multiplier=[1.5], logits_scaling=[0.7])
    if model_type == "gpt2":
        maybe(0.3, activation_function=["gelu", "relu"], scale_attn_weights=[False], scale_attn_by_inverse_layer_idx=[True], n_inner=[40])
    if model_type == "falcon":
        maybe(0.4, multi_query=[False], parallel_attn=[False], num_ln_in_parallel_attn=[1], alibi=[True], ffn_hidden_size=[48], activation=["relu"])
    return result


# What llama.cpp's converter does not write, as its reader knows only one value.
NOT_IN_GGUF = ("hidden_act", "activation", "activation_function", "hidden_activation", "query_pre_attn_scalar", "norm_topk_prob",
               "scale_attn_weights", "scale_attn_by_inverse_layer_idx", "layer_types", "no_rope_layers", "num_ln_in_parallel_attn",
               "ffn_hidden_size")
# Gemma's are tied, and the size of a head is the scale of attention.
GEMMA_NOT_IN_GGUF = ("head_dim", "tie_word_embeddings")


def fits_gguf(name, settings):
    own = MODELS[name][1]
    rope = settings.get("rope_parameters") or {}
    fixed = NOT_IN_GGUF + (GEMMA_NOT_IN_GGUF if name.startswith("gemma") else ())
    return (all(settings.get(key) == own.get(key) for key in fixed)
            and not {"attention_factor", "mscale", "truncate", "beta_fast"} & set(rope))


COMMON = dict(
    vocab_size=VOCABULARY, hidden_size=32, intermediate_size=40, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
    bos_token_id=1, eos_token_id=2, pad_token_id=None)
# float32 doubles the size, so it is rare.
FLOAT32 = ("llama", "gpt-neox")


def configuration(model_type, settings):
    """A config as transformers makes it, which writes into what it is given."""
    settings = copy.deepcopy(settings)
    values = dict(COMMON)
    if model_type == "gpt2":
        values = {key: values[key] for key in ("vocab_size", "bos_token_id", "eos_token_id")}
    if model_type in ("gpt_neox", "falcon"):
        del values["num_key_value_heads"]
    if model_type == "falcon":
        del values["intermediate_size"]
    return CONFIG_MAPPING[model_type](**{**values, **settings})


def fill(model, generator, dtype):
    """Random weights with which every part matters: no zero biases, no unit norms."""
    for name, parameter in model.named_parameters():
        shape = parameter.shape
        noise = torch.randn(shape, generator=generator)
        if name.endswith("bias"):
            value = 0.2 * noise
        elif parameter.dim() == 1:
            # Gemma's norms add 1 themselves.
            center = 0.0 if "gemma" in model.config.model_type else 1.0
            value = center + 0.3 * noise
        elif any(part in name for part in ("embed", "wte", "wpe", "lm_head")):
            value = noise * (0.3 if "gemma" in model.config.model_type else 0.7)
        else:
            value = noise * (1.2 / shape[-1] ** 0.5)
        parameter.data = value.to(dtype).to(torch.float32)
    model.tie_weights()


def log_probabilities(model, ids):
    with torch.no_grad():
        logits = model(torch.tensor([ids]), use_cache=False).logits[0]
    return torch.log_softmax(logits.float(), dim=-1)


def greedy(model, ids):
    """The tokens, and the smallest lead of a chosen token over the next."""
    ids, lead = list(ids), float("inf")
    for _ in range(GREEDY_LENGTH):
        top = torch.topk(log_probabilities(model, ids)[-1], 2)
        lead = min(lead, (top.values[0] - top.values[1]).item())
        ids.append(top.indices[0].item())
    return ids[-GREEDY_LENGTH:], lead


def make(name, seed, output, varies=False):
    model_type, settings = MODELS[name]
    if varies:
        settings = varied(model_type, settings, seed * 1000 + list(MODELS).index(name))
    folder = output / f"{name}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    dtype = [torch.bfloat16, torch.float16][(list(MODELS).index(name) + seed) % 2]
    if name in FLOAT32:
        dtype = torch.float32
    if name.startswith("gemma"):
        # llama.cpp's converter adds 1 to the norms; in float16 that would round them.
        dtype = torch.bfloat16
    # A near tie between two tokens says nothing about correctness: try the next weights.
    for attempt in range(100):
        generator = torch.Generator().manual_seed(seed * 1000 + attempt)
        config = configuration(model_type, settings)
        config._attn_implementation = "eager"
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
        model = model.float().eval()
        fill(model, generator, dtype)
        ids = torch.randint(0, VOCABULARY, (TEXT_LENGTH,), generator=generator).tolist()
        tokens, lead = greedy(model, ids[:GREEDY_PROMPT])
        if lead > 0.01:
            break
    else:
        raise SystemExit(f"{name}: every attempt had a near tie")
    expected = log_probabilities(model, ids)
    model.to(dtype).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    data = expected.numpy().astype("<f4").tobytes()
    (folder / "expected.json").write_text(json.dumps(
        dict(ids=ids, greedy=tokens, vocabulary=VOCABULARY,
             logprobs=base64.b64encode(data).decode())))
    return folder, settings


def convert(folder, llama_cpp):
    """GGUF by llama.cpp's own converter, less the tokenizer that these models lack."""
    sys.path.insert(0, str(llama_cpp))
    sys.path.insert(0, str(llama_cpp / "gguf-py"))
    import gguf
    from conversion import get_model_class
    from conversion.base import ModelBase, get_model_architecture, ModelType
    # The converter reads some keys of older config.json files, and for Gemma 3 the size of
    # the vocabulary from the tokenizer.
    config = json.loads((folder / "config.json").read_text())
    legacy = dict(config)
    if config["model_type"] == "gpt2":
        legacy["n_ctx"] = config["n_positions"]
    if config["model_type"] == "gpt_neox":
        legacy["rotary_pct"] = config["rope_parameters"]["partial_rotary_factor"]
    architecture = get_model_architecture(legacy, ModelType.TEXT)
    original = get_model_class(architecture, mmproj=False)

    class WithoutTokenizer(original):
        model_arch = original.model_arch

        def set_vocab(self):
            self._set_vocab_none()

    types = dict(
        float32=gguf.LlamaFileType.ALL_F32, float16=gguf.LlamaFileType.MOSTLY_F16,
        bfloat16=gguf.LlamaFileType.MOSTLY_BF16)
    with tempfile.TemporaryDirectory() as copy, torch.inference_mode():
        copy = Path(copy) / folder.name
        shutil.copytree(folder, copy)
        (copy / "config.json").write_text(json.dumps(legacy))
        vocabulary = {str(index): index for index in range(VOCABULARY)}
        (copy / "tokenizer.json").write_text(
            json.dumps(dict(model=dict(vocab=vocabulary), added_tokens=[])))
        hparams = {**ModelBase.load_hparams(copy, False), **legacy}
        target = folder / "model.gguf"
        WithoutTokenizer(copy, types[config["dtype"]], target, hparams=hparams).write()
    if legacy.get("sliding_window") and legacy.get("use_sliding_window", True):
        fields = gguf.GGUFReader(target).fields
        if not any(name.endswith(".attention.sliding_window") for name in fields):
            raise ValueError("the converter leaves the sliding window out")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--only", nargs="*", default=list(MODELS))
    parser.add_argument("--converter", type=Path)
    parser.add_argument("--vary", action="store_true")
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for name in arguments.only:
        for seed in arguments.seeds:
            try:
                folder, settings = make(name, seed, arguments.output, arguments.vary)
            except Exception as error:
                if not arguments.vary:
                    raise
                # Settings that no model has together.
                shutil.rmtree(arguments.output / f"{name}-{seed}", ignore_errors=True)
                print(f"{name}-{seed} cannot be: {type(error).__name__}: {str(error)[:100]}")
                continue
            note = ""
            if arguments.converter and fits_gguf(name, settings):
                try:
                    convert(folder, arguments.converter)
                except Exception as error:
                    (folder / "model.gguf").unlink(missing_ok=True)
                    note = f"no GGUF: {type(error).__name__}: {error}"
            size = sum(file.stat().st_size for file in folder.iterdir())
            print(folder.name, size, note)


if __name__ == "__main__":
    main()
