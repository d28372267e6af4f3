"""Makes test/parity/fixtures/merge: tiny decoders with adapters, and what PEFT makes of these and of the encoders.

Run after make_fixtures.py, whose checkpoints it merges too.
Made with torch 2.15.0, transformers 5.23.0, peft 0.21.2, bitsandbytes 0.50.2, Python 3.11, CPU.
"""

import json
import math
import shutil
import warnings
from importlib.metadata import version
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig
from transformers.utils import logging

from expected_file import write_json
from merging import load_base, merged_tensors
from quantized import QUANTIZED
from weights import randomize

FIXTURES = Path(__file__).parent / "fixtures"
MERGE = FIXTURES / "merge"
LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes")

LLAMA = {"vocab_size": 40, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 32}  # fmt: skip
BASES = {
    "llama": LlamaConfig(**LLAMA, tie_word_embeddings=False),
    "llama-tied": LlamaConfig(**LLAMA, tie_word_embeddings=True),
    "llama-bf16": LlamaConfig(**LLAMA, tie_word_embeddings=False),
    "gpt2": GPT2Config(vocab_size=40, n_embd=16, n_layer=2, n_head=2, n_positions=32, bos_token_id=0, eos_token_id=1),
}
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTERS = {
    "llama/all": {"r": 3, "lora_alpha": 7, "target_modules": ALL, "use_rslora": True},
    "llama/patterns": {"r": 2, "lora_alpha": 5, "target_modules": ["q_proj", "down_proj"],
                       "rank_pattern": {"q_proj": 3}, "alpha_pattern": {r"layers\.1\.mlp\.down_proj": 2}},
    "llama/heads": {"r": 2, "target_modules": ["v_proj"], "modules_to_save": ["embed_tokens", "lm_head"]},
    "llama/dora": {"r": 2, "lora_alpha": 3, "target_modules": ["o_proj", "up_proj"], "use_dora": True},
    "llama-tied/output": {"r": 2, "target_modules": ["q_proj", "lm_head"]},
    "llama-tied/embedding": {"r": 2, "target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"]},
    "llama-bf16/all": {"r": 3, "lora_alpha": 7, "target_modules": ALL},
    "gpt2/lora": {"r": 2, "lora_alpha": 3, "target_modules": ["c_attn", "c_proj", "c_fc"]},
    "gpt2/dora": {"r": 2, "target_modules": ["c_attn", "c_proj"], "use_dora": True, "bias": "lora_only"},
}  # fmt: skip
ENCODERS = [
    *(f"bert/{method}" for method in ("lora", "dora", "all-linear-rslora", "patterns", "lora-bias-all", "lora-bias-only")),
    *("bert-bare/lora", "bert-tokens/lora", "roberta/all-linear-rslora", "distilbert/dora", "modernbert-mean/lora"),
]
PACKED = {"bert/lora": ("qlora-nf4-double", "qlora-fp4", "qlora-int8"), "bert/dora": ("qlora-nf4",)}


def make_base(name: str, config) -> None:
    folder = MERGE / name
    shutil.rmtree(folder, ignore_errors=True)
    model = AutoModelForCausalLM.from_config(config)
    randomize(model, seed=name.removesuffix("-bf16"))
    model.to(torch.bfloat16 if name.endswith("-bf16") else torch.float32).save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    (folder / "generation_config.json").unlink(missing_ok=True)


def make_adapter(name: str, options: dict) -> None:
    base, method = name.split("/")
    folder = MERGE / base / "adapters" / method
    model = get_peft_model(load_base(MERGE / base), LoraConfig(task_type="CAUSAL_LM", **options))
    randomize(model, seed=name, trainable_only=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    (folder / "adapter_model.safetensors").chmod(0o644)
    path = folder / "adapter_config.json"
    saved = json.loads(path.read_text()) | {"base_model_name_or_path": base}
    saved["target_modules"].sort()  # PEFT writes a set, in another order each time
    path.write_text(json.dumps(saved, indent=2, sort_keys=True))


def figures(tensor: torch.Tensor) -> dict:
    """Type, shape, and three sums that no two different tensors are likely to share."""
    x = tensor.double().flatten()
    wave = torch.cos(torch.arange(len(x), dtype=torch.float64))
    return {
        "dtype": {"float32": "F32", "bfloat16": "BF16"}[str(tensor.dtype).removeprefix("torch.")],
        "shape": list(tensor.shape),
        "sums": [float(x.sum()), float((x**2).sum()), float((x * wave).sum())],
    }


def expected(base: Path, adapter: Path, quantization: dict | None = None) -> dict:
    tensors = merged_tensors(base, adapter, quantization)
    assert all(math.isfinite(float(tensor.sum())) for tensor in tensors.values())
    return {name: figures(tensor) for name, tensor in sorted(tensors.items())}


def main() -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    for name, config in BASES.items():
        make_base(name, config)
    cases = {}
    for name, options in ADAPTERS.items():
        make_adapter(name, options)
        base, method = name.split("/")
        if base != "llama-tied":  # PEFT adds the update to both ends of a shared weight
            cases[f"merge/{name}"] = expected(MERGE / base, MERGE / base / "adapters" / method)
    for name in ENCODERS:
        base, method = name.split("/")
        folder = FIXTURES / base
        cases[name] = expected(folder, folder / "adapters" / method)
        for packed in PACKED.get(name, ()):
            cases[f"{name}/{packed}"] = expected(folder, folder / "adapters" / method, QUANTIZED[packed])
    write_json(MERGE / "expected.json", {"versions": {name: version(name) for name in LIBRARIES}, "cases": cases})


if __name__ == "__main__":
    main()
