"""Loads merged models with transformers, and says how far they are from what PEFT computes with the adapter.

Reads a JSON list of cases from stdin, writes a list of reports to stdout; see transformers-loads-merged.test.ts.
Tried with torch 2.15.0, transformers 5.23.0, peft 0.21.2, bitsandbytes 0.50.2.
"""

import json
import sys
import warnings

import torch
from peft import PeftModel
from transformers.utils import logging

from merging import load_base, merged_tensors
from quantized import QUANTIZED

IDS = torch.tensor([[2, 7, 11, 13, 5, 3], [2, 9, 4, 6, 8, 3]])


@torch.no_grad()
def logits(model: torch.nn.Module) -> torch.Tensor:
    return model.eval()(input_ids=IDS, attention_mask=torch.ones_like(IDS)).logits.float()


def report(base: str, adapter: str, merged: str, quantization: str | None = None, shared: bool = False) -> dict:
    """Keys that do not fit, and the largest differences of logits and weights; of weights not where PEFT merges a
    shared one at both ends."""
    options = quantization and QUANTIZED[quantization]
    adapted = PeftModel.from_pretrained(load_base(base, options), adapter)
    own = load_base(base, options)
    model, info = type(own).from_pretrained(merged, attn_implementation="eager", output_loading_info=True)
    ours = dict(model.named_parameters())
    theirs = {} if shared else merged_tensors(base, adapter, options)
    return {
        "keys": sorted({*info["missing_keys"], *info["unexpected_keys"], *info["mismatched_keys"]}),
        "logits": float((logits(model) - logits(adapted)).abs().max()),
        "weights": max((float((ours[name] - x).abs().max()) for name, x in theirs.items()), default=0.0),
        "types": sorted({str(x.dtype) for x in ours.values()}),
    }


def main() -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    json.dump([report(**case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
