"""Writes fixtures/losses/: torch's weighted and smoothed cross entropy with its gradient, the loss of transformers' LabelSmoother
of an output layer with its gradients, and the balanced weights of scikit-learn.

Versions: torch 2.15.0, transformers 5.23.0, scikit-learn 1.9.1. Run: python test/parity/make_loss_fixtures.py
"""

import json
from pathlib import Path

import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn.functional import cross_entropy
from transformers.trainer_pt_utils import LabelSmoother

out = Path(__file__).parent / "fixtures" / "losses"
out.mkdir(exist_ok=True)


def write(name, cases):
    (out / name).write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


random = torch.Generator().manual_seed(7)
rows, classes = 6, 4
cases = []
for weights, smoothing in [
    (None, 0),
    ([1, 0.25, 3, 2], 0),
    ([0, 1, 0.5, 4], 0),
    (None, 0.1),
    ([1, 0.25, 3, 2], 0.2),
    ([0, 1, 0.5, 4], 0.3),
]:
    logits = (3 * torch.randn(rows, classes, generator=random)).double().requires_grad_()
    labels = torch.tensor([3, -100, 0, 1, 2, 1])
    weight = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    loss = cross_entropy(logits, labels, weight=weight, label_smoothing=smoothing)
    loss.backward()
    cases.append(
        {
            "weights": weights,
            "smoothing": smoothing,
            "logits": logits.flatten().tolist(),
            "labels": labels.tolist(),
            "loss": loss.item(),
            "gradient": logits.grad.flatten().tolist(),
        }
    )
write("cross-entropy.json", cases)

smoothed = []
vocab, hidden = 7, 3
for epsilon, softcap in [(0.1, None), (0.4, None), (0.1, 2.0)]:
    labels = torch.tensor([3, -100, 0, 6, 2, 3])
    shapes = {"x": (rows, hidden), "w": (vocab, hidden), "bias": (vocab,)}
    given = {name: torch.randn(shape, generator=random).double().requires_grad_() for name, shape in shapes.items()}
    logits = given["x"] @ given["w"].T + given["bias"]
    if softcap is not None:
        logits = softcap * torch.tanh(logits / softcap)
    loss = LabelSmoother(epsilon)({"logits": logits}, labels)  # float32 in part
    exact = cross_entropy(logits, labels, label_smoothing=epsilon)
    assert abs(loss.item() - exact.item()) < 1e-6
    exact.backward()
    case = {"smoothing": epsilon, "softcap": softcap, "labels": labels.tolist(), "loss": loss.item(), "exact": exact.item()}
    for name, tensor in given.items():
        case[name] = tensor.flatten().tolist()
        case[f"d{name}"] = tensor.grad.flatten().tolist()
    smoothed.append(case)
write("label-smoother.json", smoothed)

balanced = []
for counts in [[9, 7, 13, 9, 10], [1, 99], [5, 5, 5]]:
    labels = np.repeat(np.arange(len(counts)), counts)
    weights = compute_class_weight("balanced", classes=np.arange(len(counts)), y=labels)
    balanced.append({"counts": counts, "weights": weights.tolist()})
write("balanced.json", balanced)
