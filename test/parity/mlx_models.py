"""The decoders of fixtures/merge as mlx-lm's models."""

import json
from pathlib import Path

import mlx.core as mx
from mlx.utils import tree_flatten, tree_unflatten
from mlx_lm.utils import _get_classes


def load_base(folder: Path):
    """mlx-lm's model with the checkpoint's weights."""
    config = json.loads((folder / "config.json").read_text())
    model_class, args_class = _get_classes(config)
    model = model_class(args_class.from_dict({"n_ctx": config.get("n_positions"), **config}))
    weights = mx.load(str(folder / "model.safetensors"))
    if config["model_type"] == "gpt2":  # mlx-lm reads the Hub's bare checkpoints
        weights = {name.removeprefix("transformer."): x for name, x in weights.items()}
    model.load_weights(list(model.sanitize(weights).items()))
    return model


def fused_weights(model) -> dict[str, mx.array]:
    """The model's weights with its adapter merged, by mlx-lm's names."""
    fused = [(name, module.fuse()) for name, module in model.named_modules() if hasattr(module, "fuse")]
    model.update_modules(tree_unflatten(fused))
    return dict(tree_flatten(model.parameters()))
