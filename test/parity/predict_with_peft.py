"""Classifies texts with PEFT and transformers, by an adapter that this library wrote.

Reads {base, adapter, texts} from stdin, writes the probabilities of each text, by id of the class, to stdout.
Tried with torch 2.15.0, transformers 5.23.0, peft 0.21.2.
"""

import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging


@torch.no_grad()
def main(base: str, adapter: str, texts: list[str]) -> list[list[float]]:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForSequenceClassification.from_pretrained(base, attn_implementation="eager")
    model = PeftModel.from_pretrained(model, adapter).eval()
    return [model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0].tolist() for text in texts]


if __name__ == "__main__":
    json.dump(main(**json.load(sys.stdin)), sys.stdout)
