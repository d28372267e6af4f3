"""Makes test/parity/fixtures/output-layer: adapters of the ends of a tied weight, and what PEFT's models say with them.

Run after make_causal_fixtures.py, whose tied qwen2 is the base.
Made with torch 2.15.0, transformers 5.23.0, peft 0.21.2, Python 3.11, CPU.
"""

import json
import shutil
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

FIXTURES = Path(__file__).parent / "fixtures"
BASE, OUT = FIXTURES / "causal/qwen2", FIXTURES / "output-layer"
ADAPTERS = {
    "output": {"target_modules": ["q_proj", "lm_head"]},
    "saved-output": {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]},
    "saved-embedding": {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"]},
}
IDS = [5, 9, 11, 30, 7, 3, 12, 40]


def load_base() -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(BASE, attn_implementation="eager")


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    logits = {}
    for name, options in ADAPTERS.items():
        torch.manual_seed(1)
        model = get_peft_model(load_base(), LoraConfig(r=2, lora_alpha=6, task_type="CAUSAL_LM", **options))
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.add_(torch.randn_like(parameter) * 0.3)
        model.save_pretrained(OUT / name)
        (OUT / name / "README.md").unlink()
        (OUT / name / "adapter_model.safetensors").chmod(0o644)
        path = OUT / name / "adapter_config.json"
        saved = json.loads(path.read_text()) | {"base_model_name_or_path": "qwen2"}
        saved["target_modules"].sort()
        path.write_text(json.dumps(saved, indent=2, sort_keys=True))
        tuned = PeftModel.from_pretrained(load_base(), OUT / name).eval()
        with torch.no_grad():
            logits[name] = tuned(torch.tensor([IDS])).logits[0, -1].tolist()
    (OUT / "expected.json").write_text(json.dumps({"ids": IDS, "logits": logits}))


if __name__ == "__main__":
    main()
