"""Makes test/parity/fixtures/output-layer: adapters of output layers, the logits of PEFT's models, and its training steps.

Run after make_causal_fixtures.py: qwen2, whose weight is tied, and llama, whose output layer is its own, are the bases.
Made with torch 2.15.0, transformers 5.23.0, peft 0.21.2, Python 3.11, CPU.
"""

import json
import shutil
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from corpus import read_rows
from expected_file import write_json
from make_causal_fixtures import encode
from make_fixtures import ADAPTER_RATE
from training import record

FIXTURES = Path(__file__).parent / "fixtures"
BASE, OUT = FIXTURES / "causal/qwen2", FIXTURES / "output-layer"
TARGETS = ["q_proj", "lm_head"]
ADAPTERS = {
    "output": {"target_modules": TARGETS},
    "saved-output": {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]},
    "saved-embedding": {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"]},
}
IDS = [5, 9, 11, 30, 7, 3, 12, 40]
TRAINED = {"causal/qwen2": "output", "causal/llama": "own-output"}
"""Base → its starting adapter."""
SEEDS = {"own-output": 2}
RECORDED = ("learning_rate", "trainable_parameters", "losses", "grad_norms", "eval_loss", "final", "float64_difference")


def load_base(folder: Path = BASE) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")


def make_adapter(name: str, base: Path, options: dict) -> None:
    """A starting adapter with a non-zero B, saved by PEFT."""
    torch.manual_seed(SEEDS.get(name, 1))
    model = get_peft_model(load_base(base), LoraConfig(r=2, lora_alpha=6, task_type="CAUSAL_LM", **options))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.3)
    model.save_pretrained(OUT / name)
    (OUT / name / "README.md").unlink()
    (OUT / name / "adapter_model.safetensors").chmod(0o644)
    path = OUT / name / "adapter_config.json"
    saved = json.loads(path.read_text()) | {"base_model_name_or_path": base.name}
    saved["target_modules"].sort()
    path.write_text(json.dumps(saved, indent=2, sort_keys=True))


def train(base: Path, adapter: str) -> dict:
    """Six steps from a starting adapter."""
    tokenizer = AutoTokenizer.from_pretrained(base)
    rows = {split: [encode(tokenizer, row) for row in read_rows(split)] for split in ("train", "test")}
    model = PeftModel.from_pretrained(load_base(base), OUT / adapter, is_trainable=True)
    found = record(model, rows["train"], rows["test"], tokenizer.pad_token_id, ADAPTER_RATE, language=True)
    return {"adapter": adapter} | {key: found[key] for key in RECORDED}


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    logits = {}
    for name, options in ADAPTERS.items():
        make_adapter(name, BASE, options)
        tuned = PeftModel.from_pretrained(load_base(), OUT / name).eval()
        with torch.no_grad():
            logits[name] = tuned(torch.tensor([IDS])).logits[0, -1].tolist()
    (OUT / "expected.json").write_text(json.dumps({"ids": IDS, "logits": logits}))
    make_adapter("own-output", FIXTURES / "causal/llama", {"target_modules": TARGETS})
    write_json(OUT / "six-steps.json", {base: train(FIXTURES / base, adapter) for base, adapter in TRAINED.items()})


if __name__ == "__main__":
    main()
