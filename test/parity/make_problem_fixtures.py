"""Makes test/parity/fixtures/problems: what transformers computes for the other problem types of sequence classification.

Usage: python make_problem_fixtures.py      (after make_fixtures.py, which writes checkpoints and data)
Made with torch 2.15.0, transformers 5.23.0, peft 0.21.2, scikit-learn 1.9.1, Python 3.11, CPU.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from sklearn.metrics import accuracy_score, f1_score
from torch.optim.lr_scheduler import LambdaLR
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from corpus import read_rows
from training import BATCH, RECIPE, STEPS
from weights import randomize

FIXTURES = Path(__file__).parent / "fixtures"
CLASSES = ["termination", "payment", "governing law", "liability", "confidentiality"]


def labels_of(row: dict, index: int) -> list[str]:
    """Its own label, in some rows another, in a few none."""
    others = [CLASSES[(index * 3) % 5]] if index % 3 == 0 else []
    return [] if index % 11 == 5 else sorted({row["label"], *others})


def collate(tokenizer, rows: list[dict]) -> dict[str, torch.Tensor]:
    batch = tokenizer([row["text"] for row in rows], padding=True, truncation=True, max_length=80, return_tensors="pt")
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"],
            "labels": torch.tensor([row["targets"] for row in rows])}  # fmt: skip


def train(model: torch.nn.Module, tokenizer, rows: list[dict], learning_rate: float) -> dict:
    """STEPS optimizer steps with the loss of transformers' own forward pass."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    schedule = LambdaLR(optimizer, lambda step: (STEPS - step) / STEPS)
    losses, norms = [], []
    for step in range(STEPS):
        loss = model(**collate(tokenizer, rows[step * BATCH : (step + 1) * BATCH])).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, RECIPE["max_grad_norm"]).item())
        losses.append(loss.item())
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    count = sum(p.numel() for p in parameters)
    return {"learning_rate": learning_rate, "trainable_parameters": count, "losses": losses, "grad_norms": norms}


@torch.no_grad()
def logits_of(model: torch.nn.Module, tokenizer, rows: list[dict]) -> torch.Tensor:
    return torch.cat([model(**collate(tokenizer, [row])).logits for row in rows]).double()


def multi_label_scores(logits: torch.Tensor, targets: torch.Tensor) -> dict:
    """At the threshold 0.5, and at the best for micro F1 among all that lie between two probabilities."""
    wanted = targets.numpy().astype(int)
    probabilities = torch.sigmoid(logits).numpy()
    found = probabilities >= 0.5
    f1 = {mean: f1_score(wanted, found, average=mean, zero_division=0) for mean in ("micro", "macro", "weighted", "samples")}
    values = numpy.unique(probabilities)
    cuts = (values[1:] + values[:-1]) / 2
    best = max(f1_score(wanted, probabilities >= cut, average="micro", zero_division=0) for cut in cuts)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets.double()).item()
    return {"eval_loss": loss, "eval_accuracy": accuracy_score(wanted, found), "best_micro_f1": best,
            **{f"eval_{mean}_f1": value for mean, value in f1.items()}}  # fmt: skip


def multi_label() -> dict:
    folder = FIXTURES / "bert"
    splits = {}
    for split in ("train", "test"):
        rows = [{"text": row["text"], "labels": labels_of(row, i)} for i, row in enumerate(read_rows(split))]
        splits[split] = rows
    tokenizer = AutoTokenizer.from_pretrained(folder)
    methods = {}
    for name, adapter in (("full", None), ("lora", "adapters/lora")):
        model = AutoModelForSequenceClassification.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager", problem_type="multi_label_classification"
        )
        if adapter:
            model = PeftModel.from_pretrained(model, folder / adapter, is_trainable=True)
        names = list(AutoModelForSequenceClassification.from_pretrained(folder).config.id2label.values())
        for row in (row for rows in splits.values() for row in rows):
            row["targets"] = [float(name in row["labels"]) for name in names]
        trained = train(model, tokenizer, splits["train"], 5e-3 if adapter else 5e-4)
        logits = logits_of(model.eval(), tokenizer, splits["test"])
        targets = torch.tensor([row["targets"] for row in splits["test"]])
        methods[name] = {"adapter": adapter, **trained, **multi_label_scores(logits, targets)}
        print(name, methods[name])
    return {"methods": methods, "rows": splits}


def value_of(text: str) -> float:
    """Grows with the text, and falls with the share of a letter."""
    return round(len(text) / 40 - 3 * text.count("a") / len(text), 3)


def ranks(values: numpy.ndarray) -> numpy.ndarray:
    """Equal values at the mean of their ranks."""
    return numpy.array([((values < x).sum() + (values <= x).sum() - 1) / 2 for x in values])


def regression() -> dict:
    folder, adapter = FIXTURES / "bert-bare", FIXTURES / "problems" / "regression-adapter"
    splits = {split: [{"text": row["text"], "label": value_of(row["text"])} for row in read_rows(split)]
              for split in ("train", "test")}  # fmt: skip
    for row in (row for rows in splits.values() for row in rows):
        row["targets"] = [row["label"]]
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def base() -> torch.nn.Module:
        return AutoModelForSequenceClassification.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager", num_labels=1
        )

    fresh = get_peft_model(base(), LoraConfig(task_type="SEQ_CLS", r=4, lora_alpha=8, target_modules=["query", "value"]))
    randomize(fresh, seed="problems/regression", trainable_only=True)
    fresh.save_pretrained(adapter)
    (adapter / "README.md").unlink()
    (adapter / "adapter_model.safetensors").chmod(0o644)
    saved = json.loads((adapter / "adapter_config.json").read_text())
    saved["base_model_name_or_path"] = "test/parity/fixtures/bert-bare"
    saved["target_modules"].sort()  # PEFT writes a set, in another order each time
    (adapter / "adapter_config.json").write_text(json.dumps(saved, indent=2, sort_keys=True))

    model = PeftModel.from_pretrained(base(), adapter, is_trainable=True)
    trained = train(model, tokenizer, splits["train"], 5e-3)
    found = logits_of(model.eval(), tokenizer, splits["test"]).squeeze(1).numpy()
    wanted = numpy.array([row["label"] for row in splits["test"]])
    errors = ((wanted - found) ** 2).sum()
    scores = {
        "eval_loss": errors / len(wanted),
        "eval_pearson": numpy.corrcoef(wanted, found)[0, 1],
        "eval_spearman": numpy.corrcoef(ranks(wanted), ranks(found))[0, 1],
        "eval_r2": 1 - errors / ((wanted - wanted.mean()) ** 2).sum(),
    }
    method = {"base": "bert-bare", "adapter": "../problems/regression-adapter", **trained, **scores}
    print("lora", method)
    return {"methods": {"lora": method}, "rows": splits}


def main() -> None:
    torch.set_num_threads(1)
    versions = {name: version(name) for name in ("torch", "transformers", "peft", "scikit-learn")}
    (FIXTURES / "problems").mkdir(exist_ok=True)
    for name, make in (("multi-label", multi_label), ("regression", regression)):
        path = FIXTURES / "problems" / f"{name}.json"
        path.write_text(json.dumps({"versions": versions, **make()}, indent=1))
        print(path, path.stat().st_size)


main()
