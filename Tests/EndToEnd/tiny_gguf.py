"""A complete model in some 100 kB: random weights, a tokenizer of single bytes, a chat
template. Written by hand, so that tests can also write what no honest writer would."""

import random
import struct

F32 = 0
TYPES = {"u8": 0, "i8": 1, "u16": 2, "i16": 3, "u32": 4, "i32": 5, "f32": 6, "bool": 7,
         "string": 8, "array": 9, "u64": 10, "i64": 11, "f64": 12}
CODES = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "f32": "f",
         "bool": "?", "u64": "Q", "i64": "q", "f64": "d"}

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' "
    "+ message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def string(text) -> bytes:
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind: str, content) -> bytes:
    if kind == "string":
        return string(content)
    if kind == "array":
        element, items = content
        head = struct.pack("<IQ", TYPES[element], len(items))
        return head + b"".join(value(element, item) for item in items)
    return struct.pack("<" + CODES[kind], content)


def byte_tokens() -> list[str]:
    """The 256 bytes as GPT-2 spells them."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spelled = {byte: chr(byte) for byte in visible}
    others = [byte for byte in range(256) if byte not in spelled]
    spelled |= {byte: chr(256 + place) for place, byte in enumerate(others)}
    return [spelled[byte] for byte in range(256)]


def metadata(width=64, layers=2, heads=4, kv_heads=2, feed_forward=96, context=256):
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *byte_tokens()]
    types = [3, 3, 3] + [1] * 256
    return [
        ("general.architecture", "string", "llama"),
        ("general.name", "string", "tiny"),
        ("general.alignment", "u32", 32),
        ("llama.block_count", "u32", layers),
        ("llama.context_length", "u32", context),
        ("llama.embedding_length", "u32", width),
        ("llama.feed_forward_length", "u32", feed_forward),
        ("llama.attention.head_count", "u32", heads),
        ("llama.attention.head_count_kv", "u32", kv_heads),
        ("llama.attention.layer_norm_rms_epsilon", "f32", 1e-5),
        ("llama.rope.freq_base", "f32", 10000.0),
        ("llama.rope.dimension_count", "u32", width // heads),
        ("llama.vocab_size", "u32", len(tokens)),
        ("tokenizer.ggml.model", "string", "gpt2"),
        ("tokenizer.ggml.pre", "string", "smollm"),
        ("tokenizer.ggml.tokens", "array", ("string", tokens)),
        ("tokenizer.ggml.token_type", "array", ("i32", types)),
        ("tokenizer.ggml.merges", "array", ("string", [])),
        ("tokenizer.ggml.bos_token_id", "u32", 1),
        ("tokenizer.ggml.eos_token_id", "u32", 2),
        ("tokenizer.ggml.add_bos_token", "bool", False),
        ("tokenizer.chat_template", "string", TEMPLATE),
    ]


def tensors(width=64, layers=2, heads=4, kv_heads=2, feed_forward=96, vocabulary=259, seed=1):
    """(name, shape with the fastest dimension first, floats)"""
    source = random.Random(seed)
    kv_width = width // heads * kv_heads

    def matrix(columns, rows):
        scale = columns ** -0.5
        return [source.gauss(0, scale) for _ in range(columns * rows)]

    yield "token_embd.weight", (width, vocabulary), matrix(width, vocabulary)
    yield "output_norm.weight", (width,), [1.0] * width
    for layer in range(layers):
        prefix = f"blk.{layer}."
        yield prefix + "attn_norm.weight", (width,), [1.0] * width
        yield prefix + "attn_q.weight", (width, width), matrix(width, width)
        yield prefix + "attn_k.weight", (width, kv_width), matrix(width, kv_width)
        yield prefix + "attn_v.weight", (width, kv_width), matrix(width, kv_width)
        yield prefix + "attn_output.weight", (width, width), matrix(width, width)
        yield prefix + "ffn_norm.weight", (width,), [1.0] * width
        yield prefix + "ffn_gate.weight", (width, feed_forward), matrix(width, feed_forward)
        yield prefix + "ffn_up.weight", (width, feed_forward), matrix(width, feed_forward)
        yield prefix + "ffn_down.weight", (feed_forward, width), matrix(feed_forward, width)


def build(fields=None, weights=None, version=3, magic=b"GGUF", tensor_count=None,
          field_count=None) -> bytes:
    fields = metadata() if fields is None else fields
    weights = list(tensors()) if weights is None else weights
    head = magic + struct.pack(
        "<IQQ", version, len(weights) if tensor_count is None else tensor_count,
        len(fields) if field_count is None else field_count)
    for key, kind, content in fields:
        head += string(key) + struct.pack("<I", TYPES[kind]) + value(kind, content)
    data = b""
    for name, shape, floats in weights:
        head += string(name) + struct.pack("<I", len(shape))
        head += b"".join(struct.pack("<Q", size) for size in shape)
        head += struct.pack("<IQ", F32, len(data))
        data += struct.pack(f"<{len(floats)}f", *floats)
        data += b"\0" * (-len(data) % 32)
    return head + b"\0" * (-len(head) % 32) + data
