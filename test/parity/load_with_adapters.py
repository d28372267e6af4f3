"""Loads Houlsby adapters that this library wrote with adapter-hub's `adapters`, and says what it makes of them.

Reads a JSON list of cases from stdin, writes a list of reports to stdout; see adapters-loads-ours.test.ts.
Tried with adapters 1.3.0, transformers 4.57.6, torch 2.15.0.
"""

import json
import sys

import adapters
import torch
from adapters import AutoAdapterModel
from transformers import AutoModelForSequenceClassification
from transformers.utils import logging

IDS = torch.tensor([[2, 7, 11, 13, 5, 3], [2, 9, 4, 6, 8, 3]])


@torch.no_grad()
def logits(model: torch.nn.Module) -> torch.Tensor:
    return model.eval()(input_ids=IDS, attention_mask=torch.ones_like(IDS)).logits


def adapted(base: str, adapter: str, info: dict | None = None) -> torch.nn.Module:
    model = AutoModelForSequenceClassification.from_pretrained(base, attn_implementation="eager")
    adapters.init(model)
    name = model.load_adapter(adapter, with_head=True, use_safetensors=True, loading_info=info)
    model.set_active_adapters(name)
    return model


def adapter_report(base: str, ours: str, theirs: str) -> dict:
    """Keys that `adapters` misses or does not know, and whether both adapters compute the same."""
    info: dict = {}
    model = adapted(base, ours, info)
    flexible = AutoAdapterModel.from_pretrained(base, attn_implementation="eager")
    name = flexible.load_adapter(ours, with_head=True, use_safetensors=True)
    flexible.set_active_adapters(name)
    flexible.active_head = name
    return {
        "missing": info["missing_keys"],
        "unexpected": info["unexpected_keys"],
        "labels": [model.config.id2label[i] for i in range(model.config.num_labels)],
        "same": torch.equal(logits(model), logits(adapted(base, theirs))),
        "flexible_head": torch.allclose(logits(model), logits(flexible), atol=1e-5),
    }


def main() -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    json.dump([adapter_report(**case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
