"""Embeds texts with what this library wrote; see sentence-transformers-loads-ours.test.ts.

Reads a JSON list of {folder, texts} from stdin, writes a list of {embeddings, maxLength, prompts} to stdout.
Tried with torch 2.15.0, transformers 5.23.0, peft 0.21.2, sentence-transformers 6.2.0.
"""

import json
import sys

import torch
from sentence_transformers import SentenceTransformer
from transformers.utils import logging

logging.disable_progress_bar()


def report(folder: str, texts: list[str]) -> dict:
    model = SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": torch.float32})
    embeddings = model.encode(texts, show_progress_bar=False).tolist()
    return {"embeddings": embeddings, "maxLength": model.max_seq_length, "prompts": model.prompts}


reports = [report(**case) for case in json.load(sys.stdin)]
print()
print(json.dumps(reports))
