"""Writes fixtures/gguf/smollm2.json: SmolLM2-135M-Instruct.Q4_1.gguf as transformers reads it.

    LOWRANK_MODELS=… LOWRANK_DATA=… python test/parity/make_smollm2_fixture.py

Needs torch, transformers and gguf, the model (`smollm2/`) and the texts (`cuad-clauses-19/`, `contracts/`). Stored are
the config, the digest of every tensor, and of 1,000 texts the ids of each as a digest, a few of them in full.
"""

import gzip
import hashlib
import json
import os
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

OUT = Path(__file__).parent / "fixtures" / "gguf"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
KEPT = (
    "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads hidden_act "
    "max_position_embeddings rms_norm_eps pad_token_id bos_token_id eos_token_id tie_word_embeddings rope_parameters "
    "attention_bias mlp_bias head_dim model_type"
).split()
OWN = [
    "<|im_start|>user\nWhat is due on 12/31/2024?<|im_end|>\n<|im_start|>assistant\n",
    "It's 1,234.50 EUR; they'll pay  it.\n\n\tZürich ½ 한국어 😀 <jupyter_text> <|endoftext|>",
    "",
]


def rows(path, count):
    with gzip.open(path, "rt") as file:
        return [json.loads(line)["text"] for line, _ in zip(file, range(count))]


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def main():
    models, data = Path(os.environ["LOWRANK_MODELS"]), Path(os.environ["LOWRANK_DATA"])
    folder = models / "smollm2"
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=FILE, dtype="float32")
    tensors = {
        name: {"shape": list(tensor.shape), "digest": digest(np.ascontiguousarray(tensor.numpy()).tobytes())}
        for name, tensor in model.state_dict().items()
    }
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=FILE)
    # transformers leaves out what `tokenizer.ggml.pre` says: SmolLM's tokenizer cuts out every digit
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(False)])
    clauses = rows(data / "cuad-clauses-19" / "train.jsonl.gz", 800)
    contracts = [text[:4000] for text in rows(data / "contracts" / "train.jsonl.gz", 200)]
    texts = [*clauses, *contracts]
    own = [{"text": text, "ids": tokenizer(text)["input_ids"]} for text in OWN]
    ids = [digest(np.asarray(tokenizer(text)["input_ids"], np.int32).tobytes())[:8] for text in texts]
    made_by = {name: version(name) for name in ("gguf", "transformers", "tokenizers", "torch")}
    config = {key: value for key, value in model.config.to_dict().items() if key in KEPT}
    everything = {
        "madeBy": made_by,
        "config": config,
        "tensors": tensors,
        "own": own,
        "texts": digest("\0".join(texts).encode()),
        "ids": ids,
        "template": tokenizer.chat_template,
    }
    OUT.joinpath("smollm2.json").write_text(json.dumps(everything) + "\n")


if __name__ == "__main__":
    main()
