"""Makes test/parity/fixtures: tiny checkpoints, starting adapters, and what PEFT gets when it trains them.

Usage: python make_fixtures.py [family…]      (all families by default; the shared data is always written)
Made with torch 2.15.0, transformers 5.23.0, peft 0.21.2, bitsandbytes 0.50.2, tokenizers 0.23.3, Python 3.11, CPU.
"""

import json
import shutil
import sys
import warnings
from functools import partial
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModel, AutoModelForSequenceClassification, AutoModelForTokenClassification, AutoTokenizer
from transformers.utils import logging

from corpus import encode, label_names, make_data, read_rows
from decoder_families import DECODERS
from expected_file import write_expected
from families import FAMILIES, make_checkpoint
from quantized import QUANTIZED, quantization_config, replace_quantized
from training import record
from weights import randomize

FIXTURES = Path(__file__).parent / "fixtures"
LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "tokenizers")
ADAPTER_RATE, FULL_RATE = 5e-3, 5e-4
BARE = "bert-bare"
ALL = FAMILIES | DECODERS
CLASSIFIERS = (*FAMILIES, BARE, "llama", "gpt2")
TAGGERS = ("bert", "distilbert", "electra", "modernbert", "deberta-v2")
RESEEDED = {"bert-tokens/lora": 1, "modernbert-tokens/lora": 1, "modernbert/lora": 2, "causal/gpt2/lora": 1,
            "causal/qwen2/lora": 1}  # fmt: skip
"""Where the first seed drew a gradient within rounding of zero, which Adam would make a whole step of either sign."""


def lora_configs(family: str, task: str = "SEQ_CLS") -> dict[str, LoraConfig]:
    """The starting adapters of a family, by method."""
    spec = ALL["bert" if family == BARE else family]
    lora = partial(LoraConfig, task_type=task, lora_dropout=0.0, target_modules=list(spec.targets))
    all_linear = spec.all_linear if isinstance(spec.all_linear, str) else list(spec.all_linear)
    configs = {
        "lora": lora(r=4, lora_alpha=8),
        "all-linear-rslora": lora(r=2, lora_alpha=3, use_rslora=True, target_modules=all_linear),
    }
    if family != BARE:
        configs["dora"] = lora(r=4, lora_alpha=8, use_dora=True)
    if family == "bert":
        configs["lora-bias-all"] = lora(r=4, lora_alpha=8, bias="all")
        configs["lora-bias-only"] = lora(r=4, lora_alpha=8, bias="lora_only")
        configs["patterns"] = lora(
            r=4,
            lora_alpha=8,
            target_modules=["query", "value", "intermediate.dense"],
            layers_to_transform=[0, 2],
            rank_pattern={"query": 2, r"layer\.2\.intermediate\.dense": 6},
            alpha_pattern={"value": 3, r"^bert\.encoder\.layer\.0\.attention\.self\.query": 12},
        )
    return configs


def load_base(folder: Path, head: type, quantization: dict | None = None) -> tuple[torch.nn.Module, dict]:
    """The checkpoint as transformers reads it, and checksums of the weights that bitsandbytes quantized, if asked."""
    config = quantization and quantization_config(quantization)
    model = head.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", num_labels=5, quantization_config=config
    )
    return model, replace_quantized(model)


def make_adapter(base_folder: Path, folder: Path, config: LoraConfig, head: type) -> None:
    """A starting adapter with a non-zero B and a head of its own, saved by PEFT."""
    base, _ = load_base(base_folder, head)
    model = get_peft_model(base, config)
    seed = f"{base_folder.relative_to(FIXTURES)}/{folder.name}"
    randomize(model, seed=f"{seed}/{RESEEDED.get(seed, 0)}", trainable_only=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    (folder / "adapter_model.safetensors").chmod(0o644)
    path = folder / "adapter_config.json"
    saved = json.loads(path.read_text())
    saved["base_model_name_or_path"] = f"test/parity/{base_folder.relative_to(FIXTURES.parent)}"
    for key in ("target_modules", "exclude_modules"):
        if isinstance(saved.get(key), list):
            saved[key].sort()  # PEFT writes a set, in another order each time
    path.write_text(json.dumps(saved, indent=2, sort_keys=True))


def runs(family: str, methods: list[str]) -> list[tuple[str, str | None, dict | None]]:
    """(method, starting adapter, quantization): QLoRA starts from the adapter of `lora`."""
    plain = [("full", None, None)] if family != BARE else []  # a bare model has no head of its own to start from
    return [*plain, *((m, m, None) for m in methods), *((m, "lora", q) for m, q in QUANTIZED.items())]


def make_family(family: str) -> None:
    """Checkpoint, adapters and expected.json of one family, for sequence classification."""
    folder = FIXTURES / family
    shutil.rmtree(folder, ignore_errors=True)
    if family == BARE:
        make_checkpoint("bert", folder, AutoModel)
    else:
        make_checkpoint(family, folder, families=ALL)
    head = AutoModelForSequenceClassification
    configs = lora_configs(family)
    for method, config in configs.items():
        make_adapter(folder, folder / "adapters" / method, config, head)
    train_all(folder, head, runs(family, list(configs)))


def make_tagger(family: str) -> None:
    """Checkpoint, adapter and expected.json of one family, for token classification."""
    folder = FIXTURES / f"{family}-tokens"
    shutil.rmtree(folder, ignore_errors=True)
    head = AutoModelForTokenClassification
    make_checkpoint(family, folder, head)
    config = LoraConfig(task_type="TOKEN_CLS", r=4, lora_alpha=8, lora_dropout=0.0,
                        target_modules=list(FAMILIES[family].targets))  # fmt: skip
    make_adapter(folder, folder / "adapters" / "lora", config, head)
    train_all(folder, head, [("full", None, None), ("lora", "lora", None)], suffix="-tokens")


def train_all(folder: Path, head: type, methods: list[tuple[str, str | None, dict | None]], suffix: str = "") -> None:
    """Trains every method from the files, as a user would, and writes what came out."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    raw = {split: read_rows(split + suffix) for split in ("train", "test")}
    labels = label_names(folder, raw["train"])
    rows = {split: encode(tokenizer, part, labels) for split, part in raw.items()}
    results = {}
    for method, adapter, quantization in methods:
        model, dequantized = load_base(folder, head, quantization)
        if adapter:
            model = PeftModel.from_pretrained(model, folder / "adapters" / adapter, is_trainable=True)
        rate = ADAPTER_RATE if adapter else FULL_RATE
        results[method] = {
            "adapter": adapter and f"adapters/{adapter}",
            **({"quantization": quantization, "dequantized": dequantized} if quantization else {}),
            **record(model, rows["train"], rows["test"], tokenizer.pad_token_id, rate),
        }
        print(f"{folder.name:18} {method:18} {results[method]['losses'][0]:.4f} → {results[method]['eval_loss']:.4f}")
    write_expected(folder / "expected.json", LIBRARIES, labels, tokenizer.pad_token_id, rows, results)


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    make_data()
    for family in names or CLASSIFIERS:
        make_family(family)
        if family in TAGGERS:
            make_tagger(family)


if __name__ == "__main__":
    main(sys.argv[1:])
