"""Blocks of every tensor type and their values by the `gguf` package, and rows quantised by
it: Tests/LanguageModelTests/Goldens/dequantize.json."""

import base64
import json
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import dequantize, quantize

TYPES = [0, 1, 2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 20, 23, 30, 39]
WEIGHTS = 512


def text(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def blocks(kind: gguf.GGMLQuantizationType, generator: np.random.Generator):
    """Random bytes, block by block, of which every value is finite."""
    size, count = gguf.GGML_QUANT_SIZES[kind]
    found = []
    while len(found) * size < WEIGHTS:
        block = generator.integers(0, 256, count, dtype=np.uint8)
        stored = block.view(np.float32) if kind == 0 else block
        values = dequantize(stored, kind).astype("<f4").reshape(-1)
        if np.isfinite(values).all():
            found.append((block, values))
    return np.concatenate([b for b, _ in found]), np.concatenate([v for _, v in found])


def main():
    np.seterr(all="ignore")
    generator = np.random.default_rng(4)
    dequantized = []
    for number in TYPES:
        kind = gguf.GGMLQuantizationType(number)
        stored, values = blocks(kind, generator)
        dequantized.append(dict(
            type=number, name=kind.name, bytes=text(stored), values=text(values)))
    rows = generator.standard_normal(256).astype("<f4")
    rows[32:64] = 0
    rows[64:96] = 1.5
    quantized = [
        dict(type=number, values=text(rows),
             bytes=text(quantize(rows, gguf.GGMLQuantizationType(number)).view(np.uint8)))
        for number in (0, 1, 3, 8, 30)]
    path = Path(__file__).parent.parent / "LanguageModelTests/Goldens/dequantize.json"
    path.write_text(json.dumps(dict(dequantized=dequantized, quantized=quantized), indent=1))


if __name__ == "__main__":
    main()
