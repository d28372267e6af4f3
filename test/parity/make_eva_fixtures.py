"""Makes what PEFT gets from EVA: ranks, alphas and A of each module, and of plain cases six steps from there.

Usage: python make_eva_fixtures.py      (after make_fixtures.py and make_causal_fixtures.py)
Writes eva/expected.json. Batches are those of the training rows, in file order. PEFT's decomposition is randomized: where few components are asked for, they
differ by a thousandth, and with them the steps.
Made with torch 2.15.0, transformers 5.23.0, peft 0.21.2, Python 3.11, CPU.
"""

import warnings

import torch
from peft import EvaConfig, LoraConfig, get_peft_model, initialize_lora_eva_weights
from peft.tuners.lora import LoraLayer
from transformers import AutoTokenizer
from transformers.utils import logging

from expected_file import write_json
from make_fixtures import ADAPTER_RATE, FIXTURES, load_base
from make_lora_start_fixtures import head_of
from make_method_fixtures import KEPT, encoded
from training import BATCH, IGNORE, collate, record

CASES = {
    "bert/plain": {"target_modules": ["query", "value", "intermediate.dense"]},
    "bert/patterns": {"target_modules": ["query", "intermediate.dense", "output.dense"], "use_rslora": True,
                      "rank_pattern": {"query": 2}, "alpha_pattern": {"intermediate.dense": 3}},
    "bert/left-out": {"target_modules": ["query", "intermediate.dense", "output.dense"], "r": 1},
    "causal/llama/plain": {"target_modules": ["q_proj", "v_proj", "down_proj"]},
    "causal/llama/completions": {"target_modules": ["q_proj", "v_proj", "down_proj"]},
    "causal/gpt2/transposed": {"target_modules": ["c_attn", "c_fc"]},
}  # fmt: skip


def completions(batch: dict) -> torch.Tensor:
    """Labels that mask the first half of each row."""
    labels = batch["input_ids"].clone()
    for row, mask in zip(labels, batch["attention_mask"]):
        length = int(mask.sum())
        row[: length // 2] = IGNORE
        row[length:] = IGNORE
    return labels


def make(name: str, keys: dict) -> dict:
    base = name.rsplit("/", 1)[0]
    causal = base.startswith("causal/")
    model, _ = load_base(FIXTURES / base, head_of(base))
    tokenizer = AutoTokenizer.from_pretrained(FIXTURES / base)
    rows = encoded(base, tokenizer)
    batches = [collate(rows["train"][i : i + BATCH], tokenizer.pad_token_id) for i in range(0, len(rows["train"]), BATCH)]
    for batch in batches:
        del batch["labels"]  # of plain texts every token counts
        if name.endswith("completions"):
            batch["labels"] = completions(batch)
    config = LoraConfig(task_type="CAUSAL_LM" if causal else "SEQ_CLS", lora_dropout=0.0, init_lora_weights="eva",
                        eva_config=EvaConfig(), **{"r": 4, "lora_alpha": 8, **keys})  # fmt: skip
    model = get_peft_model(model, config)
    initialize_lora_eva_weights(model, batches, show_progress_bar=False)
    settled = model.peft_config["default"]
    a = {module: layer.lora_A["default"].weight.tolist()
         for module, layer in model.base_model.model.named_modules() if isinstance(layer, LoraLayer)}  # fmt: skip
    settled_as = {"keys": keys, "rank_pattern": settled.rank_pattern, "alpha_pattern": settled.alpha_pattern, "a": a}
    if not name.endswith("plain"):
        print(f"{name:20} {settled.rank_pattern}", flush=True)
        return settled_as
    run = record(model, rows["train"], rows["test"], tokenizer.pad_token_id, ADAPTER_RATE,
                 **({"language": True} if causal else {}))  # fmt: skip
    print(f"{name:20} {run['losses'][0]:.4f} → {run['eval_loss']:.4f} {settled.rank_pattern}", flush=True)
    return {"adapter": None, **settled_as, **{key: run[key] for key in KEPT}}


def main() -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    (FIXTURES / "eva").mkdir(exist_ok=True)
    write_json(FIXTURES / "eva" / "expected.json", {"cases": {name: make(name, keys) for name, keys in CASES.items()}})


if __name__ == "__main__":
    main()
