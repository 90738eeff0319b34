#!/usr/bin/env python3
"""Ten steps of `riposte train reward --method lora` beside TRL's RewardTrainer on PEFT.

Tiny random models in float32 (Llama, Qwen2, Qwen3, Gemma2); both sides begin from one adapter
(`--from`) and take all pairs in every step, so no order is in the way; AdamW, clipping, centring
and the schedule are the program's. The losses of all steps must agree within 1e-4 relative, and
the trained adapters must score within 0.01 of each other.

Usage: compare_reward_training.py --binary .build/release/riposte
"""

import argparse
import json
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile

# Read as the libraries are imported.
os.environ |= {"TQDM_DISABLE": "1", "TRANSFORMERS_VERBOSITY": "error"}

import torch
import transformers as tf
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from trl import RewardConfig, RewardTrainer

from letters_tokenizer import write_letters_tokenizer

parser = argparse.ArgumentParser()
parser.add_argument("--binary", required=True)
options = parser.parse_args()
binary = str(pathlib.Path(options.binary).absolute())
STEPS, PAIRS, RATE, HEAD_RATE = 10, 12, 5e-3, 1e-2
TEMPLATE = ("{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}</s>{% endif %}"
            "{% endfor %}")


def run(*arguments):
    found = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
    if found.returncode:
        sys.exit(f"{' '.join(map(str, arguments))}: {found.stderr}")
    return [json.loads(line) for line in found.stdout.splitlines()]


def share(step):
    """The program's schedule: a warm-up of a tenth, then half a cosine down to a tenth."""
    warmup = round(STEPS / 10)
    if step < warmup:
        return (step + 1) / warmup
    return 0.1 + 0.45 * (1 + math.cos(math.pi * min(1, (step - warmup) / (STEPS - warmup))))


class Recording(RewardTrainer):
    def compute_loss(self, *arguments, **more):
        loss = super().compute_loss(*arguments, **more)
        self.losses.append(float(loss.detach()))
        return loss


def pairs():
    source = random.Random(4)

    def text(low, high):
        return "".join(chr(source.randrange(97, 123)) for _ in range(source.randrange(low, high)))

    return [{"prompt": [{"role": "user", "content": text(3, 30)}],
             "chosen": [{"role": "assistant", "content": text(2, 20)}],
             "rejected": [{"role": "assistant", "content": text(2, 20)}]} for _ in range(PAIRS)]


families = {
    "llama": (tf.LlamaConfig, {}),
    "qwen2": (tf.Qwen2Config, {}),
    "qwen3": (tf.Qwen3Config, dict(head_dim=16)),
    "gemma2": (tf.Gemma2Config, dict(head_dim=16, query_pre_attn_scalar=16, sliding_window=8,
                                     attn_implementation="eager")),
}
failed = False
with tempfile.TemporaryDirectory() as scratch:
    for name, (config, more) in families.items():
        torch.manual_seed(7)
        folder = pathlib.Path(scratch) / name
        eager = {"attn_implementation": "eager"} if name == "gemma2" else {}
        tf.AutoModelForSequenceClassification.from_config(config(
            hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
            num_key_value_heads=2, vocab_size=100, max_position_embeddings=128,
            initializer_range=0.15, pad_token_id=2, bos_token_id=0, eos_token_id=1,
            num_labels=1, **more)).float().save_pretrained(folder)
        write_letters_tokenizer(folder, chat_template=TEMPLATE)
        data = pairs()
        file = folder / "pairs.jsonl"
        file.write_text("".join(json.dumps(pair) + "\n" for pair in data))

        def fresh():
            return tf.AutoModelForSequenceClassification.from_pretrained(
                folder, dtype=torch.float32, **eager)

        model = get_peft_model(fresh(), LoraConfig(
            r=4, lora_alpha=8, lora_dropout=0.0, task_type="SEQ_CLS", target_modules=[
                "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]))
        model.save_pretrained(folder / "initial")
        trained = [(k, p) for k, p in model.named_parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW([
            {"params": [p for k, p in trained if "lora" in k], "lr": RATE},
            {"params": [p for k, p in trained if "lora" not in k], "lr": HEAD_RATE},
        ], weight_decay=0)
        trainer = Recording(
            model=model, train_dataset=Dataset.from_list(data),
            processing_class=tf.AutoTokenizer.from_pretrained(folder),
            args=RewardConfig(
                output_dir=str(folder / "trl"), per_device_train_batch_size=PAIRS,
                num_train_epochs=STEPS, center_rewards_coefficient=0.01, max_grad_norm=1.0,
                gradient_checkpointing=False, bf16=False, save_strategy="no", report_to=[],
                use_cpu=True, disable_tqdm=True),
            optimizers=(optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, share)))
        trainer.losses = []
        trainer.train()

        lines = run("train", "reward", "--method", "lora", "-m", folder, "--from",
                    folder / "initial", "--batch", PAIRS, "--epochs", STEPS, "--test-share", 0,
                    "--learning-rate", RATE, "--head-learning-rate", HEAD_RATE, "--json", "-o",
                    folder / "ours", file)
        ours = [line["loss"] for line in lines if "tokens_per_s" in line]
        error = max(abs(a - b) / abs(b) for a, b in zip(ours, trainer.losses, strict=True))

        ids = [[random.Random(k).randrange(3, 100) for _ in range(5 + k)] for k in range(8)]
        with torch.no_grad():
            score = lambda m: [m.eval()(input_ids=torch.tensor([row])).logits.item()
                               for row in ids]
            theirs, loaded = score(model), score(PeftModel.from_pretrained(
                fresh(), folder / "ours"))
        apart = max(abs(a - b) for a, b in zip(theirs, loaded))
        failed = failed or len(ours) != STEPS or error > 1e-4 or apart > 0.01
        print(f"{name:8s} loss {ours[0]:.4f} to {ours[-1]:.4f}, largest relative difference "
              f"{error:.1e}; scores afterwards differ by {apart:.1e} at most", flush=True)

sys.exit(1 if failed else 0)
