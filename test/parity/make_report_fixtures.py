"""Writes fixtures/report.json: the tables of an evaluation's report as scikit-learn, seqeval and numpy compute them.

Versions: scikit-learn 1.9.1, seqeval 1.2.2. Run: python test/parity/make_report_fixtures.py
"""

import json
from pathlib import Path

import numpy as np
from seqeval.metrics import classification_report as entity_report
from sklearn.metrics import average_precision_score, classification_report, confusion_matrix

random = np.random.default_rng(7)
SCORES = {"precision": "precision", "recall": "recall", "f1": "f1-score", "support": "support"}


def rows(report, names):
    return {name: {ours: float(report[name][theirs]) for ours, theirs in SCORES.items()} for name in names}


def classified(n=60, names=("law", "fee", "harm", "never")):
    count = len(names)
    labels = random.integers(0, count - 1, n)  # the last class has no example
    logits = random.normal(size=(n, count)) + 1.5 * np.eye(count)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    predictions, confidences = probabilities.argmax(1), probabilities.max(1).round(6)
    matrix = confusion_matrix(labels, predictions, labels=range(count))
    pairs = sorted(
        (-int(matrix[a, b]), a, b) for a in range(count) for b in range(count) if a != b and matrix[a, b] > 0
    )
    bins = np.digitize(confidences, np.linspace(0, 1, 11)[1:-1], right=True)
    right = labels == predictions
    error = sum(abs(right[bins == b].mean() - confidences[bins == b].mean()) * (bins == b).mean() for b in set(bins))
    report = classification_report(
        labels, predictions, labels=range(count), target_names=names, output_dict=True, zero_division=0
    )
    return {
        "classes": names,
        "labels": labels.tolist(),
        "predictions": predictions.tolist(),
        "confidences": confidences.tolist(),
        "per_class": rows(report, names),
        "confusions": [[names[a], names[b], -count, -count / int(matrix[a].sum())] for count, a, b in pairs],
        "bin_counts": np.bincount(bins, minlength=10).tolist(),
        "expected_calibration_error": float(error),
    }


def entities():
    tags = ["O", "O", "B-DAYS", "I-DAYS", "B-TOPIC", "I-TOPIC"]
    lengths = random.integers(3, 9, 12)
    labels = [[tags[i] for i in random.integers(0, 6, n)] for n in lengths]
    predictions = [[tag if random.random() < 0.7 else tags[random.integers(0, 6)] for tag in row] for row in labels]
    report = entity_report(labels, predictions, output_dict=True, zero_division=0)
    return {"labels": labels, "predictions": predictions, "types": rows(report, ["DAYS", "TOPIC"])}


def rankings():
    cases = []
    for _ in range(6):
        hits = random.random(8) < 0.3
        hits[random.integers(0, 8)] = True
        scores = -np.arange(8, dtype=float)  # the best first
        cases.append({"hits": hits.tolist(), "average_precision": float(average_precision_score(hits, scores))})
    return cases


out = Path(__file__).parent / "fixtures" / "report.json"
out.write_text(json.dumps({"classified": classified(), "entities": entities(), "rankings": rankings()}, indent=None) + "\n")
