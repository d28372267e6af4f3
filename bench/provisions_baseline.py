"""The bar of the embedded data set: TF-IDF with logistic regression, from Python with scikit-learn.

    ~/.cache/lowrank-peers/bin/python bench/provisions_baseline.py [FOLDER]

FOLDER holds train.jsonl, dev.jsonl and test.jsonl as `writeEmbedded` writes them; without it they are made. Settings are
chosen by macro-F1 on dev; test is read once. Also says how far a label can be told by the words of its heading alone.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report, f1_score
from sklearn.pipeline import make_pipeline

ROOT = Path(__file__).resolve().parent.parent
SPLITS = ("train", "dev", "test")
# What the headings of a class have in common, as it would be left in a text.
KEYWORDS = {
    "definitions": r"defin|glossary",
    "purpose": r"preamble|purpose|introduc",
    "grant of rights": r"\bgrant|\brights? to\b",
    "patents": r"patent",
    "distribution and modification": r"distribut|modif|derivative|convey|copying",
    "notices and trademarks": r"notice|attribution|trademark",
    "termination": r"terminat",
    "warranty disclaimer": r"warrant|disclaim",
    "limitation of liability": r"liabilit|\bliable|damages",
    "general provisions": r"miscellaneous|general|governed|jurisdiction|new versions|severab",
}


def read(folder):
    return {split: [json.loads(line) for line in (folder / f"{split}.jsonl").open()] for split in SPLITS}


def write_embedded(folder):
    code = f"import('./src/data/provisions/provisions.ts').then((m) => m.writeEmbedded({json.dumps(str(folder))}))"
    subprocess.run(["node", "--import", "tsx", "-e", code], cwd=ROOT, check=True)


def texts(rows):
    return [row["text"] for row in rows]


def labels(rows):
    return [row["label"] for row in rows]


def figures(truth, guess):
    micro, macro = (f1_score(truth, guess, average=average, zero_division=0) for average in ("micro", "macro"))
    return f"{micro:.3f} micro-F1, {macro:.3f} macro-F1"


def interval(truth, guess, average, samples=1000):
    """The 95 % bootstrap interval over examples."""
    truth, guess, random = np.array(truth), np.array(guess), np.random.default_rng(0)
    drawn = (random.integers(0, len(truth), len(truth)) for _ in range(samples))
    scores = [f1_score(truth[at], guess[at], average=average, zero_division=0) for at in drawn]
    return "–".join(f"{end:.3f}" for end in np.percentile(scores, [2.5, 97.5]))


def candidates():
    for ngrams in ((1, 1), (1, 2)):
        for weight in (None, "balanced"):
            for strength in (1, 10, 100):
                yield f"{ngrams[0]}–{ngrams[1]}-grams, C {strength}, class weight {weight}", make_pipeline(
                    TfidfVectorizer(ngram_range=ngrams, sublinear_tf=True, min_df=2),
                    LogisticRegression(C=strength, class_weight=weight, max_iter=2000),
                )


def by_keyword(rows, most_frequent):
    """The first class whose keyword stands in the text; the rarest class first."""
    order = [label for label, _ in reversed(most_frequent)]
    hit = lambda text: next((label for label in order if re.search(KEYWORDS[label], text, re.I)), order[-1])
    return [hit(text) for text in texts(rows)]


def main():
    with tempfile.TemporaryDirectory() as made:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(made)
        if len(sys.argv) < 2:
            write_embedded(folder)
        data = read(folder)
    train, dev, test = (data[split] for split in SPLITS)

    print("rows", {split: len(rows) for split, rows in data.items()})
    for label in sorted(KEYWORDS):
        rows = [row for rows in data.values() for row in rows if row["label"] == label]
        counts = [sum(row["label"] == label for row in data[split]) for split in SPLITS]
        keyword = sum(bool(re.search(KEYWORDS[label], row["text"], re.I)) for row in rows) / len(rows)
        print(f"  {label:30} {counts[0]:4} {counts[1]:4} {counts[2]:4}   keyword in {keyword:.0%} of the texts")
    heading = [row["where"].split(" § ")[1].lower() in row["text"].lower() for rows in data.values() for row in rows]
    print(f"texts that hold their heading somewhere: {np.mean(heading):.1%}")

    truth = labels(test)
    constant = DummyClassifier().fit(texts(train), labels(train)).predict(texts(test))
    print(f"most frequent class: {figures(truth, constant)}")
    print(f"keywords of the headings: {figures(truth, by_keyword(test, Counter(labels(train)).most_common()))}")

    scored = []
    for name, model in candidates():
        model.fit(texts(train), labels(train))
        guess = model.predict(texts(dev))
        scored.append((f1_score(labels(dev), guess, average="macro"), name, model))
        print(f"dev, {name}: {figures(labels(dev), guess)}")
    _, name, model = max(scored, key=lambda entry: entry[0])
    guess = model.predict(texts(test))
    print(f"\ntest, {name}: {figures(truth, guess)}")
    print(f"95 %: {interval(truth, guess, 'micro')} micro-F1, {interval(truth, guess, 'macro')} macro-F1\n")
    print(classification_report(truth, guess, digits=3, zero_division=0))


main()
