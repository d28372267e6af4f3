"""Writes fixtures/losses/neftune.json: the bounds between which transformers' NEFTune hook samples its noise.

Versions: torch 2.15.0, transformers 5.23.0. Run: python test/parity/make_neftune_fixture.py
"""

import json
from pathlib import Path
from types import SimpleNamespace

import torch
from transformers.integrations.neftune import neftune_post_forward_hook

bounds = []
uniform = torch.Tensor.uniform_


def noted(self, low, high):
    bounds.append((float(low), float(high)))
    return uniform(self, low, high)


torch.Tensor.uniform_ = noted
cases = []
for alpha, batch, length, width in [(5, 2, 12, 8), (0.5, 1, 1, 16), (15, 3, 40, 32)]:
    module = SimpleNamespace(training=True, neftune_noise_alpha=alpha)
    neftune_post_forward_hook(module, None, torch.zeros(batch, length, width))
    low, high = bounds[-1]
    assert low == -high
    cases.append({"alpha": alpha, "batch": batch, "length": length, "width": width, "bound": high})
out = Path(__file__).parent / "fixtures" / "losses" / "neftune.json"
out.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
