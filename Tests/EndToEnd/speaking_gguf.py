"""A model that speaks: a chain of words with known probabilities, written as weights. Each token
is one direction of the stream, attention and feed-forward add nothing, and the output matrix
holds the logits of what follows. Screens made with it are the same on every machine."""

import math

import tiny_gguf

NEXT = {
    "\n": {"The": 0.5, "A": 0.3, "Call": 0.2},
    "The": {" boat": 0.6, " sea": 0.4},
    "A": {" heron": 0.5, " boat": 0.5},
    "Call": {" it": 1.0},
    " it": {" Heron": 0.4, " Puffin": 0.3, " Tern": 0.3},
    " boat": {" is": 0.5, " should": 0.5},
    " heron": {" is": 1.0},
    " sea": {" is": 1.0},
    " should": {" be": 1.0},
    " be": {" called": 0.7, " blue": 0.3},
    " is": {" called": 0.4, " calm": 0.3, " blue": 0.3},
    " called": {" Heron": 0.4, " Puffin": 0.3, " Tern": 0.3},
    " Heron": {".": 0.8, " and": 0.2},
    " Puffin": {".": 1.0},
    " Tern": {".": 1.0},
    " calm": {".": 0.7, " and": 0.3},
    " blue": {".": 0.7, " and": 0.3},
    " and": {" it": 0.5, " blue": 0.5},
    ".": {"<|im_end|>": 1.0},
}
WIDTH, HEADS = 384, 6
UNSAID = -30.0


def spell(text: str) -> str:
    """As GPT-2 writes bytes."""
    letters = tiny_gguf.byte_tokens()
    return "".join(letters[byte] for byte in text.encode())


def vocabulary() -> tuple[list[str], list[str]]:
    """Tokens and merges: every word grows letter by letter from its start."""
    words = sorted({word for word in NEXT if len(word) > 1}
                   | {word for table in NEXT.values() for word in table if len(word) > 1})
    words = [word for word in words if word != "<|im_end|>"]
    pieces: dict[str, str] = {}
    # Those with a blank first: their blank must join before anything else of them does.
    for word in sorted(words, key=lambda word: not word.startswith(" ")):
        spelled = spell(word)
        for length in range(2, len(spelled) + 1):
            pieces.setdefault(spelled[:length], f"{spelled[:length - 1]} {spelled[length - 1]}")
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *tiny_gguf.byte_tokens(), *pieces]
    return tokens, list(pieces.values())


def build(context=2048) -> bytes:
    tokens, merges = vocabulary()
    assert len(tokens) <= WIDTH, len(tokens)
    number = {token: place for place, token in enumerate(tokens)}

    def token(word: str) -> int:
        return number[word] if word in number else number[spell(word)]

    size = len(tokens)
    embedding = [0.0] * (WIDTH * size)
    for place in range(size):
        embedding[place * WIDTH + place] = 1.0
    scale = math.sqrt(WIDTH)
    output = [UNSAID / scale] * (WIDTH * size)
    # What is never said leads to the end of the turn, should it be reached all the same.
    for before in range(WIDTH):
        output[number["<|im_end|>"] * WIDTH + before] = 0.0
    for word, table in NEXT.items():
        before = token(word)
        output[number["<|im_end|>"] * WIDTH + before] = UNSAID / scale
        for after, probability in table.items():
            output[token(after) * WIDTH + before] = math.log(probability) / scale
    nothing = [0.0] * (WIDTH * WIDTH)
    weights = [
        ("token_embd.weight", (WIDTH, size), embedding),
        ("output_norm.weight", (WIDTH,), [1.0] * WIDTH),
        ("output.weight", (WIDTH, size), output),
        ("blk.0.attn_norm.weight", (WIDTH,), [1.0] * WIDTH),
        *((f"blk.0.attn_{name}.weight", (WIDTH, WIDTH), nothing)
          for name in ("q", "k", "v", "output")),
        ("blk.0.ffn_norm.weight", (WIDTH,), [1.0] * WIDTH),
        *((f"blk.0.ffn_{name}.weight", (WIDTH, WIDTH), nothing) for name in ("gate", "up", "down")),
    ]
    fields = [
        (key, kind, content) for key, kind, content in tiny_gguf.metadata(
            width=WIDTH, layers=1, heads=HEADS, kv_heads=HEADS, feed_forward=WIDTH,
            context=context)
        if not key.startswith("tokenizer.ggml.tok") and key != "tokenizer.ggml.merges"
        and key not in ("llama.vocab_size", "general.name")
    ]
    fields += [
        ("general.name", "string", "speaker"),
        ("llama.vocab_size", "u32", size),
        ("tokenizer.ggml.tokens", "array", ("string", tokens)),
        ("tokenizer.ggml.token_type", "array", ("i32", [3, 3, 3] + [1] * (size - 3))),
        ("tokenizer.ggml.merges", "array", ("string", merges)),
    ]
    return tiny_gguf.build(fields, weights)
