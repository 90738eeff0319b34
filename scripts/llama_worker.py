#!/usr/bin/env python3
"""llama.cpp's side of the benchmark, through llama-cpp-python's low-level interface, so that
nothing but llama.cpp itself is timed. One JSON object on standard output.

    llama_worker.py rates MODEL THREADS PROMPT GENERATE CANDIDATES SHARED
    llama_worker.py first MODEL THREADS QUESTION
    llama_worker.py quantize SOURCE TARGET TYPE
    llama_worker.py version
"""

import ctypes
import json
import os
import random
import sys
import time

import llama_cpp
import numpy as np


def memory(field: str) -> int:
    """VmRSS or VmHWM (the most it ever was) in bytes."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return 0


# Kept for the life of the process: llama.cpp calls it from its own code.
silence = llama_cpp.llama_log_callback(lambda level, text, data: None)
llama_cpp.llama_log_set(silence, ctypes.c_void_p(0))


class Session:
    def __init__(self, path: str, threads: int, context: int, sequences: int):
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(
            path.encode(), llama_cpp.llama_model_default_params()
        )
        if not self.model:
            sys.exit(f"llama.cpp cannot load {path}")
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = context
        params.n_batch = 512
        params.n_seq_max = sequences
        params.n_threads = threads
        params.n_threads_batch = threads
        # One buffer, so that a shared prompt is stored and read once.
        params.kv_unified = True
        params.no_perf = True
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        if not self.context:
            sys.exit("llama.cpp cannot make a context")
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.size = llama_cpp.llama_vocab_n_tokens(self.vocabulary)
        self.batch = llama_cpp.llama_batch_init(512, 0, sequences)

    def clear(self) -> None:
        llama_cpp.llama_memory_clear(self.memory, True)

    def decode(self, tokens, positions, sequences, last_only: bool) -> None:
        batch = self.batch
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = positions[i]
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = sequences[i]
            batch.logits[i] = not last_only or i == len(tokens) - 1
        status = llama_cpp.llama_decode(self.context, batch)
        if status != 0:
            sys.exit(f"llama_decode failed with {status}")

    def read(self, tokens) -> None:
        """Reads a prompt into sequence 0; logits of its last position."""
        for start in range(0, len(tokens), 512):
            part = tokens[start : start + 512]
            self.decode(part, range(start, start + len(part)), [0] * len(part), True)

    def best(self, row: int = -1) -> int:
        logits = llama_cpp.llama_get_logits_ith(self.context, row)
        return int(np.ctypeslib.as_array(logits, shape=(self.size,)).argmax())


def rates(path, threads, prompt, generate, candidates, shared) -> dict:
    before = memory("VmRSS")
    started = time.perf_counter()
    session = Session(path, threads, prompt + shared + candidates * generate + 64, candidates)
    load = time.perf_counter() - started
    generator = random.Random(7)
    tokens = [generator.randrange(100, session.size) for _ in range(max(prompt, shared))]

    session.read(tokens[: min(64, prompt)])  # pages of the file, threads, caches
    session.clear()

    started = time.perf_counter()
    session.read(tokens[:prompt])
    prefill = prompt / (time.perf_counter() - started)

    session.clear()
    session.read(tokens[:1])
    started = time.perf_counter()
    for step in range(generate):
        session.decode([tokens[step % len(tokens)]], [1 + step], [0], True)
    decode = generate / (time.perf_counter() - started)

    session.clear()
    session.read(tokens[:shared])
    for sequence in range(1, candidates):
        llama_cpp.llama_memory_seq_cp(session.memory, 0, sequence, -1, -1)
    started = time.perf_counter()
    for step in range(generate):
        row = [tokens[(step + 13 * s) % len(tokens)] for s in range(candidates)]
        session.decode(row, [shared + step] * candidates, range(candidates), False)
    batched = candidates * generate / (time.perf_counter() - started)

    return {
        "load_s": load,
        "prefill_tps": prefill,
        "decode_tps": decode,
        "batched_tps": batched,
        # Without the interpreter and its libraries, which llama.cpp's own programs have not.
        "peak_rss_bytes": memory("VmHWM") - before,
    }


def first(path, threads, question) -> dict:
    text = (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
        f"Face<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    ).encode()
    started = time.perf_counter()
    session = Session(path, threads, 1024, 1)
    ids = (llama_cpp.llama_token * 512)()
    count = llama_cpp.llama_tokenize(
        session.vocabulary, text, len(text), ids, len(ids), False, True
    )
    session.read(list(ids[:count]))
    token = session.best()
    return {"first_s": time.perf_counter() - started, "token": token, "prompt_tokens": count}


def quantize(source, target, kind) -> dict:
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind}")
    # The file at hand is quantised already: F16 is made from it, the others from F16.
    params.allow_requantize = True
    partial = target + ".partial"
    if llama_cpp.llama_model_quantize(source.encode(), partial.encode(), params) != 0:
        sys.exit(f"llama.cpp cannot make {target}")
    os.rename(partial, target)
    return {"bytes": os.path.getsize(target)}


def main() -> None:
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "rates":
        result = rates(arguments[0], *map(int, arguments[1:]))
    elif command == "first":
        result = first(arguments[0], int(arguments[1]), arguments[2])
    elif command == "quantize":
        result = quantize(*arguments)
    elif command == "version":
        llama_cpp.llama_backend_init()
        info = llama_cpp.llama_print_system_info().decode()
        result = {"version": llama_cpp.__version__, "system": info}
    else:
        sys.exit(__doc__)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
