"""Loads adapters with mlx-lm, and says how far the weights that it fuses are from a merged checkpoint's.

Reads a JSON list of cases from stdin, writes a list of reports to stdout; see mlx-loads-ours.test.ts.
Tried with mlx 0.32.4, mlx-lm 0.32.2.
"""

import json
import sys
from pathlib import Path

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.tuner.utils import load_adapters

from mlx_models import fused_weights, load_base


def report(base: str, adapter: str, merged: str) -> dict:
    """How many weights mlx-lm adapted, and the largest difference of any weight from the merged one."""
    theirs = dict(tree_flatten(load_base(Path(merged)).parameters()))
    plain = dict(tree_flatten(load_base(Path(base)).parameters()))
    model = load_base(Path(base))
    load_adapters(model, adapter)
    ours = fused_weights(model)
    return {
        "adapted": sum(not mx.array_equal(x, plain[name]).item() for name, x in ours.items()),
        "difference": max(mx.abs(x - theirs[name]).max().item() for name, x in ours.items()),
    }


def main() -> None:
    json.dump([report(**case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
