"""Writes Tests/TrainingTests/Goldens/reward/FAMILY: a tiny random sequence-classification model
(transformers), a LoRA adapter over it (PEFT, task SEQ_CLS), examples with K-way judgements, and
what PyTorch computes in float32: scores, the gradient of every adapter tensor and the head, the
losses of ten AdamW steps, and the adapter after them.

Usage: python tiny_reward_models.py. Whole programs beside each other, adapters of the program in
PEFT among them, are compared by compare_reward_models.py.
"""

import json
import math
import pathlib
import shutil

import torch
import torch.nn.functional as F
import transformers as tf
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

root = pathlib.Path(__file__).parent.parent / "TrainingTests/Goldens/reward"
shape = dict(
    hidden_size=16,
    intermediate_size=24,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    vocab_size=48,
    max_position_embeddings=64,
    initializer_range=0.25,
    pad_token_id=2,
    bos_token_id=1,
    eos_token_id=2,
    tie_word_embeddings=True,
    num_labels=1,
)
families = {
    "llama": lambda: tf.LlamaConfig(**shape, head_dim=4),
    "qwen2": lambda: tf.Qwen2Config(**shape),
    "qwen3": lambda: tf.Qwen3Config(**shape, head_dim=8),
    "gemma2": lambda: tf.Gemma2Config(
        **shape,
        head_dim=8,
        query_pre_attn_scalar=8,
        sliding_window=6,
        attn_logit_softcapping=3.0,
        final_logit_softcapping=None,
        attn_implementation="eager",
    ),
}
modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
settings = dict(
    rank=3,
    alpha=6.0,
    adapter_rate=5e-3,
    head_rate=1e-2,
    warmup=3,
    steps=10,
    clip=1.0,
    decay=0.01,
    floor=0.1,
)


def rate(step):
    """The program's schedule: linear warm-up, then cosine to a floor."""
    if step < settings["warmup"]:
        return (step + 1) / settings["warmup"]
    share = (step - settings["warmup"]) / max(1, settings["steps"] - settings["warmup"])
    return settings["floor"] + (1 - settings["floor"]) * 0.5 * (1 + math.cos(math.pi * share))


def examples():
    g = torch.Generator().manual_seed(5)
    number = lambda low, high: int(torch.randint(low, high, (1,), generator=g))
    out = []
    for prompt in range(6):
        replies = [[number(3, 48) for _ in range(number(1, 9))] for _ in range(2 + prompt % 3)]
        ranks = [number(1, 4) for _ in replies]
        ranks[0], ranks[1] = 1, 2
        out.append(
            {"prompt": [number(3, 48) for _ in range(number(2, 12))], "replies": replies, "ranks": ranks}
        )
    return out


def score(model, ids):
    return model(input_ids=torch.tensor([ids])).logits[0, 0]


def loss_of(model, group):
    """Mean over prompts of the mean over their ordered pairs of -log sigmoid(difference)."""
    total = 0
    for item in group:
        r = [score(model, item["prompt"] + reply) for reply in item["replies"]]
        pairs = [
            -F.logsigmoid(r[i] - r[j])
            for i in range(len(r))
            for j in range(len(r))
            if item["ranks"][i] < item["ranks"][j]
        ]
        total = total + torch.stack(pairs).mean()
    return total / len(group)


def write(name, config):
    torch.manual_seed(11)
    folder = root / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model = tf.AutoModelForSequenceClassification.from_config(config).float().eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "norm" in key:
                parameter.add_(torch.randn_like(parameter) * 0.1)
            if key.endswith("bias"):
                parameter.copy_(torch.randn_like(parameter) * 0.2)
    model.save_pretrained(folder)
    data = examples()
    base_scores = [[float(score(model, e["prompt"] + r)) for r in e["replies"]] for e in data]
    peft = get_peft_model(
        model,
        LoraConfig(
            r=settings["rank"],
            lora_alpha=settings["alpha"],
            target_modules=modules,
            task_type="SEQ_CLS",
            lora_dropout=0.0,
        ),
    ).eval()
    with torch.no_grad():
        for key, parameter in peft.named_parameters():
            if "lora_B" in key:
                parameter.copy_(torch.randn_like(parameter) * 0.1)
    peft.save_pretrained(folder / "adapter")
    scores = [[float(score(peft, e["prompt"] + r)) for r in e["replies"]] for e in data]

    trained = [(k, p) for k, p in peft.named_parameters() if p.requires_grad]
    named = lambda k: k.replace(".default", "").replace(".modules_to_save", "")
    loss_of(peft, data).backward()
    save_file({named(k): p.grad.contiguous().clone() for k, p in trained}, folder / "gradient.safetensors")
    peft.zero_grad()
    groups = [
        {"params": [p for k, p in trained if "lora" in k], "lr": settings["adapter_rate"]},
        {"params": [p for k, p in trained if "lora" not in k], "lr": settings["head_rate"]},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=settings["decay"])
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    losses = []
    for step in range(settings["steps"]):
        batch = [data[(3 * step + k) % len(data)] for k in range(3)]
        loss = loss_of(peft, batch)
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for _, p in trained], settings["clip"])
        optimizer.step()
        schedule.step()
    peft.save_pretrained(folder / "trained")
    for extra in folder.rglob("README.md"):
        extra.unlink()
    (folder / "expected.json").write_text(
        json.dumps(
            {
                "settings": settings,
                "examples": data,
                "base_scores": base_scores,
                "scores": scores,
                "losses": losses,
            }
        )
        + "\n"
    )
    print(name, losses[0], losses[-1])


for name, make in families.items():
    write(name, make())
