"""Reads `[{"folder", "texts"}, …]` from stdin; writes the ids that AutoTokenizer of each folder finds, as JSON."""

import json
import sys

from transformers import AutoTokenizer

found = []
for case in json.load(sys.stdin):
    tokenizer = AutoTokenizer.from_pretrained(case["folder"])
    chat = tokenizer.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False)
    found.append({"ids": [tokenizer(text)["input_ids"] for text in case["texts"]], "chat": chat})
print(f"\n{json.dumps(found)}")
