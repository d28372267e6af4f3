"""bitsandbytes-quantized bases: its codes, with plain float32 products on the dequantized weights."""

import bitsandbytes as bnb
import torch
from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
from bitsandbytes.backends.utils import _get_4bit_code
from torch import nn
from transformers import BitsAndBytesConfig

UNQUANTIZED = ["classifier", "pre_classifier", "score", "pooler", "bert.pooler", "head", "lm_head"]
QUANTIZED = {
    "qlora-nf4": {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
    "qlora-nf4-double": {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True},
    "qlora-fp4": {"load_in_4bit": True, "bnb_4bit_quant_type": "fp4"},
    "qlora-int8": {"load_in_8bit": True},
}


def quantization_config(options: dict) -> BitsAndBytesConfig:
    """float32 products; heads and poolers stay as they are (embeddings and norms do anyway)."""
    return BitsAndBytesConfig(
        **options, bnb_4bit_compute_dtype=torch.float32, llm_int8_skip_modules=UNQUANTIZED
    )


def dequantize(module: nn.Module) -> torch.Tensor | None:
    """The float32 weight that a bitsandbytes layer stands for; None of any other layer.

    4 bit by the library's pure PyTorch kernel, whose blocks run over the flat tensor as they do where it quantizes and
    on a GPU. (Its C kernel for the CPU starts a block with every row, which is another weight when the rows are no
    multiple of 64.) int8 as the library trains it on a CPU, without quantizing activations.
    """
    weight = module.weight if hasattr(module, "weight") else None
    if isinstance(module, bnb.nn.Linear8bitLt):
        return weight.CB.float() * (weight.SCB * (1 / 127))[:, None]
    if not isinstance(module, bnb.nn.Linear4bit):
        return None
    state = weight.quant_state
    absmax = state.absmax
    if state.nested:
        absmax = bnb.functional.dequantize_blockwise(absmax, state.state2) + state.offset
    code = _get_4bit_code(state.quant_type, weight.device)
    return _dequantize_4bit_compute(
        weight.data.reshape(-1), absmax, code, state.blocksize, state.shape, torch.float32
    )


def replace_quantized(model: nn.Module) -> dict[str, list[float]]:
    """Swaps every quantized layer for a plain one with its dequantized weight.

    Returns sum and sum of squares of each such weight, by parameter name.
    """
    sums = {}
    for name, module in list(model.named_modules()):
        weight = dequantize(module)
        if weight is None:
            continue
        plain = nn.Linear(module.in_features, module.out_features, module.bias is not None)
        plain.weight.data = weight
        if module.bias is not None:
            plain.bias = module.bias
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, plain)
        sums[f"{name}.weight"] = [float(weight.double().sum()), float((weight.double() ** 2).sum())]
    return sums
