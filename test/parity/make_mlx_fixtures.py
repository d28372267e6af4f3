"""Adds mlx-lm's adapters to test/parity/fixtures/merge, and the sums of what mlx-lm fuses them into.

Run after make_merge_fixtures.py, with an environment of its own. Made with mlx 0.32.4, mlx-lm 0.32.2, Python 3.11, CPU.
"""

import json
import shutil
import zlib
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten
from mlx_lm.tuner.utils import linear_to_lora_layers
from mlx_lm.utils import save_config

from expected_file import write_json
from mlx_models import fused_weights, load_base

MERGE = Path(__file__).parent / "fixtures" / "merge"
CASES = {
    "llama/lora": SimpleNamespace(
        fine_tune_type="lora", num_layers=1, model="org/llama",
        lora_parameters={"rank": 3, "scale": 2.5, "dropout": 0.1, "keys": ["self_attn.q_proj", "mlp.down_proj"]},
    ),
    "llama/dora": SimpleNamespace(
        fine_tune_type="dora", num_layers=2, model="org/llama",
        lora_parameters={"rank": 2, "scale": 20.0, "dropout": 0.0, "keys": ["self_attn.v_proj", "lm_head"]},
    ),
    "gpt2/lora": SimpleNamespace(
        fine_tune_type="lora", num_layers=-1, model="org/gpt2",
        lora_parameters={"rank": 2, "scale": 1.5, "dropout": 0.0, "keys": ["attn.c_attn", "model.h.1.mlp.c_fc"]},
    ),
}  # fmt: skip


def draw(case: str, name: str, x: mx.array) -> mx.array:
    """A seeded weight of a tenth, and a magnitude near what it was."""
    rng = np.random.default_rng(zlib.crc32(f"{case}:{name}".encode()))
    drawn = mx.array(rng.standard_normal(x.shape).astype(np.float32))
    return x * (1 + 0.1 * drawn) if name.endswith(".m") else 0.1 * drawn


def make_case(case: str, config: SimpleNamespace) -> dict:
    base, method = case.split("/")
    model = load_base(MERGE / base)
    model.freeze()
    linear_to_lora_layers(model, config.num_layers, config.lora_parameters, config.fine_tune_type == "dora")
    adapter = {
        name: draw(case, name, x)
        for name, x in sorted(tree_flatten(model.parameters()))
        if name.rsplit(".", 1)[-1] in ("lora_a", "lora_b", "m")
    }
    folder = MERGE / base / "mlx" / method
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mx.save_safetensors(str(folder / "adapters.safetensors"), adapter, {"format": "mlx"})
    save_config(vars(config), folder / "adapter_config.json")
    model.update(tree_unflatten(list(adapter.items())))
    return {name: sums(np.array(x)) for name, x in sorted(fused_weights(model).items())}


def sums(x: np.ndarray) -> list[float]:
    flat = x.astype(np.float64).ravel()
    return [float(flat.sum()), float((flat**2).sum()), float((flat * np.cos(np.arange(flat.size))).sum())]


def main() -> None:
    cases = {case: make_case(case, config) for case, config in CASES.items()}
    versions = {name: version(name) for name in ("mlx", "mlx-lm")}
    write_json(MERGE / "expected-mlx.json", {"versions": versions, "cases": cases})


if __name__ == "__main__":
    main()
