"""Makes test/parity/fixtures/generation/smollm2.json: what transformers generates greedily with SmolLM2-135M-Instruct.

Usage: python make_generation_fixture.py SmolLM2-135M-Instruct.Q4_1.gguf
Made with torch 2.15.0, transformers 5.23.0, float32, CPU.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = [
    "This Agreement shall be governed by",
    "Either party may terminate this Agreement",
    "The Licensee shall not, without prior written consent,",
    "Confidential Information means",
    "1. Definitions.",
    "The capital of France is",
    "To make bread, you need",
    "def fibonacci(n):",
    "Dear Sir or Madam,",
    "Once upon a time, in a small village,",
]
NEW_TOKENS = 64

path = Path(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
cases = []
for prompt in PROMPTS:
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    with torch.no_grad():
        out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW_TOKENS, do_sample=False)
    cases.append({"prompt": prompt, "ids": ids[0].tolist(), "generated": out[0, ids.shape[1] :].tolist()})
versions = {"torch": torch.__version__, "transformers": transformers.__version__}
target = Path(__file__).parent / "fixtures" / "generation" / "smollm2.json"
target.write_text(json.dumps({"versions": versions, "model": path.name, "new_tokens": NEW_TOKENS, "cases": cases}) + "\n")
