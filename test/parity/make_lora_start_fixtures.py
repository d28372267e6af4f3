"""Makes what PEFT gets from starts of LoRA that are computed from the base: six steps, and of those that change the base the adapter
for the base as it was.

Usage: python make_lora_start_fixtures.py      (after make_fixtures.py and make_causal_fixtures.py)
Writes lora-starts/<base>/<start>/ and lora-starts/expected.json; lora-starts/{qr,svd}.json hold NumPy's factorizations of a matrix.
LoftQ's start is PEFT's `_loftq_init_new`, whose parts are called here: it asks for a GPU.
Made with torch 2.15.0, transformers 5.23.0, peft 0.21.2, bitsandbytes 0.50.2, numpy 2.4.6, Python 3.11, CPU.
"""

import json
import shutil
import tempfile
import warnings

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import LoraLayer
from peft.utils.loftq_utils import _low_rank_decomposition
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

from expected_file import write_json
from make_fixtures import ADAPTER_RATE, FIXTURES, load_base
from make_method_fixtures import KEPT, encoded
from quantized import QUANTIZED
from training import record

OUT = FIXTURES / "lora-starts"
CASES = {
    "bert/olora": {"target_modules": ["query", "intermediate.dense"], "init_lora_weights": "olora",
                   "rank_pattern": {"intermediate.dense": 2}},
    "causal/llama/olora": {"target_modules": ["q_proj", "down_proj"], "init_lora_weights": "olora", "use_rslora": True},
    "bert/pissa": {"target_modules": ["query", "intermediate.dense"], "init_lora_weights": "pissa",
                   "rank_pattern": {"intermediate.dense": 2}},
    "causal/llama/pissa": {"target_modules": ["q_proj", "down_proj"], "init_lora_weights": "pissa", "use_rslora": True},
    "causal/llama/pissa_niter": {"target_modules": ["q_proj", "down_proj"], "init_lora_weights": "pissa_niter_200"},
}  # fmt: skip
LOFTQ = {
    "bert/loftq-nf4": {"target_modules": ["query", "intermediate.dense"], "lora_alpha": 4},
    "bert/loftq-int8": {"target_modules": ["query", "value"], "lora_alpha": 4},
    "causal/llama/loftq-nf4": {"target_modules": ["q_proj", "down_proj"], "lora_alpha": 8},
}  # fmt: skip


def head_of(base: str) -> type:
    return AutoModelForCausalLM if base.startswith("causal/") else AutoModelForSequenceClassification


def make_loftq(name: str, keys: dict) -> dict:
    base, start = name.rsplit("/", 1)
    causal = base.startswith("causal/")
    full, _ = load_base(FIXTURES / base, head_of(base))
    model, _ = load_base(FIXTURES / base, head_of(base), QUANTIZED[start.replace("loftq", "qlora")])
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM" if causal else "SEQ_CLS", r=4, lora_dropout=0.0, **keys))
    for module_name, module in model.base_model.model.named_modules():
        if not isinstance(module, LoraLayer):
            continue
        weight, quantized = full.get_submodule(module_name).weight.data, module.get_base_layer().weight.data
        start = _low_rank_decomposition(weight - quantized, reduced_rank=4)
        module.lora_A["default"].weight.data, module.lora_B["default"].weight.data = start["R"], start["L"]
    tokenizer = AutoTokenizer.from_pretrained(FIXTURES / base)
    rows = encoded(base, tokenizer)
    run = record(model, rows["train"], rows["test"], tokenizer.pad_token_id, ADAPTER_RATE,
                 **({"language": True} if causal else {}))  # fmt: skip
    print(f"{name:20} {run['losses'][0]:.4f} → {run['eval_loss']:.4f}", flush=True)
    return {"adapter": None, "keys": keys, **{key: run[key] for key in KEPT}}


def make(name: str, keys: dict) -> dict:
    base, start = name.rsplit("/", 1)
    causal = base.startswith("causal/")
    model, _ = load_base(FIXTURES / base, head_of(base))
    config = LoraConfig(task_type="CAUSAL_LM" if causal else "SEQ_CLS", r=4, lora_alpha=8, lora_dropout=0.0, **keys)
    torch.manual_seed(0)  # of pissa_niter's subspace
    model = get_peft_model(model, config)
    tokenizer = AutoTokenizer.from_pretrained(FIXTURES / base)
    rows = encoded(base, tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        model.peft_config["default"].init_lora_weights = True
        model.save_pretrained(f"{folder}/start")
        model.peft_config["default"].init_lora_weights = start
        run = record(model, rows["train"], rows["test"], tokenizer.pad_token_id, ADAPTER_RATE,
                     **({"language": True} if causal else {}))  # fmt: skip
        model.save_pretrained(OUT / name, path_initial_model_for_weight_conversion=f"{folder}/start")
    (OUT / name / "README.md").unlink()
    (OUT / name / "adapter_model.safetensors").chmod(0o644)
    path = OUT / name / "adapter_config.json"
    saved = json.loads(path.read_text()) | {"base_model_name_or_path": f"test/parity/fixtures/{base}"}
    saved["target_modules"].sort()
    path.write_text(json.dumps(saved, indent=2, sort_keys=True))
    print(f"{name:20} {run['losses'][0]:.4f} → {run['eval_loss']:.4f}", flush=True)
    return {"adapter": None, "keys": keys, **{key: run[key] for key in KEPT}}


def main() -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    shutil.rmtree(OUT, ignore_errors=True)
    cases = {name: make(name, keys) for name, keys in CASES.items()}
    write_json(OUT / "expected.json", {"cases": cases})
    write_json(OUT / "loftq.json", {"cases": {name: make_loftq(name, keys) for name, keys in LOFTQ.items()}})
    x = np.random.default_rng(1).standard_normal((6, 4))
    q, r = np.linalg.qr(x)
    write_json(OUT / "qr.json", {"x": x.tolist(), "q": q.tolist(), "r": r.tolist()})
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    write_json(OUT / "svd.json", {"x": x.tolist(), "u": u.tolist(), "s": s.tolist(), "v": vh.T.tolist()})


if __name__ == "__main__":
    main()
