"""Makes test/parity/fixtures/embeddings: what sentence-transformers computes with embedding models, and when it trains them.

Usage: python make_embedding_fixtures.py      (after make_fixtures.py, which writes checkpoints and data)
Made with torch 2.15.0, transformers 5.23.0, peft 0.21.2, sentence-transformers 6.2.0, Python 3.11, CPU.
"""

import json
from pathlib import Path

import torch
from peft import LoraConfig, TaskType, get_peft_model
from sentence_transformers import SentenceTransformer, losses
from sentence_transformers.sentence_transformer.evaluation import EmbeddingSimilarityEvaluator, InformationRetrievalEvaluator
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from torch.optim.lr_scheduler import LambdaLR
from transformers import AutoModel

from corpus import read_rows
from training import BATCH, RECIPE, STEPS
from weights import randomize

FIXTURES = Path(__file__).parent / "fixtures"
BASE = FIXTURES / "bert-bare"
OUT = FIXTURES / "embeddings"
LENGTH = 80
DIMS = [32, 16, 8]
CLASSES = sorted({row["label"] for row in read_rows("train")})
POOLINGS = {"mean": ("mean", False), "mean-normalized": ("mean", True), "cls": ("cls", False), "lasttoken": ("lasttoken", True)}


def model_of(mode: str = "mean", normalize: bool = False) -> SentenceTransformer:
    transformer = Transformer(str(BASE), max_seq_length=LENGTH, model_kwargs={"dtype": torch.float64, "attn_implementation": "eager"})
    modules = [transformer, Pooling(transformer.get_embedding_dimension(), mode)]
    return SentenceTransformer(modules=[*modules, *([Normalize()] if normalize else [])], device="cpu").eval()


def ranked(rows: list[dict]) -> list[dict]:
    """A few words of a text as the query, the others as its answer, another text as a negative."""
    made = []
    for i, row in enumerate(rows):
        words = f"{row['text']} {rows[(7 * i + 3) % len(rows)]['text']}".split()
        cut = max(1, len(words) // 3)
        negative = rows[(5 * i + 11) % len(rows)]["text"]
        made.append({"anchor": " ".join(words[:cut]), "positive": " ".join(words[cut:]), "negative": negative})
    return made


def scored(rows: list[dict]) -> list[dict]:
    """The two parts of a text, and the share of words that they have in common."""
    made = []
    for row in ranked(rows):
        first, second = set(row["anchor"].lower().split()), set(row["positive"].lower().split())
        score = round(len(first & second) / len(first | second), 3)
        made.append({"sentence1": row["anchor"], "sentence2": row["positive"], "score": score})
    return made


def classes(rows: list[dict]) -> list[dict]:
    """The texts and their labels."""
    return [{"text": row["text"], "label": row["label"]} for row in rows]


def inputs_of(model: SentenceTransformer, rows: list[dict]) -> tuple[list[dict], torch.Tensor]:
    names = [name for name in rows[0] if name not in ("score", "label")]
    labels = [row["score"] if "score" in row else CLASSES.index(row["label"]) if "label" in row else 0 for row in rows]
    return [model.preprocess([row[name] for row in rows]) for name in names], torch.tensor(labels)


def summary(tensor: torch.Tensor) -> list[float]:
    """The sum, the sum of magnitudes and the first numbers of a weight."""
    flat = tensor.detach().double().flatten()
    return [flat.sum().item(), flat.abs().sum().item(), *flat[:4].tolist()]


def train(model: SentenceTransformer, loss_of: torch.nn.Module, rows: list[dict], learning_rate: float) -> dict:
    """STEPS optimizer steps, as the trainer of sentence-transformers takes them."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    schedule = LambdaLR(optimizer, lambda step: (STEPS - step) / STEPS)
    found, norms = [], []
    for step in range(STEPS):
        loss = loss_of(*inputs_of(model, rows[step * BATCH : (step + 1) * BATCH]))
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, RECIPE["max_grad_norm"]).item())
        found.append(loss.item())
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    weights = {name: summary(p) for name, p in model.named_parameters() if "lora_" in name}
    count = sum(p.numel() for p in parameters if "pooler" not in name_of(model, p))
    return {"learning_rate": learning_rate, "trainable_parameters": count, "losses": found, "grad_norms": norms, "weights": weights}


def name_of(model: SentenceTransformer, wanted: torch.nn.Parameter) -> str:
    return next(name for name, p in model.named_parameters() if p is wanted)


@torch.no_grad()
def eval_loss(model: SentenceTransformer, loss_of: torch.nn.Module, rows: list[dict]) -> float:
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    return sum(loss_of(*inputs_of(model, batch)).item() * len(batch) for batch in batches) / len(rows)


def scores_of(model: SentenceTransformer, rows: list[dict]) -> dict[str, float]:
    if "score" in rows[0]:
        columns = [[row[name] for row in rows] for name in ("sentence1", "sentence2", "score")]
        found = EmbeddingSimilarityEvaluator(*columns, main_similarity="cosine", write_csv=False)(model)
        return {f"eval_{name}": found[f"{name}_cosine"] for name in ("pearson", "spearman")}
    if "label" in rows[0]:
        return retrieval_by_class(model, rows)
    texts = list(dict.fromkeys(text for row in rows for text in (row["positive"], row["negative"])))
    places = {text: f"{i:03}" for i, text in enumerate(texts)}
    queries = {query: query for query in dict.fromkeys(row["anchor"] for row in rows)}
    relevant = {query: {places[row["positive"]] for row in rows if row["anchor"] == query} for query in queries}
    evaluator = InformationRetrievalEvaluator(
        queries, {place: text for text, place in places.items()}, relevant, write_csv=False,
        accuracy_at_k=[1, 5, 10], precision_recall_at_k=[1, 5, 10],
    )  # fmt: skip
    found = evaluator(model)
    names = ["ndcg@10", "mrr@10", *(f"{name}@{k}" for name in ("recall", "accuracy") for k in (1, 5, 10))]
    return {f"eval_{name}": float(found[f"cosine_{name}"]) for name in names}


def retrieval_by_class(model: SentenceTransformer, rows: list[dict]) -> dict[str, float]:
    """Each text searched for among the others, which its own class answers."""
    found = []
    for i, row in enumerate(rows):
        others = {f"{j:03}": other for j, other in enumerate(rows) if j != i}
        relevant = {place for place, other in others.items() if other["label"] == row["label"]}
        if not relevant:
            continue
        corpus = {place: other["text"] for place, other in others.items()}
        evaluator = InformationRetrievalEvaluator({"q": row["text"]}, corpus, {"q": relevant}, write_csv=False)
        found.append(evaluator(model))
    return {f"eval_{name}": sum(float(one[f"cosine_{name}"]) for one in found) / len(found)
            for name in ("ndcg@10", "mrr@10", "recall@10", "accuracy@1")}  # fmt: skip


def make_adapter() -> Path:
    folder = OUT / "adapter"
    config = LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, target_modules=["query", "value"], task_type=TaskType.FEATURE_EXTRACTION)
    base = AutoModel.from_pretrained(BASE, dtype=torch.float32)
    base.name_or_path = base.config._name_or_path = "bert-bare"
    model = get_peft_model(base, config)
    randomize(model, seed="embeddings/adapter", trainable_only=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    return folder


def cases(rows: dict[str, list[dict]]) -> dict[str, tuple]:
    """By name: kind of rows, the loss, its recipe keys."""
    ranking = losses.MultipleNegativesRankingLoss
    return {
        "ranking": (rows["ranked"], ranking, {}),
        "matryoshka": (rows["ranked"], lambda model: losses.MatryoshkaLoss(model, ranking(model), DIMS), {"matryoshka_dims": DIMS}),
        "triplets": (rows["classes"], losses.BatchAllTripletLoss, {}),
        "triplets-matryoshka": (rows["classes"], lambda model: losses.MatryoshkaLoss(model, losses.BatchAllTripletLoss(model), DIMS),
                                {"matryoshka_dims": DIMS}),  # fmt: skip
        "similarity": (rows["scored"], losses.CosineSimilarityLoss, {}),
    }


def main() -> None:
    OUT.mkdir(exist_ok=True)
    adapter = make_adapter()
    splits = {split: read_rows(split) for split in ("train", "test")}
    rows = {kind.__name__: {split: kind(found) for split, found in splits.items()} for kind in (ranked, scored, classes)}
    texts = [row["text"] for row in splits["test"][:6]]
    vectors = {name: model_of(*settings).encode(texts).tolist() for name, settings in POOLINGS.items()}
    found = {}
    for name, (own, loss, keys) in cases(rows).items():
        for method in ("full", "lora"):
            model = model_of()
            if method == "lora":
                model.requires_grad_(False)
                model.load_adapter(str(adapter), is_trainable=True)
            trained = train(model, loss(model), own["train"], 5e-3 if method == "lora" else 5e-4)
            scores = {"eval_loss": eval_loss(model, loss(model), own["test"]), **scores_of(model, own["test"])}
            kind = next(kind for kind, made in rows.items() if made is own)
            found[f"{name}-{method}"] = {"adapter": "../embeddings/adapter" if method == "lora" else None, "method": method,
                                         "rows": kind, "keys": keys, **trained, **scores}  # fmt: skip
            print(name, method, trained["losses"], scores)
    content = {"rows": rows, "texts": texts, "embeddings": vectors, "runs": found}
    (OUT / "expected.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
