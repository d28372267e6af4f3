"""Writes fixtures/losses/: torch's weighted cross entropy with its gradient, and the balanced weights of scikit-learn.

Versions: torch 2.15.0, scikit-learn 1.9.1. Run: python test/parity/make_loss_fixtures.py
"""

import json
from pathlib import Path

import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn.functional import cross_entropy

out = Path(__file__).parent / "fixtures" / "losses"
out.mkdir(exist_ok=True)


def write(name, cases):
    (out / name).write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


random = torch.Generator().manual_seed(7)
rows, classes = 6, 4
cases = []
for weights in [None, [1, 0.25, 3, 2], [0, 1, 0.5, 4]]:
    logits = (3 * torch.randn(rows, classes, generator=random)).double().requires_grad_()
    labels = torch.tensor([3, -100, 0, 1, 2, 1])
    weight = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    loss = cross_entropy(logits, labels, weight=weight)
    loss.backward()
    cases.append(
        {
            "weights": weights,
            "logits": logits.flatten().tolist(),
            "labels": labels.tolist(),
            "loss": loss.item(),
            "gradient": logits.grad.flatten().tolist(),
        }
    )
write("cross-entropy.json", cases)

balanced = []
for counts in [[9, 7, 13, 9, 10], [1, 99], [5, 5, 5]]:
    labels = np.repeat(np.arange(len(counts)), counts)
    weights = compute_class_weight("balanced", classes=np.arange(len(counts)), y=labels)
    balanced.append({"counts": counts, "weights": weights.tolist()})
write("balanced.json", balanced)
