#!/usr/bin/env python3
"""PyTorch's side of the reward benchmark: a LoRA of PEFT on a sequence-classification model of
transformers, trained on preference pairs. One JSON object on standard output.

    peft_worker.py train MODEL.gguf PAIRS.jsonl THREADS BATCH PROMPT REPLY
    peft_worker.py version

A step is what a reward trainer of TRL does with a batch: chosen and rejected conversations in one
batch, padded to its longest; without TRL's own bookkeeping, so that only PyTorch is timed.
"""

import json
import os
import resource
import sys
import time
import warnings
from pathlib import Path

# Read as the libraries are imported.
os.environ |= {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
warnings.simplefilter("ignore")

import peft  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def resident() -> int:
    with open("/proc/self/statm") as status:
        return int(status.read().split()[1]) * resource.getpagesize()


def conversations(path: str, tokenizer, prompt_tokens: int, reply_tokens: int):
    """For each pair the ids of the prompt, of the chosen reply and of the rejected one, cut as
    `riposte train reward` cuts them: the prompt's end, the reply's beginning."""
    pairs = []
    for line in Path(path).read_text().splitlines():
        row = json.loads(line)

        def ids(messages, **more):
            text = tokenizer.apply_chat_template(messages, tokenize=False, **more)
            return tokenizer(text, add_special_tokens=False)["input_ids"]

        prompt = ids(row["prompt"], add_generation_prompt=True)
        replies = []
        for key in ("chosen", "rejected"):
            whole = ids(row["prompt"] + row[key])
            # Without the line break that the template writes after the end of a turn.
            end = len(whole) - whole[::-1].index(tokenizer.eos_token_id) if (
                tokenizer.eos_token_id in whole[len(prompt):]) else len(whole)
            replies.append(whole[len(prompt):end][:reply_tokens])
        pairs.append((prompt[-prompt_tokens:], *replies))
    return pairs


def train(path, pairs_path, threads, batch, prompt_tokens, reply_tokens) -> dict:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    folder, name = os.path.split(os.path.abspath(path))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=name)
    pairs = conversations(pairs_path, tokenizer, prompt_tokens, reply_tokens)
    libraries = resident()
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, gguf_file=name, num_labels=1, dtype=torch.float32)
    model.config.pad_token_id = tokenizer.pad_token_id
    model.config.use_cache = False
    model = peft.get_peft_model(model, peft.LoraConfig(
        task_type=peft.TaskType.SEQ_CLS, r=8, lora_alpha=16, lora_dropout=0.0,
        target_modules=LINEARS))
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=3e-4, weight_decay=0.0)

    def step(part) -> float:
        texts = [prompt + chosen for prompt, chosen, _ in part]
        texts += [prompt + rejected for prompt, _, rejected in part]
        longest = max(map(len, texts))
        # Every text ends with the end of a turn, which may be the padding token: the mask says
        # which tokens are text, and the last of them is scored.
        ids = torch.full((len(texts), longest), tokenizer.pad_token_id)
        mask = torch.zeros_like(ids)
        for row, text in enumerate(texts):
            ids[row, :len(text)] = torch.tensor(text)
            mask[row, :len(text)] = 1
        scores = model(input_ids=ids, attention_mask=mask).logits[:, 0]
        chosen, rejected = scores[:len(part)], scores[len(part):]
        loss = -torch.nn.functional.logsigmoid(chosen - rejected).mean()
        loss = loss + 0.01 * ((chosen + rejected) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss.item()

    started = time.perf_counter()
    losses = [step(pairs[i:i + batch]) for i in range(0, len(pairs), batch)]
    seconds = time.perf_counter() - started
    return {
        "pairs": len(pairs),
        "seconds": seconds,
        "pairs_per_s": len(pairs) / seconds,
        "losses": losses,
        # Tokens, a prompt once for each pair, to check that both programs read the same.
        "tokens": sum(sum(map(len, pair)) for pair in pairs),
        # Without the interpreter and its libraries, which are 400 MB.
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - libraries,
    }


def main() -> None:
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "train":
        result = train(arguments[0], arguments[1], *map(int, arguments[2:]))
    elif command == "version":
        result = {"torch": torch.__version__, "peft": peft.__version__,
                  "transformers": transformers.__version__}
    else:
        sys.exit(__doc__)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
