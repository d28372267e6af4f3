"""Makes adapters with LoRA's further keys, what PEFT gets when it trains them, and what it makes of their bases.

Usage: python make_lora_key_fixtures.py [variant…]      (after make_fixtures.py and make_causal_fixtures.py)
Writes adapters/<variant> and expected-<variant>.json beside the checkpoints, and merge/expected-<variant>.json.
Made with torch 2.15.0, transformers 5.23.0, peft 0.21.2, bitsandbytes 0.50.2, tokenizers 0.23.3, Python 3.11, CPU.
"""

import sys
import warnings
from importlib.metadata import version

import torch
from peft import LoraConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

from expected_file import write_json
from make_fixtures import ADAPTER_RATE, FIXTURES, LIBRARIES, load_base, make_adapter
from make_merge_fixtures import expected
from make_method_fixtures import KEPT, encoded
from training import RECIPE, record

VARIANTS = {
    "lora-exclude": {
        "bert": {"target_modules": ["query", "key", "dense"], "exclude_modules": ["key", "attention.output.dense"]},
        "causal/llama": {"target_modules": ["q_proj", "down_proj"], "exclude_modules": r".*layers\.0\.mlp\..*"},
    },
    "lora-B-bias": {
        "bert": {"target_modules": ["query", "value"], "lora_bias": True},
        "gpt2": {"target_modules": ["c_attn", "mlp.c_proj"], "lora_bias": True, "use_rslora": True, "bias": "lora_only"},
    },
    "lora-embedding": {
        "bert": {"target_modules": ["query", "word_embeddings", "position_embeddings"]},
        "causal/llama": {"target_modules": ["q_proj", "embed_tokens", "lm_head"], "rank_pattern": {"lm_head": 2}},
        "causal/gemma3_text": {"target_modules": ["embed_tokens", "v_proj"], "use_rslora": True},
    },
    "lora-tokens": {
        "bert": {"target_modules": ["query"], "trainable_token_indices": [1, 7, 0, 12]},
        "causal/qwen2": {"target_modules": ["q_proj"], "trainable_token_indices": {"embed_tokens": [5, 3, 11]}},
        "causal/llama": {"target_modules": ["q_proj"], "trainable_token_indices": {"embed_tokens": [4, 9], "lm_head": [6]}},
    },
}
"""The keys of each variant, by base."""
UNMERGED = {"causal/gemma3_text/lora-embedding"}
"""PEFT merges an adapter of the embedding into the output layer that shares its weight, too: it computes something else then."""


def make(base: str, variant: str, keys: dict) -> dict:
    folder = FIXTURES / base
    causal = base.startswith("causal/")
    head = AutoModelForCausalLM if causal else AutoModelForSequenceClassification
    task = "CAUSAL_LM" if causal else "SEQ_CLS"
    config = LoraConfig(task_type=task, r=4, lora_alpha=8, lora_dropout=0.0, **keys)
    make_adapter(folder, folder / "adapters" / variant, config, head)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = encoded(base, tokenizer)
    model, _ = load_base(folder, head)
    model = PeftModel.from_pretrained(model, folder / "adapters" / variant, is_trainable=True)
    run = record(model, rows["train"], rows["test"], tokenizer.pad_token_id, ADAPTER_RATE,
                 **({"language": True} if causal else {}))  # fmt: skip
    print(f"{base:14} {variant:14} {run['losses'][0]:.4f} → {run['eval_loss']:.4f}", flush=True)
    results = {variant: {"adapter": f"adapters/{variant}", **{key: run[key] for key in KEPT}}}
    versions = {name: version(name) for name in LIBRARIES}
    write_json(folder / f"expected-{variant}.json", {"versions": versions, "recipe": RECIPE, "methods": results})
    return expected(folder, folder / "adapters" / variant)


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    for variant in names or VARIANTS:
        cases = {f"{base}/{variant}": make(base, variant, keys) for base, keys in VARIANTS[variant].items()}
        cases = {case: tensors for case, tensors in cases.items() if case not in UNMERGED}
        write_json(FIXTURES / "merge" / f"expected-{variant}.json", {"cases": cases})


if __name__ == "__main__":
    main(sys.argv[1:])
