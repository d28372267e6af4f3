"""Makes test/parity/fixtures/causal: tiny decoders, starting adapters, and what PEFT gets when it trains them.

Usage: python make_causal_fixtures.py [family…]      (all families by default; make_fixtures.py writes the data)
"""

import json
import shutil
import sys
import warnings
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from corpus import read_rows
from decoder_families import DECODERS, VARIANTS
from expected_file import write_expected, write_json
from families import make_checkpoint
from make_fixtures import ADAPTER_RATE, FIXTURES, FULL_RATE, LIBRARIES, load_base, lora_configs, make_adapter
from quantized import QUANTIZED
from training import IGNORE, evaluate, record

SHOWN = 4
"""Rows on which variants are compared."""


def encode(tokenizer, row: dict) -> dict:
    """A text with the end token behind it; each token's label is the next token."""
    ids = tokenizer(row["text"])["input_ids"] + [tokenizer.eos_token_id]
    return {"ids": ids, "label": [*ids[1:], IGNORE]}


def runs(family: str, methods: list[str]) -> list[tuple[str, str | None, dict | None]]:
    """(method, starting adapter, quantization): QLoRA starts from the adapter of `lora`."""
    packed = QUANTIZED if family == "llama" else {"qlora-nf4": QUANTIZED["qlora-nf4"]}
    return [("full", None, None), *((m, m, None) for m in methods), *((m, "lora", q) for m, q in packed.items())]


def make_family(family: str) -> None:
    """Checkpoint, adapters, expected.json and variants.json of one family."""
    folder = FIXTURES / "causal" / family
    shutil.rmtree(folder, ignore_errors=True)
    make_checkpoint(family, folder, AutoModelForCausalLM, DECODERS)
    configs = lora_configs(family, "CAUSAL_LM")
    for method, config in configs.items():
        make_adapter(folder, folder / "adapters" / method, config, AutoModelForCausalLM)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = {split: [encode(tokenizer, row) for row in read_rows(split)] for split in ("train", "test")}
    results = {}
    for method, adapter, quantization in runs(family, list(configs)):
        model, dequantized = load_base(folder, AutoModelForCausalLM, quantization)
        if adapter:
            model = PeftModel.from_pretrained(model, folder / "adapters" / adapter, is_trainable=True)
        results[method] = {
            "adapter": adapter and f"adapters/{adapter}",
            **({"quantization": quantization, "dequantized": dequantized} if quantization else {}),
            **record(model, rows["train"], rows["test"], tokenizer.pad_token_id,
                     ADAPTER_RATE if adapter else FULL_RATE, language=True),
        }  # fmt: skip
        print(f"{family:12} {method:18} {results[method]['losses'][0]:.4f} → {results[method]['eval_loss']:.4f}")
    write_expected(folder / "expected.json", LIBRARIES, [], tokenizer.pad_token_id, rows, results)
    if family in VARIANTS:
        first = rows["train"][:SHOWN]
        variants = {name: variant(folder, keys, first, tokenizer.pad_token_id) for name, keys in VARIANTS[family].items()}
        write_json(folder / "variants.json", variants)


def variant(folder: Path, keys: dict, rows: list[dict], pad_id: int) -> dict:
    """What the same weights say under another config.json."""
    config = json.loads((folder / "config.json").read_text()) | keys
    kind = DECODERS[folder.name].config
    model = AutoModelForCausalLM.from_config(kind.from_dict(config), attn_implementation="eager")
    weights = load_file(folder / "model.safetensors")
    if model.config.tie_word_embeddings:
        weights.pop("lm_head.weight", None)
        weights.pop("embed_out.weight", None)
    if "embed_out.weight" in weights:
        weights["lm_head.weight"] = weights.pop("embed_out.weight")
    missing, _ = model.load_state_dict(weights, strict=False)
    assert all(model.config.tie_word_embeddings and name == "lm_head.weight" for name in missing), missing
    return {"config": keys, "log_probs": evaluate(model.eval(), rows, pad_id, language=True)["log_probs"]}


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    for family in names or DECODERS:
        make_family(family)


if __name__ == "__main__":
    main(sys.argv[1:])
