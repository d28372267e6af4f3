"""Makes test/parity/fixtures/masked: tiny encoders with the head that fills in hidden tokens, and how they train.

Usage: python make_masked_fixtures.py [family…]      (all families by default; make_fixtures.py writes the data)
"""

import json
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM, AutoTokenizer
from transformers.utils import logging

from corpus import read_rows
from expected_file import write_expected, write_json
from families import FAMILIES, make_checkpoint
from make_fixtures import ADAPTER_RATE, FIXTURES, FULL_RATE, LIBRARIES, load_base, make_adapter
from training import IGNORE, evaluate, record

ENCODERS = ("bert", "roberta", "xlm-roberta", "distilbert", "electra", "modernbert", "deberta-v2", "deberta-v2-unshared")
SHARE = 0.25
VARIANTS = {
    "deberta-v2-unshared": {
        "c2p": {"pos_att_type": ["c2p"]},
        "p2c": {"pos_att_type": "p2c"},
        "contents alone": {"pos_att_type": []},
        "no relative attention": {"relative_attention": False},
        "shared projections": {"share_att_key": True},
        "logarithmic buckets": {"position_buckets": 6, "max_relative_positions": 40},
    }
}
SHOWN = 4
"""Rows on which variants are compared."""


def encode(tokenizer, row: dict, rng: np.random.Generator) -> dict:
    """A text with some tokens hidden, once and for all: behind <mask>, behind another token, or not at all."""
    ids = tokenizer(row["text"])["input_ids"]
    open_places = [i for i, token in enumerate(ids) if token not in tokenizer.all_special_ids]
    chosen = [i for i in open_places if rng.random() < SHARE] or open_places[:1]
    label = [token if i in chosen else IGNORE for i, token in enumerate(ids)]
    for i in chosen:
        draw = rng.random()
        ids[i] = tokenizer.mask_token_id if draw < 0.8 else int(rng.integers(len(tokenizer))) if draw < 0.9 else ids[i]
    return {"ids": ids, "label": label}


def make_family(family: str) -> None:
    """Checkpoint, adapter and expected.json of one family."""
    folder = FIXTURES / "masked" / family
    shutil.rmtree(folder, ignore_errors=True)
    make_checkpoint(family, folder, AutoModelForMaskedLM)
    config = LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, target_modules=list(FAMILIES[family].targets))
    make_adapter(folder, folder / "adapters" / "lora", config, AutoModelForMaskedLM)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rng = np.random.default_rng(7)
    rows = {split: [encode(tokenizer, row, rng) for row in read_rows(split)] for split in ("train", "test")}
    results = {}
    for method, adapter in (("full", None), ("lora", "lora")):
        model, _ = load_base(folder, AutoModelForMaskedLM)
        if adapter:
            model = PeftModel.from_pretrained(model, folder / "adapters" / adapter, is_trainable=True)
        rate = ADAPTER_RATE if adapter else FULL_RATE
        results[method] = {
            "adapter": adapter and f"adapters/{adapter}",
            **record(model, rows["train"], rows["test"], tokenizer.pad_token_id, rate, language=True),
        }
        print(f"{family:12} {method:6} {results[method]['losses'][0]:.4f} → {results[method]['eval_loss']:.4f}")
    write_expected(folder / "expected.json", LIBRARIES, [], tokenizer.pad_token_id, rows, results)
    if family in VARIANTS:
        first = rows["train"][:SHOWN]
        variants = {name: variant(folder, keys, first, tokenizer.pad_token_id) for name, keys in VARIANTS[family].items()}
        write_json(folder / "variants.json", variants)


def variant(folder: Path, keys: dict, rows: list[dict], pad_id: int) -> dict:
    """What the same weights say under another config.json."""
    config = json.loads((folder / "config.json").read_text()) | keys
    model = AutoModelForMaskedLM.from_config(FAMILIES[folder.name].config.from_dict(config))
    missing, _ = model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    assert not missing, missing
    return {"config": keys, "log_probs": evaluate(model.eval(), rows, pad_id, language=True)["log_probs"]}


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    for family in names or ENCODERS:
        make_family(family)


if __name__ == "__main__":
    main(sys.argv[1:])
