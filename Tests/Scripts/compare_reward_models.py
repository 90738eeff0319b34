#!/usr/bin/env python3
"""Scores of `riposte reward score` beside those of transformers and PEFT, on random models.

For Llama, Qwen2, Qwen3 and Gemma2, with one label and with three, padding that is the end token
and padding that is not: sequences alone and eight in a padded batch, some of which end with the
end token; a head beside a body; a LoRA adapter of PEFT over each, with the head under the names
that its versions give it; and an adapter that the program trains, loaded into PEFT.

Usage: compare_reward_models.py --binary .build/release/riposte [--kernels reference]
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers as tf
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

from letters_tokenizer import write_letters_tokenizer

parser = argparse.ArgumentParser()
parser.add_argument("--binary", required=True)
parser.add_argument("--kernels", default="reference")
options = parser.parse_args()
binary = str(pathlib.Path(options.binary).absolute())
worst = 0.0


def run(*arguments):
    found = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
    if found.returncode:
        sys.exit(f"{' '.join(map(str, arguments))}: {found.stderr}")
    return [json.loads(line) for line in found.stdout.splitlines()]


def scored(reward, sequences, folder, *more):
    path = folder / "ids.jsonl"
    path.write_text("".join(json.dumps({"ids": ids}) + "\n" for ids in sequences))
    lines = run("reward", "score", "-r", reward, path, "--kernels", options.kernels, *more)
    return [list(line["outputs"][0].values()) if "outputs" in line else [line["reward"]]
            for line in lines]


@torch.no_grad()
def theirs(model, sequences, pad):
    alone = [model(input_ids=torch.tensor([ids])).logits[0].tolist() for ids in sequences]
    length = max(map(len, sequences))
    batch = torch.tensor([ids + [pad] * (length - len(ids)) for ids in sequences])
    mask = torch.tensor([[1] * len(ids) + [0] * (length - len(ids)) for ids in sequences])
    together = model(input_ids=batch, attention_mask=mask).logits.tolist()
    return alone, together


def compare(name, found, *wanted):
    global worst
    error = max(abs(a - b) for rows in wanted
                for x, y in zip(found, rows) for a, b in zip(x, y, strict=True))
    spread = max(max(r) for r in wanted[0]) - min(min(r) for r in wanted[0])
    worst = max(worst, error)
    print(f"{name:42s} largest difference {error:.1e} (scores spread over {spread:.2f})")


def randomized(model):
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "norm" in key:
                parameter.add_(torch.randn_like(parameter) * 0.1)
            if key.endswith("bias"):
                parameter.copy_(torch.randn_like(parameter) * 0.2)
    return model.float().eval()


def fresh(folder, name):
    return tf.AutoModelForSequenceClassification.from_pretrained(
        folder, **({"attn_implementation": "eager"} if name == "gemma2" else {})).float().eval()


def train(folder, output):
    """`train reward --method lora` on made-up pairs, with a tokenizer of letters."""
    write_letters_tokenizer(folder)
    pairs = folder / "pairs.jsonl"
    pairs.write_text("".join(json.dumps(
        {"prompt": f"Say {number} ", "chosen": f"please {number * 7}",
         "rejected": f"zzz {number * 5}"}) + "\n" for number in range(40)))
    run("train", "reward", "-m", folder, "--method", "lora", "--rank", "4", "--epochs", "4",
        "--learning-rate", "0.01", "-o", output, "--json", pairs)


families = {
    "llama": (tf.LlamaConfig, {}),
    "qwen2": (tf.Qwen2Config, {}),
    "qwen3": (tf.Qwen3Config, dict(head_dim=16)),
    "gemma2": (tf.Gemma2Config, dict(head_dim=16, query_pre_attn_scalar=16, sliding_window=8,
                                     attn_implementation="eager")),
}
modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

with tempfile.TemporaryDirectory() as scratch:
    for name, (config, more) in families.items():
        for labels, pad in ((1, 2), (3, 0)):
            torch.manual_seed(labels)
            folder = pathlib.Path(scratch) / f"{name}-{labels}"
            model = randomized(tf.AutoModelForSequenceClassification.from_config(config(
                hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
                num_key_value_heads=2, vocab_size=320, max_position_embeddings=128,
                initializer_range=0.15, pad_token_id=pad, bos_token_id=1, eos_token_id=2,
                num_labels=labels, **more)))
            model.save_pretrained(folder)
            # Read back, so that an adapter's configuration says where its base is.
            model = tf.AutoModelForSequenceClassification.from_pretrained(folder, **(
                {"attn_implementation": "eager"} if name == "gemma2" else {})).eval()
            g = torch.Generator().manual_seed(3)
            sequences = [torch.randint(3, 320, (int(torch.randint(2, 40, (1,), generator=g)),),
                                       generator=g).tolist() for _ in range(8)]
            sequences[1].append(2)
            sequences[4] += [2, 2]
            title = f"{name}, {labels} label{'s' * (labels > 1)}"
            compare(title, scored(folder, sequences, folder), *theirs(model, sequences, pad))

            head = folder / "head.safetensors"
            save_file({"score.weight": model.score.weight.detach().clone()}, head)
            compare(f"{title}, head beside the body",
                    scored(head, sequences, folder, "-m", folder), theirs(model, sequences, pad)[0])

            peft = get_peft_model(model, LoraConfig(
                r=4, lora_alpha=8, target_modules=modules[:5] if labels > 1 else modules,
                task_type="SEQ_CLS")).eval()
            with torch.no_grad():
                for key, parameter in peft.named_parameters():
                    if "lora_B" in key:
                        parameter.copy_(torch.randn_like(parameter) * 0.1)
                    if "score.modules_to_save" in key:
                        parameter.add_(torch.randn_like(parameter) * 0.1)
            adapter = folder / "adapter"
            peft.save_pretrained(adapter)
            wanted = theirs(peft, sequences, pad)
            weights = adapter / "adapter_model.safetensors"
            own = load_file(weights)
            plain = "base_model.model.score.weight"
            for key in (plain, "base_model.model.score.modules_to_save.weight",
                        "base_model.model.score.modules_to_save.default.weight"):
                save_file({key if k == plain else k: v for k, v in own.items()}, weights,
                          {"format": "pt"})
                compare(f"{title}, adapter, {key[17:]}",
                        scored(adapter, sequences, folder, "-m", folder), *wanted)
            compare(f"{title}, adapter, its own base", scored(adapter, sequences, folder), *wanted)

            if labels == 1:
                # The other way: what the program trains is loaded into PEFT.
                trained = folder / "trained"
                train(folder, trained)
                ours = PeftModel.from_pretrained(fresh(folder, name), trained).eval()
                compare(f"{title}, an adapter of ours in PEFT",
                        scored(trained, sequences, folder, "-m", folder),
                        *theirs(ours, sequences, pad))

print(f"largest of all {worst:.1e}")
sys.exit(0 if math.isfinite(worst) and worst < 1e-3 else 1)
