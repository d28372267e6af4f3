"""Makes adapters of PEFT's other methods, what PEFT gets when it trains them, and what it makes of their bases.

Usage: python make_method_fixtures.py [method…]      (after make_fixtures.py and make_causal_fixtures.py)
Writes adapters/<method> and expected-<method>.json beside the checkpoints, and merge/expected-<method>.json.
Made with torch 2.15.0, transformers 5.23.0, peft 0.21.2, bitsandbytes 0.50.2, tokenizers 0.23.3, Python 3.11, CPU.
"""

import sys
import warnings
from importlib.metadata import version

import torch
from peft import IA3Config, LNTuningConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

import make_causal_fixtures
from corpus import encode, label_names, read_rows
from expected_file import write_json
from make_fixtures import ADAPTER_RATE, FIXTURES, LIBRARIES, load_base, make_adapter
from make_merge_fixtures import expected
from quantized import QUANTIZED
from training import RECIPE, record

METHODS = {
    "ia3": IA3Config,
    "ln_tuning": LNTuningConfig,
}
"""By the recipe's name. Targets are PEFT's own, where it has some."""
TARGETS = {("ln_tuning", "bert"): {"target_modules": ["LayerNorm"]}}
BASES = ("bert", "gpt2", "causal/llama")
QUANTIZED_BASE = "bert"
KEPT = ("learning_rate", "trainable", "trainable_parameters", "losses", "grad_norms", "eval_loss", "float64_difference")


def encoded(base: str, tokenizer) -> dict[str, list[dict]]:
    raw = {split: read_rows(split) for split in ("train", "test")}
    if base.startswith("causal/"):
        return {split: [make_causal_fixtures.encode(tokenizer, row) for row in part] for split, part in raw.items()}
    labels = label_names(FIXTURES / base, raw["train"])
    return {split: encode(tokenizer, part, labels) for split, part in raw.items()}


def make(base: str, method: str) -> None:
    folder = FIXTURES / base
    causal = base.startswith("causal/")
    head = AutoModelForCausalLM if causal else AutoModelForSequenceClassification
    config = METHODS[method](task_type="CAUSAL_LM" if causal else "SEQ_CLS", **TARGETS.get((method, base), {}))
    make_adapter(folder, folder / "adapters" / method, config, head)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = encoded(base, tokenizer)
    runs = {method: None, **({f"{method}-nf4": QUANTIZED["qlora-nf4"]} if base == QUANTIZED_BASE else {})}
    results = {}
    for name, quantization in runs.items():
        model, _ = load_base(folder, head, quantization)
        model = PeftModel.from_pretrained(model, folder / "adapters" / method, is_trainable=True)
        run = record(model, rows["train"], rows["test"], tokenizer.pad_token_id, ADAPTER_RATE,
                     **({"language": True} if causal else {}))  # fmt: skip
        results[name] = {"adapter": f"adapters/{method}", **{key: run[key] for key in KEPT}}
        print(f"{base:14} {name:14} {run['losses'][0]:.4f} → {run['eval_loss']:.4f}", flush=True)
    versions = {name: version(name) for name in LIBRARIES}
    write_json(folder / f"expected-{method}.json", {"versions": versions, "recipe": RECIPE, "methods": results})


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    for method in names or METHODS:
        for base in BASES:
            make(base, method)
        cases = {f"{base}/{method}": expected(FIXTURES / base, FIXTURES / base / "adapters" / method) for base in BASES}
        write_json(FIXTURES / "merge" / f"expected-{method}.json", {"cases": cases})


if __name__ == "__main__":
    main(sys.argv[1:])
