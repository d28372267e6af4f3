"""Writes what transformers takes for keys that a config.json leaves out: fixtures/config-defaults.json.

python test/parity/make_config_defaults.py
"""

import json
from pathlib import Path

import transformers
from transformers import AutoConfig

TYPES = "bert deberta-v2 distilbert electra gemma2 gemma3_text gpt_neox gpt2 llama mistral modernbert olmo2 phi3 qwen2 qwen3 roberta smollm3 xlm-roberta".split()
found = {"transformers": transformers.__version__, "defaults": {}}
for model_type in TYPES:
    config = AutoConfig.for_model(model_type)
    found["defaults"][model_type] = json.loads(config.to_json_string(use_diff=False))
path = Path(__file__).parent / "fixtures" / "config-defaults.json"
path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
