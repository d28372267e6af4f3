"""Makes test/formats/transformers/fixtures/bitsandbytes: weights as a quantized checkpoint stores them, and as bitsandbytes reads them.

Made with torch 2.15.0, bitsandbytes 0.50.2, safetensors 0.8.0, Python 3.11, CPU.
"""

import json
from pathlib import Path

import torch
from bitsandbytes import functional as F
from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
from safetensors.torch import save_file

FOLDER = Path(__file__).parents[1] / "formats/transformers/fixtures/bitsandbytes"
CASES = {  # name: type, double quantization, dtype of the weight, shape
    "nf4": ("nf4", False, torch.float32, (6, 64)),
    "nf4-double": ("nf4", True, torch.bfloat16, (20, 64)),
    "fp4-double": ("fp4", True, torch.float16, (4, 128)),
    "nf4-bf16": ("nf4", False, torch.bfloat16, (3, 128)),
}
ROWS = {  # rows that are no whole blocks
    "fp4-rows": ("fp4", False, torch.float32, (4, 96)),
    "nf4-rows": ("nf4", True, torch.float32, (3, 32)),
    "nf4-odd": ("nf4", False, torch.float32, (5, 15)),
}


def dequantize(codes: torch.Tensor, state: F.QuantState) -> torch.Tensor:
    """The weight, in blocks of the flat tensor as it was quantized in.

    The CPU kernel begins a block with each row, and so reads other scales where rows are no whole blocks: 4×96 normal
    weights come out as far as 2.0 from what they were in NF4, here 0.3. CUDA's kernel and the generic one do as this does.
    """
    if state.shape[-1] % state.blocksize == 0:
        return F.dequantize_4bit(codes, state)
    absmax = F.dequantize_blockwise(state.absmax, state.state2) + state.offset if state.nested else state.absmax
    return _dequantize_4bit_compute(
        codes.flatten(), absmax, state.code, state.blocksize, tuple(state.shape), state.dtype
    )


def main() -> None:
    torch.manual_seed(0)
    stored, read = {}, {}

    def quantize(cases: dict) -> None:
        for name, (kind, double, dtype, shape) in cases.items():
            weight = torch.randn(shape).to(dtype)
            codes, state = F.quantize_4bit(weight, blocksize=64, quant_type=kind, compress_statistics=double)
            stored[f"{name}.weight"] = codes
            stored.update({f"{name}.weight.{key}": value for key, value in state.as_dict(packed=True).items()})
            read[name] = dequantize(codes, state)
            assert (read[name] - weight).abs().max() < 0.6

    quantize(CASES)
    weight = torch.randn(7, 24)
    codes, scales, _ = F.int8_vectorwise_quant(weight.half())
    stored |= {"int8.weight": codes, "int8.SCB": scales, "int8.weight_format": torch.tensor(0, dtype=torch.uint8)}
    read["int8"] = F.int8_vectorwise_dequant(codes, scales)
    quantize(ROWS)
    stored["norm.weight"] = torch.ones(3)
    FOLDER.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous().clone() for name, tensor in stored.items()}, FOLDER / "model.safetensors")
    (FOLDER / "model.safetensors").chmod(0o644)
    values = {name: {"shape": list(x.shape), "values": x.float().flatten().tolist()} for name, x in read.items()}
    (FOLDER / "expected.json").write_text(json.dumps(values))


if __name__ == "__main__":
    main()
