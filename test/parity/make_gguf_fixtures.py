"""Writes fixtures/quant/gguf.json: what gguf makes of ggml blocks.

    python test/parity/make_gguf_fixtures.py

Needs gguf and numpy; the file names the versions that made it. Blocks are not stored: they are the digests of
"TYPE/0", "TYPE/1", …, one after the other (test/quant/gguf-blocks.ts makes the same), with the half floats that a
quantizer never writes put over the first ones. Results are stored as digests, NaNs made alike, with the first block
in full.
"""

import base64
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize, quantize

OUT = Path(__file__).parent / "fixtures" / "quant"
BLOCKS = 320
# 0, -0, the smallest, the largest subnormal, the smallest normal, 1, the largest, infinities, NaNs
HALVES = [0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x3C00, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0xFD55]
# where the half floats of a block are
HEADS = {"F16": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0]}
HEADS |= {"Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "F32": [], "BF16": []}
TARGETS = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1"]


def stream(seed, length):
    """`length` bytes that follow from `seed`."""
    count = -(-length // 32)
    return b"".join(hashlib.sha256(f"{seed}/{i}".encode()).digest() for i in range(count))[:length]


def blocks(name):
    size = GGML_QUANT_SIZES[GGMLQuantizationType[name]][1]
    data = np.frombuffer(stream(name, size * BLOCKS), np.uint8).reshape(BLOCKS, size).copy()
    heads = HEADS[name]
    for i, half in enumerate(HALVES * len(heads)):
        at = heads[i // len(HALVES)]
        data[i, at : at + 2] = np.frombuffer(np.uint16(half).tobytes(), np.uint8)
    return data


def digest(x):
    """NaNs lose sign and payload: those depend on the machine."""
    if x.dtype == np.float32:
        x = np.where(np.isnan(x), np.float32(np.nan), x).astype(np.float32)
    return hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest()


def dequantized(name):
    kind = GGMLQuantizationType[name]
    with np.errstate(all="ignore"):
        values = dequantize(blocks(name), kind)
    first = base64.b64encode(np.ascontiguousarray(values[-1]).tobytes()).decode()
    return {"digest": digest(values), "last": first}


def weights():
    """Rows of 32: ordinary weights, outliers, ties, one value, zeros, tiny and large ones; multiples of 2^-14."""
    words = np.frombuffer(stream("weights", 4 * 32 * 300), np.int16).reshape(300, 64)
    rows = (words[:, :32].astype(np.float64) + words[:, 32:]) / 2**14
    rows[::7, 3] *= 40
    ties = np.arange(-16, 16).reshape(1, 32) * np.array([[0.5], [-0.5], [1], [127 / 32]])
    odd = np.zeros((4, 32))
    odd[1] = 0.3
    odd[2, 5] = -1e-8
    odd[3] = 7
    scaled = [rows[:20] * 2.0**k for k in (-60, -30, -20, 12)]
    return np.concatenate([rows, ties, odd, *scaled]).astype(np.float32)


def quantized(name, rows):
    with np.errstate(all="ignore"):
        data = quantize(rows, GGMLQuantizationType[name])
    return {"digest": digest(np.ascontiguousarray(data).view(np.uint8))}


def main():
    rows = weights()
    cases = {
        "dequantized": {name: dequantized(name) for name in HEADS},
        "weights": base64.b64encode(rows.tobytes()).decode(),
        "quantized": {name: quantized(name, rows) for name in TARGETS},
    }
    made_by = {name: version(name) for name in ("gguf", "numpy")}
    OUT.joinpath("gguf.json").write_text(json.dumps({"madeBy": made_by, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
