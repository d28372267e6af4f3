"""Writes fixtures/optim/early-stopping.json: after which evaluation transformers' EarlyStoppingCallback stops.

Versions: transformers 5.23.0. Run: python test/parity/make_early_stopping_fixture.py
"""

import json
import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from transformers import EarlyStoppingCallback

random.seed(5)
cases = []
for n in range(24):
    greater, patience, threshold = n % 2 == 0, 1 + n % 3, [0, 0.05, 0.2][n // 3 % 3]
    trend = 0.1 * (n // 12) * (1 if greater else -1)  # the later cases improve, with noise
    values = [round(random.random() / (1 + n // 12) + trend * at, 2) for at in range(10)]
    callback = EarlyStoppingCallback(patience, threshold)
    args = SimpleNamespace(greater_is_better=greater, metric_for_best_model="m")
    state, control = SimpleNamespace(best_metric=None), SimpleNamespace(should_training_stop=False)
    stop = None
    for at, value in enumerate(values):
        callback.on_evaluate(args, state, control, {"eval_m": value})
        if control.should_training_stop:
            stop = at + 1
            break
        better = np.greater if greater else np.less  # Trainer._determine_best_metric, which runs after the callback
        if state.best_metric is None or better(value, state.best_metric):
            state.best_metric = value
    cases.append({"lowerIsBetter": not greater, "patience": patience, "threshold": threshold, "values": values, "stop": stop})
out = Path(__file__).parent / "fixtures" / "optim" / "early-stopping.json"
out.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
