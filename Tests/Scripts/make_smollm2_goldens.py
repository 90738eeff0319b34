#!/usr/bin/env python3
"""Writes Tests/LanguageModelTests/Goldens/smollm2/*.json: what transformers computes from the
default model's file, in float32, on the texts that lie beside the results.

    pip install torch transformers tokenizers gguf numpy
    Tests/Scripts/make_smollm2_goldens.py [MODEL.gguf]
"""

import json
import math
import sys
from pathlib import Path

import torch

from smollm2 import Reference, default_path

FOLDER = Path(__file__).resolve().parent.parent / "LanguageModelTests" / "Goldens" / "smollm2"
TEXTS = ["prose", "code", "unicode"]
QUESTION = "What is the capital of France?"
ARROW = "Time flies like an arrow, but fruit flies like a banana."


def rounded(values, digits=6):
    return [round(float(value), digits) for value in values]


def write(name: str, value) -> None:
    path = FOLDER / f"{name}.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
    print(f"{path.name}: {path.stat().st_size:,} bytes")


def log_probabilities(reference: Reference, name: str) -> dict:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    ids = reference.ids(text)
    assert reference.tokenizer.decode(ids, skip_special_tokens=False) == text
    after = reference.log_probabilities(ids)
    given = [None] + rounded(after[position, id] for position, id in enumerate(ids[1:]))
    top = torch.topk(after, 5, dim=-1)
    return {
        "ids": ids,
        "logprobs": given,
        # The distribution of the next token, best first.
        "top": [
            [[int(id), round(float(value), 6)] for id, value in zip(row_ids, row_values)]
            for row_ids, row_values in zip(top.indices, top.values)
        ],
    }


def perplexity(reference: Reference, name: str) -> dict:
    ids = reference.ids((FOLDER / f"{name}.txt").read_text(encoding="utf-8"))
    after = reference.log_probabilities(ids)
    total = sum(float(after[position, id]) for position, id in enumerate(ids[1:]))
    return {"ids": ids, "perplexity": round(math.exp(-total / (len(ids) - 1)), 6)}


@torch.no_grad()
def hidden_states(reference: Reference, name: str) -> dict:
    """Layer n is the residual stream after n blocks, the last one after the final norm."""
    ids = reference.ids((FOLDER / f"{name}.txt").read_text(encoding="utf-8"))
    positions = [0, len(ids) // 2, len(ids) - 1]
    states = reference.model(torch.tensor([ids]), output_hidden_states=True).hidden_states
    return {
        "ids": ids,
        "positions": positions,
        "layers": [
            [
                {
                    "first": rounded(layer[0, position, :8], 5),
                    "norm": round(float(layer[0, position].double().norm()), 4),
                }
                for position in positions
            ]
            for layer in states
        ],
    }


@torch.no_grad()
def attention(reference: Reference) -> dict:
    ids = reference.ids(ARROW)
    positions = sorted({round(i * (len(ids) - 1) / 9) for i in range(10)})
    assert len(positions) == 10, f"the sentence has only {len(ids)} tokens"
    layers = [0, 14, reference.model.config.num_hidden_layers - 1]
    attentions = reference.model(torch.tensor([ids]), output_attentions=True).attentions
    return {
        "ids": ids,
        "positions": positions,
        "layers": layers,
        # [layer][position][head] → the weights of the positions up to this one.
        "weights": [
            [
                [
                    rounded(attentions[layer][0, head, position, : position + 1], 5)
                    for head in range(attentions[layer].shape[1])
                ]
                for position in positions
            ]
            for layer in layers
        ],
    }


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else default_path()
    torch.manual_seed(0)
    reference = Reference(path)

    prompt = reference.chat_ids([{"role": "user", "content": QUESTION}])
    reply = reference.greedy(prompt, 16)
    text = reference.tokenizer.decode(reply, skip_special_tokens=False)
    assert text == "The capital of France is Paris.<|im_end|>", text
    write("greedy", {"question": QUESTION, "prompt": prompt, "reply": reply, "text": text})

    for name in TEXTS:
        write(name, log_probabilities(reference, name))
    write("perplexity", perplexity(reference, "essay"))
    write("hidden_states", hidden_states(reference, "prose"))
    write("attention", attention(reference))


if __name__ == "__main__":
    main()
