"""Writes fixtures/quant/*.json: what bitsandbytes makes of small arrays on the CPU.

    python test/parity/make_quant_fixtures.py

Needs torch and bitsandbytes; the files name the versions that made them. Arrays are little-endian bytes in base64.
Lengths that are dequantized are odd or multiples of 16: for others bitsandbytes takes a scalar path whose fp4 code 8
is -0 rather than +0.
"""

import base64
import hashlib
import json
import platform
from pathlib import Path

import bitsandbytes
import bitsandbytes.functional as F
import torch

torch.set_num_threads(1)
OUT = Path(__file__).parent / "fixtures" / "quant"
MADE_BY = {
    "bitsandbytes": bitsandbytes.__version__,
    "torch": torch.__version__,
    "cpu": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
}


def pack(t):
    return base64.b64encode(t.contiguous().flatten().numpy().tobytes()).decode()


def neighbours(t):
    """Each value with the float32 just below and just above it."""
    inf = torch.full_like(t, torch.inf)
    return torch.cat([t, torch.nextafter(t, -inf), torch.nextafter(t, inf)])


def weights():
    """Named float32 vectors that a 4-bit quantizer can get wrong."""
    g = torch.Generator().manual_seed(20240601)
    normal = lambda n: torch.randn(n, generator=g) * 0.05
    thresholds = []
    for kind in ("nf4", "fp4"):
        code = F.get_4bit_type(kind, device="cpu").sort().values
        mid = (code[1:] + code[:-1]) / 2
        # absmax 1 keeps the thresholds exact; 0.3 makes 1 / absmax round
        for absmax in (1.0, 0.3):
            near = neighbours(mid) * absmax
            thresholds += [torch.tensor([absmax]), near, torch.zeros(64 - 1 - near.numel())]
    thresholds.append(torch.cat(thresholds[-3:])[:47])  # a last block is divided by its absmax
    outliers = normal(512)
    outliers[::97] *= 400
    zeros = torch.cat([normal(64), torch.zeros(64), -torch.zeros(64), normal(64), torch.zeros(9)])
    tiny = torch.cat([normal(64) * 1e-36, normal(64) * 1e-38, normal(64) * 1e-42, normal(35) * 1e-40])
    return {
        "normal": normal(640),
        "one": normal(1),
        "just over a block": normal(65),
        "odd": normal(333),
        "even, not whole": normal(208),
        "outliers": outliers,
        "thresholds": torch.cat(thresholds),
        "zeros, and a last block of zeros": zeros,
        "tiny": tiny,
    }


def four_bit():
    cases = []
    for name, w in weights().items():
        case = {"name": name, "weights": pack(w), "runs": []}
        for kind in ("nf4", "fp4"):
            for block_size in (32, 64, 128) if name == "odd" else (64,):
                codes, state = F.quantize_4bit(w, blocksize=block_size, quant_type=kind)
                case["runs"].append({
                    "type": kind,
                    "blockSize": block_size,
                    "codes": pack(codes),
                    "absmax": pack(state.absmax),
                    "dequantized": pack(F.dequantize_4bit(codes, state)),
                })
        cases.append(case)
    return cases


def double_quant():
    """Scales of random weights, quantized again by the call that QLoRA makes."""
    cases = []
    for n in (1, 9, 256, 1400):  # at 9 and 1400 the order of summation shows in the mean
        g = torch.Generator().manual_seed(n)
        w = torch.randn(n * 64, generator=g) * 0.03
        plain = F.quantize_4bit(w, quant_type="nf4")[1]
        nested = F.quantize_4bit(w, quant_type="nf4", compress_statistics=True)[1]
        restored = F.dequantize_blockwise(nested.absmax, nested.state2) + nested.offset
        cases.append({
            "scales": pack(plain.absmax),
            "codes": pack(nested.absmax),
            "absmax": pack(nested.state2.absmax),
            "offset": nested.offset.item(),
            "restored": pack(restored),
        })
    return cases


def blockwise():
    cases = []
    for signed in (True, False):
        code = F.create_dynamic_map(signed)
        g = torch.Generator().manual_seed(7)
        spread = torch.randn(500, generator=g) * 10 ** (torch.rand(500, generator=g) * -8)
        mid = (code[1:] + code[:-1]) / 2
        # every code, every midpoint with its neighbours, blocks of zeros, numbers below the normal range
        near = torch.cat([torch.ones(1), code, neighbours(mid)]).clamp(-1, 1)
        x = torch.cat([spread, near, torch.zeros(400), spread[:300] * 1e-40, spread[:7] * 1e-3])
        if not signed:
            x = x.abs()
        codes, state = F.quantize_blockwise(x, code=code, blocksize=256)
        cases.append({
            "signed": signed,
            "map": pack(code),
            "values": pack(x),
            "codes": pack(codes),
            "absmax": pack(state.absmax),
            "dequantized": pack(F.dequantize_blockwise(codes, state)),
        })
    return cases


def int8():
    g = torch.Generator().manual_seed(3)
    ties = torch.cat([torch.tensor([127.0]), torch.arange(-63.0, 63) + 0.5, torch.zeros(1)])
    # almost ties, where it matters that 1 / absmax is rounded before it is multiplied by 127
    almost = []
    while len(almost) < 3:
        absmax = torch.rand(1, generator=g) + 0.5
        row = torch.cat([absmax, neighbours((torch.arange(0.0, 126, 3) + 0.5) / 127 * absmax), torch.zeros(1)])
        once = torch.round(row * torch.div(torch.tensor(127.0), absmax))
        if not torch.equal(once.to(torch.int8), F.int8_vectorwise_quant(row.reshape(1, -1))[0][0]):
            almost.append(row)
    rows = torch.stack([torch.randn(128, generator=g), torch.zeros(128), ties, *almost])
    codes, absmax, _ = F.int8_vectorwise_quant(rows)
    return {
        "rows": rows.shape[0],
        "weights": pack(rows),
        "codes": pack(codes),
        "absmax": pack(absmax),
        "dequantized": pack(F.int8_vectorwise_dequant(codes, absmax)),
    }


def half():
    """SHA-256 of torch's widening of all 65,536 patterns but NaNs, and of its rounding of a seeded sample."""
    every = torch.arange(65536, dtype=torch.int32).to(torch.int16)
    digest = lambda t: hashlib.sha256(t.contiguous().numpy().tobytes()).hexdigest()
    result = {}
    for name, dtype in (("float16", torch.float16), ("bfloat16", torch.bfloat16)):
        wide = every.view(dtype).float()
        wide = wide[~wide.isnan()]
        up = torch.nextafter(wide, torch.full_like(wide, torch.inf))
        between = torch.cat([(wide[:-1] + wide[1:]) / 2, up])
        between = between[between.isfinite()]
        result[name] = {"widened": digest(wide), "rounded": digest(between.to(dtype).view(torch.int16))}
    return result


OUT.mkdir(parents=True, exist_ok=True)
for name, make in {"fourbit": four_bit, "doublequant": double_quant, "blockwise8": blockwise, "int8": int8, "half": half}.items():
    (OUT / f"{name}.json").write_text(json.dumps({"madeBy": MADE_BY, "cases": make()}, indent=1) + "\n")
