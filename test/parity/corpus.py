"""The shared rows: contract-like clauses, no real text."""

import json
from pathlib import Path

import numpy as np

from training import IGNORE

DATA = Path(__file__).parent / "fixtures" / "data"

TOPICS = {
    "payment": "fee invoice amount pay paid due interest currency refund deposit",
    "termination": "terminate end notice expire breach cure cease default renewal period",
    "liability": "liable damage loss limit indemnify claim harm negligence cap insurance",
    "confidentiality": "secret disclose information protect confidential data return destroy record trust",
    "governing law": "law court state govern venue dispute arbitration jurisdiction statute federal",
}
COMMON = (
    "the party shall not of and to any this agreement under in by each other may if no such within days , ."
).split()
SUFFIXES = ["##s", "##d", "##ed", "##ing", "##ment", "##al"]
ENDINGS = [ending[2:] for ending in SUFFIXES]
TAGS = ["O", "B-TOPIC", "I-TOPIC", "B-DAYS", "I-DAYS"]
WORDS = [*COMMON, *(word for words in TOPICS.values() for word in words.split())]
MAX_WORDS = 24


def text_rows(count: int, seed: int) -> list[dict]:
    """Rows {text, label}: 1 to 24 words, so that padding, truncation edges and local windows all matter."""
    rng = np.random.default_rng(seed)
    topics = list(TOPICS)
    rows = []
    for i in range(count):
        label = topics[rng.integers(len(topics))]
        length = [1, MAX_WORDS, 2, MAX_WORDS // 2][i % 4] if i < 4 else int(rng.integers(2, MAX_WORDS + 1))
        words = [word(rng, TOPICS[label].split() if rng.random() < 0.4 else COMMON) for _ in range(length)]
        rows.append({"text": " ".join(words).capitalize(), "label": label})
    return rows


def word(rng: np.random.Generator, choices: list[str]) -> str:
    """One word; some get an ending, so that WordPiece splits them into several tokens."""
    base = choices[rng.integers(len(choices))]
    return base + ENDINGS[rng.integers(len(ENDINGS))] if base.isalpha() and rng.random() < 0.15 else base


def tag_rows(count: int, seed: int) -> list[dict]:
    """Rows {tokens, labels} with BIO tags: runs of topic words, and the word `days` after `within`."""
    rng = np.random.default_rng(seed)
    stems = [stem for words in TOPICS.values() for stem in words.split()]
    rows = []
    for _ in range(count):
        tokens, labels = [], []
        while len(tokens) < rng.integers(3, MAX_WORDS - 2):
            if rng.random() < 0.3:
                run = [word(rng, stems) for _ in range(rng.integers(1, 4))]
                tokens += run
                labels += ["B-TOPIC", *["I-TOPIC"] * (len(run) - 1)]
            elif rng.random() < 0.2:
                tokens += ["within", "days"]
                labels += ["B-DAYS", "I-DAYS"]
            else:
                tokens.append(word(rng, COMMON))
                labels.append("O")
        rows.append({"tokens": tokens, "labels": labels})
    return rows


def make_data() -> None:
    """Writes the shared rows: 48 to train on (six batches of eight), 16 to test on."""
    DATA.mkdir(parents=True, exist_ok=True)
    for name, count, seed in (("train", 48, 1), ("test", 16, 2)):
        write_rows(name, text_rows(count, seed))
        write_rows(f"{name}-tokens", tag_rows(count, seed))


def write_rows(name: str, rows: list[dict]) -> None:
    (DATA / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def read_rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text().splitlines()]


def encode(tokenizer, rows: list[dict], labels: list[str]) -> list[dict]:
    """Rows {text, label} or {tokens, labels} to {ids, label}; a tag goes to the first token of its word."""
    label_ids = {label: i for i, label in enumerate(labels)}
    if "text" in rows[0]:
        return [{"ids": tokenizer(row["text"])["input_ids"], "label": label_ids[row["label"]]} for row in rows]
    encoded = []
    for row in rows:
        out = tokenizer(row["tokens"], is_split_into_words=True)
        words = out.word_ids()
        first = [word is not None and word not in words[:i] for i, word in enumerate(words)]
        label = [label_ids[row["labels"][word]] if new else IGNORE for word, new in zip(words, first)]
        encoded.append({"ids": out["input_ids"], "label": label})
    return encoded


def label_names(folder: Path, rows: list[dict]) -> list[str]:
    """The checkpoint's labels if they name the data's, else the data's own, sorted."""
    named = list(json.loads((folder / "config.json").read_text()).get("id2label", {}).values())
    used = {label for row in rows for label in row.get("labels", [row.get("label")])}
    return named if used <= set(named) else sorted(used)
