"""The reference run: a few AdamW steps on rows in file order, and everything that a port should reproduce."""

import copy

import torch
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import LambdaLR
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface, eager_mask

STEPS = 6
BATCH = 8
RECIPE = {
    "steps": STEPS,
    "per_device_train_batch_size": BATCH,
    "order": "file order, padded on the right to the longest row of the batch",
    "optim": "adamw",
    "adam_beta1": 0.9,
    "adam_beta2": 0.999,
    "adam_epsilon": 1e-8,
    "weight_decay": 0.0,
    "lr_scheduler_type": "linear",
    "warmup_steps": 0,
    "max_grad_norm": 1.0,
}
IGNORE = -100


def collate(rows: list[dict], pad_id: int) -> dict[str, torch.Tensor]:
    """Rows {ids, label} to tensors; a list of labels (tagging) is padded with -100."""
    width = max(len(row["ids"]) for row in rows)

    def padded(values: list[int], fill: int) -> list[int]:
        return values + [fill] * (width - len(values))

    labels = [padded(row["label"], IGNORE) if isinstance(row["label"], list) else row["label"] for row in rows]
    return {
        "input_ids": torch.tensor([padded(row["ids"], pad_id) for row in rows]),
        "attention_mask": torch.tensor([padded([1] * len(row["ids"]), 0) for row in rows]),
        "labels": torch.tensor(labels),
    }


def logits_of(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    return model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits


def loss_of(logits: torch.Tensor, labels: torch.Tensor, reduction: str = "mean") -> torch.Tensor:
    """Cross-entropy over the labelled examples or tokens."""
    return cross_entropy(logits.flatten(0, -2), labels.flatten(), ignore_index=IGNORE, reduction=reduction)


def train(model: torch.nn.Module, rows: list[dict], pad_id: int, learning_rate: float) -> dict:
    """STEPS optimizer steps. `grad_norms` are over all trainable parameters, before clipping."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    schedule = LambdaLR(optimizer, lambda step: (STEPS - step) / STEPS)
    losses, norms, rates = [], [], []
    for step in range(STEPS):
        batch = collate(rows[step * BATCH : (step + 1) * BATCH], pad_id)
        loss = loss_of(logits_of(model, batch), batch["labels"])
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, RECIPE["max_grad_norm"]).item())
        losses.append(loss.item())
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return {"losses": losses, "grad_norms": norms, "learning_rates": rates}


@torch.no_grad()
def evaluate(model: torch.nn.Module, rows: list[dict], pad_id: int, language: bool = False) -> dict:
    """Loss over the whole split (sum ÷ count) and logits, of real tokens only when tagging.

    Of a language model, whose logits are too many to store, the log-probability of each label instead.
    """
    total, count, logits = 0.0, 0, []
    for start in range(0, len(rows), BATCH):
        batch = collate(rows[start : start + BATCH], pad_id)
        out = logits_of(model, batch)
        total += float(loss_of(out, batch["labels"], "sum"))
        count += int((batch["labels"] != IGNORE).sum())
        real = batch["attention_mask"].sum(1).tolist()
        if language:
            logits += [(-loss_of(row, labels, "none"))[labels != IGNORE].tolist()
                       for row, labels in zip(out, batch["labels"])]  # fmt: skip
        else:
            logits += [row[:n].tolist() if out.dim() == 3 else row.tolist() for row, n in zip(out, real)]
    return {"eval_loss": total / count, "eval_count": count, "log_probs" if language else "logits": logits}


def checksums(model: torch.nn.Module) -> dict[str, list[float]]:
    """Sum and sum of squares of each trainable tensor."""
    values = {name: p.detach().double() for name, p in model.named_parameters() if p.requires_grad}
    return {name: [float(v.sum()), float((v * v).sum())] for name, v in values.items()}


def record(
    model: torch.nn.Module,
    train_rows: list[dict],
    test_rows: list[dict],
    pad_id: int,
    rate: float,
    language: bool = False,
) -> dict:
    """Everything expected of one method. `model` is trained in place."""
    assert not any(m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)), "dropout would draw numbers"
    model.eval()
    trainable = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    double = in_float64(model)
    outputs = "log_probs" if language else "logits"
    result = {
        "learning_rate": rate,
        "trainable_parameters": sum(p.numel() for _, p in trainable),
        "trainable": {name: list(p.shape) for name, p in trainable},
        f"initial_{outputs}": evaluate(model, train_rows[:BATCH], pad_id, language)[outputs],
        **train(model, train_rows, pad_id, rate),
        **evaluate(model, test_rows, pad_id, language),
        "final": checksums(model),
    }
    rerun = {**train(double, train_rows, pad_id, rate), **evaluate(double, test_rows, pad_id, language)}
    return {**result, "float64_difference": difference(result, rerun)}


def in_float64(model: torch.nn.Module) -> torch.nn.Module:
    """A copy in float64. Most eager attention has a float32 softmax, in which float64 masks overflow."""
    double = copy.deepcopy(model).double()
    if model.config.model_type in ("bert", "roberta", "xlm-roberta", "distilbert", "electra", "deberta-v2"):
        return double
    double.config._attn_implementation = "sdpa" if model.config.model_type == "modernbert" else "float64"
    return double


def attention(module, query, key, value, mask, scaling=None, softcap=None, **_) -> tuple[torch.Tensor, None]:
    """Plain attention with its softmax in the type of its operands."""
    groups = query.shape[1] // key.shape[1]
    key, value = (x.repeat_interleave(groups, dim=1) for x in (key, value))
    scores = query @ key.transpose(2, 3) * scaling
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    return (torch.softmax(scores + mask, dim=-1) @ value).transpose(1, 2).contiguous(), None


AttentionInterface.register("float64", attention)
AttentionMaskInterface.register("float64", eager_mask)


def difference(single: dict, double: dict) -> dict[str, float]:
    """Largest gap to the same run in float64, relative where above 1: how far rounding alone moves each figure."""

    def flat(value) -> list[float]:
        return [x for v in value for x in flat(v)] if isinstance(value, list) else [value]

    keys = ("losses", "grad_norms", "eval_loss", "log_probs" if "log_probs" in single else "logits")
    gaps = {
        key: max(abs(a - b) / max(1, abs(b)) for a, b in zip(flat(single[key]), flat(double[key]))) for key in keys
    }
    assert all(gap < 2e-5 for gap in gaps.values()), f"rounding alone decides these figures, take another seed: {gaps}"
    return gaps
