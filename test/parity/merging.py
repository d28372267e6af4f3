"""Models with adapters, and what PEFT merges them into."""

from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoModelForTokenClassification

from quantized import quantization_config, replace_quantized


def load_base(folder: str | Path, quantization: dict | None = None) -> torch.nn.Module:
    """A fixture under the class of its task, in its own type; quantized weights as they are when dequantized."""
    folder = Path(folder)
    if folder.parent.name in ("merge", "causal"):
        return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager")
    head = AutoModelForTokenClassification if folder.name.endswith("-tokens") else AutoModelForSequenceClassification
    model = head.from_pretrained(
        folder,
        attn_implementation="eager",
        num_labels=5,
        quantization_config=quantization and quantization_config(quantization),
    )
    replace_quantized(model)
    return model


def merged_tensors(base: Path, adapter: Path, quantization: dict | None = None) -> dict[str, torch.Tensor]:
    """The parameters of the merged model, shared ones once."""
    model = PeftModel.from_pretrained(load_base(base, quantization), adapter).merge_and_unload()
    kept = {name: p.detach() for name, p in model.named_parameters() if ".original_module." not in name}
    return {name.replace(".modules_to_save.default.", "."): p for name, p in kept.items()}  # LN tuning keeps its wrappers
