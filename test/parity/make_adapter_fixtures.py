"""Adds Houlsby adapters to test/parity/fixtures: starting adapters, and what the `adapters` library gets out of them.

Run after make_fixtures.py, with an environment of its own: `adapters` needs an older transformers than PEFT's.
Made with adapters 1.3.0, transformers 4.57.6, torch 2.15.0, tokenizers 0.22.1, Python 3.11, CPU.
"""

import json
import shutil
from pathlib import Path

import adapters
import torch
from adapters import DoubleSeqBnConfig
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast
from transformers.utils import logging

from corpus import encode, label_names, read_rows
from expected_file import write_expected
from training import record
from weights import randomize

FIXTURES = Path(__file__).parent / "fixtures"
LIBRARIES = ("torch", "transformers", "adapters", "tokenizers")
FAMILIES = ("bert", "roberta", "distilbert")
NAME = "houlsby"
CONFIG = DoubleSeqBnConfig(reduction_factor=4, non_linearity="swish")
RATE = 5e-3


def load_base(folder: Path) -> torch.nn.Module:
    """The checkpoint, ready to take adapters."""
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager")
    adapters.init(model)
    return model


def make_adapter(base: Path, folder: Path) -> None:
    """A starting adapter with non-zero weights, and a head of its own beside it."""
    shutil.rmtree(folder, ignore_errors=True)
    model = load_base(base)
    model.add_adapter(NAME, config=CONFIG)
    model.train_adapter(NAME)
    randomize(model, seed=f"{base.name}/{NAME}", trainable_only=True)
    model.save_adapter(folder, NAME, with_head=True, use_safetensors=True)
    for file in folder.glob("*.safetensors"):
        file.chmod(0o644)
    for file in folder.glob("*.json"):
        saved = {**json.loads(file.read_text()), "model_name": f"test/parity/fixtures/{base.name}"}
        file.write_text(json.dumps(saved, indent=2, sort_keys=True))


def train_adapter(base: Path, folder: Path) -> None:
    """Trains the starting adapter and its head from the files; the base model, its pooler too, is frozen."""
    spaced = json.loads((base / "tokenizer.json").read_text())["pre_tokenizer"].get("add_prefix_space", False)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(base, add_prefix_space=spaced)  # else it is set to False
    raw = {split: read_rows(split) for split in ("train", "test")}
    labels = label_names(base, raw["train"])
    rows = {split: encode(tokenizer, part, labels) for split, part in raw.items()}
    model = load_base(base)
    model.load_adapter(str(folder), with_head=True, use_safetensors=True)
    model.train_adapter(NAME)
    result = record(model, rows["train"], rows["test"], tokenizer.pad_token_id, RATE)
    print(f"{base.name:12} {result['losses'][0]:.4f} → {result['eval_loss']:.4f} {result['float64_difference']}")
    methods = {NAME: {"adapter": f"adapters/{NAME}", **result}}
    write_expected(base / f"expected-{NAME}.json", LIBRARIES, labels, tokenizer.pad_token_id, rows, methods)


def main() -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    for family in FAMILIES:
        base = FIXTURES / family
        make_adapter(base, base / "adapters" / NAME)
        train_adapter(base, base / "adapters" / NAME)


if __name__ == "__main__":
    main()
