"""Loads what this library wrote with PEFT and transformers, and says what they make of it.

Reads a JSON list of cases from stdin, writes a list of reports to stdout; see peft-loads-ours.test.ts.
Tried with torch 2.15.0, transformers 5.23.0, peft 0.21.2.
"""

import json
import sys

import torch
from peft import PeftModel, get_peft_model_state_dict, load_peft_weights, set_peft_model_state_dict
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoModelForTokenClassification
from transformers.utils import logging

REPEATED = ("modules_to_save.bias", "original_module.bias")
IDS = torch.tensor([[2, 7, 11, 13, 5, 3], [2, 9, 4, 6, 8, 3]])


def auto_model(base: str) -> type:
    if "/causal/" in base:
        return AutoModelForCausalLM
    return AutoModelForTokenClassification if base.endswith("-tokens") else AutoModelForSequenceClassification


@torch.no_grad()
def logits(model: torch.nn.Module) -> torch.Tensor:
    return model.eval()(input_ids=IDS, attention_mask=torch.ones_like(IDS)).logits


def adapted(base: str, adapter: str) -> PeftModel:
    model = auto_model(base).from_pretrained(base, attn_implementation="eager")
    return PeftModel.from_pretrained(model, adapter)


def adapter_report(base: str, ours: str, theirs: str) -> dict:
    """Keys of ours that PEFT misses or does not know, and whether both adapters compute the same."""
    model = adapted(base, ours)
    stored = load_peft_weights(ours)
    wanted = {key for key in get_peft_model_state_dict(model) if not key.endswith(REPEATED)}
    loaded = set_peft_model_state_dict(model, stored)
    return {
        "missing": sorted(wanted - set(stored)),
        "unexpected": sorted({*loaded.unexpected_keys, *(set(stored) - wanted)}),
        "same": torch.equal(logits(model), logits(adapted(base, theirs))),
    }


def model_report(base: str, ours: str) -> dict:
    """As adapter_report, for a whole model that holds the base's own weights."""
    model, info = auto_model(base).from_pretrained(ours, attn_implementation="eager", output_loading_info=True)
    theirs = auto_model(base).from_pretrained(base, attn_implementation="eager")
    return {
        "missing": sorted(info["missing_keys"]),
        "unexpected": sorted(info["unexpected_keys"]),
        "mismatched": sorted(info["mismatched_keys"]),
        "class": type(model).__name__,
        "labels": [model.config.id2label[i] for i in range(model.config.num_labels)],
        "same": torch.equal(logits(model), logits(theirs)),
    }


def main() -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    reports = [adapter_report(**case) if "theirs" in case else model_report(**case) for case in json.load(sys.stdin)]
    json.dump(reports, sys.stdout)


if __name__ == "__main__":
    main()
