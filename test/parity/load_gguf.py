"""Loads exported models with transformers, and says how far their logits are from the original's.

Reads a JSON list of cases from stdin, writes a list of reports to stdout; see exported-gguf.test.ts.
Tried with torch 2.15.0, transformers 5.23.0, gguf 0.19.0.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging

IDS = torch.tensor([[5, 17, 40, 33, 9, 61, 22, 80, 13, 7, 50, 31]])


@torch.no_grad()
def report(base: str, gguf: str) -> float:
    path = Path(gguf)
    options = {"attn_implementation": "eager", "dtype": torch.float32}
    ours = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, **options).eval()
    theirs = AutoModelForCausalLM.from_pretrained(base, **options).eval()
    return float((ours(IDS).logits - theirs(IDS).logits).abs().max())


def main() -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    json.dump([report(**case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
