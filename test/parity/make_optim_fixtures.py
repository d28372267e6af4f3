"""Writes test/parity/fixtures/optim/*.json: what torch, transformers, bitsandbytes, scikit-learn, scipy and seqeval compute.

Run: python test/parity/make_optim_fixtures.py   (needs those packages; each file says the versions that made it)
"""
import base64
import json
import pathlib
from importlib.metadata import version

import bitsandbytes as bnb
import numpy as np
import torch
from scipy.stats import bootstrap
from seqeval.metrics import f1_score as entity_f1
from seqeval.metrics import precision_score, recall_score
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support
from transformers import get_constant_schedule, get_constant_schedule_with_warmup
from transformers import get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup
from transformers import get_cosine_with_hard_restarts_schedule_with_warmup, get_inverse_sqrt_schedule
from transformers import get_polynomial_decay_schedule_with_warmup, get_wsd_schedule

OUT = pathlib.Path(__file__).parent / "fixtures" / "optim"
rng = np.random.default_rng(0)


def write(name, packages, **content):
    versions = {package: version(package) for package in packages}
    (OUT / f"{name}.json").write_text(json.dumps({"versions": versions, **content}) + "\n")


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def f32(tensor):
    return packed(tensor.detach().numpy().astype(np.float32))


def trajectory(make, slots):
    """Ten steps of two parameters: `w` from the first, `late` from the fourth; gradients from 1e-20 to 1e3, one zero."""
    n, rates = 16, [1e-3 * (10 - i) / 10 for i in range(10)]
    starts = {name: rng.standard_normal(n).astype(np.float32) for name in ("w", "late")}
    params = {name: torch.nn.Parameter(torch.from_numpy(start.copy())) for name, start in starts.items()}
    optimizer = make([
        {"params": [params["w"]], "weight_decay": 0.1, "lr": 1e-3},
        {"params": [params["late"]], "weight_decay": 0.0, "lr": 1e-3},
    ])
    steps = []
    for i, rate in enumerate(rates):
        optimizer.param_groups[0]["lr"], optimizer.param_groups[1]["lr"] = rate, rate * 4
        grads = {}
        for name, param in params.items():
            if name == "late" and i < 3:
                param.grad = None
                continue
            grad = (rng.standard_normal(n) * 10.0 ** (np.arange(n) % 8 - 4)).astype(np.float32)
            grad[0], grad[1] = 0, 1e-20
            param.grad = torch.from_numpy(grad.copy())
            grads[name] = packed(grad)
        optimizer.step()
        steps.append({"learningRate": rate, "grads": grads, "after": {k: f32(params[k]) for k in grads}})
    state = {
        f"{name}.{ours}": f32(optimizer.state[param][theirs])
        for name, param in params.items() for theirs, ours in slots.items()
    }
    return {"start": {name: packed(start) for name, start in starts.items()}, "steps": steps, "state": state,
            "weightDecay": {"w": 0.1, "late": 0}, "learningRateScale": {"w": 1, "late": 4}}


def lcg(count, seed):
    """Uniform float32 in [-0.5, 0.5), the same in the test."""
    out, x = np.empty(count), seed
    for i in range(count):
        x = (x * 1664525 + 1013904223) % 2**32
        out[i] = x / 2**32 - 0.5
    return out


def adamw_8bit():
    """The fifth step, from the 8-bit state that four steps left and from known weights.

    One step, because float32 arithmetic in another order may tip a code to its neighbour, and later steps then part.
    """
    n, scale = 4196, 10.0 ** -(np.arange(4196) // 256 % 4)
    start = torch.from_numpy(lcg(n, 1).astype(np.float32))
    param = torch.nn.Parameter(start.clone())
    optimizer = bnb.optim.AdamW8bit([param], lr=1e-2, weight_decay=0.1)

    def step(i):
        param.grad = torch.from_numpy((lcg(n, 100 + i) * scale).astype(np.float32))
        optimizer.step()
        state = optimizer.state[param]
        assert state["state1"].dtype == torch.uint8
        return {"exp_avg": packed(state["state1"].numpy()), "exp_avg_sq": packed(state["state2"].numpy()),
                "exp_avg_absmax": f32(state["absmax1"]), "exp_avg_sq_absmax": f32(state["absmax2"])}

    before = [step(i) for i in range(4)][-1]
    with torch.no_grad():
        param.copy_(start)
    after = step(4)
    return {"elements": n, "learningRate": 1e-2, "weightDecay": 0.1, "final": f32(param), "before": before, "after": after}


def schedules():
    wsd = lambda o, w, t, **kw: get_wsd_schedule(o, w, **({"num_decay_steps": -(-t // 10)} | kw), num_training_steps=t)
    makers = {
        "linear": lambda o, w, t: get_linear_schedule_with_warmup(o, w, t),
        "cosine": lambda o, w, t: get_cosine_schedule_with_warmup(o, w, t),
        "cosine_with_restarts": lambda o, w, t, **kw: get_cosine_with_hard_restarts_schedule_with_warmup(o, w, t, **kw),
        "polynomial": lambda o, w, t, **kw: get_polynomial_decay_schedule_with_warmup(o, w, t, **kw),
        "inverse_sqrt": lambda o, w, t: get_inverse_sqrt_schedule(o, w),
        "warmup_stable_decay": wsd,
        "constant": lambda o, w, t: get_constant_schedule_with_warmup(o, w) if w else get_constant_schedule(o),
    }
    cases = []
    settings = {
        "cosine_with_restarts": [{"num_cycles": 3}], "polynomial": [{"power": 2.0, "lr_end": 1e-5}],
        "warmup_stable_decay": [{"num_decay_steps": 4, "min_lr_ratio": 0.1, "decay_type": kind} for kind in ("linear", "cosine", "1-sqrt")],
    }  # fmt: skip
    runs = [(kind, {}) for kind in makers] + [(kind, kw) for kind, found in settings.items() for kw in found]
    for kind, kw in runs:
        make = makers[kind]
        for warmup, total in [(0, 7), (1, 7), (3, 10), *([(10, 10), (5, 4)] if kind in ("linear", "cosine", "constant") else [(2, 31)])]:
            optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2e-4)
            scheduler, rates = make(optimizer, warmup, total, **kw), []
            for _ in range(total + 2):
                rates.append(scheduler.get_last_lr()[0])
                optimizer.step()
                scheduler.step()
            cases.append({"type": kind, "warmupSteps": warmup, "totalSteps": total, "learningRate": 2e-4, "settings": kw, "rates": rates})
    return cases


def classification():
    cases = []
    for n, classes, used in [(60, 5, 5), (60, 8, 4), (3, 4, 2), (1, 2, 1)]:
        labels = rng.integers(0, used, n)
        predictions = np.where(rng.random(n) < 0.6, labels, rng.integers(0, used + (classes > used), n))
        precision, recall, f1, support = precision_recall_fscore_support(
            labels, predictions, labels=range(classes), zero_division=0)
        cases.append({
            "labels": labels.tolist(), "predictions": predictions.tolist(), "classes": classes,
            "accuracy": accuracy_score(labels, predictions),
            **{f"{average}F1": f1_score(labels, predictions, average=average, zero_division=0)
               for average in ("micro", "macro", "weighted")},
            "precision": precision.tolist(), "recall": recall.tolist(), "f1": f1.tolist(), "support": support.tolist(),
        })
    return cases


def intervals(case):
    labels, predictions = np.array(case["labels"]), np.array(case["predictions"])
    def macro(rows):
        return f1_score(labels[rows], predictions[rows], average="macro", zero_division=0)
    def micro(rows):
        return accuracy_score(labels[rows], predictions[rows])
    result = {}
    for name, metric in [("microF1", micro), ("macroF1", macro)]:
        found = bootstrap((np.arange(len(labels)),), metric, n_resamples=10_000, method="percentile",
                          vectorized=False, rng=np.random.default_rng(0)).confidence_interval
        result[name] = [float(found.low), float(found.high)]
    return result


def entities():
    tags, cases = ["O", "O", "B-A", "I-A", "I-A", "B-B", "I-B"], []
    for _ in range(12):
        lengths = rng.integers(1, 12, 3)
        labels = [[tags[t] for t in rng.integers(0, 7, n)] for n in lengths]
        predictions = [[tag if rng.random() < 0.8 else tags[rng.integers(0, 7)] for tag in row] for row in labels]
        cases.append({"labels": labels, "predictions": predictions, "f1": float(entity_f1(labels, predictions)),
                      "precision": float(precision_score(labels, predictions)),
                      "recall": float(recall_score(labels, predictions))})
    return cases


OUT.mkdir(parents=True, exist_ok=True)
adam_slots = {"step": "step", "exp_avg": "exp_avg", "exp_avg_sq": "exp_avg_sq"}
write("adamw", ["torch"], **trajectory(torch.optim.AdamW, adam_slots))
write("sgd", ["torch"], **trajectory(torch.optim.SGD, {}))
momentum = lambda groups: torch.optim.SGD(groups, momentum=0.9)
write("sgd_momentum", ["torch"], **trajectory(momentum, {"momentum_buffer": "momentum_buffer"}))
write("lion", ["bitsandbytes"], **trajectory(bnb.optim.Lion, {"state1": "exp_avg"}))
write("adamw_8bit", ["bitsandbytes"], **adamw_8bit())
write("schedules", ["transformers"], cases=schedules())
write("classification", ["scikit-learn", "scipy"], cases=(cases := classification()), intervals=intervals(cases[0]))
write("entities", ["seqeval"], cases=entities())
