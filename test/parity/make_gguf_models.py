"""Makes tiny decoders of the kinds that llama.cpp knows, with tokenizers, and LoRA adapters for them.

Reads a JSON list of one folder from stdin, writes the list of models to stdout; see exported-gguf.test.ts.
Tried with torch 2.15.0, transformers 5.23.0, peft 0.21.2.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    Olmo2Config,
    Phi3Config,
    Qwen2Config,
    Qwen3Config,
    SmolLM3Config,
)
from transformers.utils import logging

import tiny_tokenizers
from families import special_ids
from weights import randomize

SIZES = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 80, "rms_norm_eps": 1e-3}  # fmt: skip
ROPE = {"rope_parameters": {"rope_type": "default", "rope_theta": 50.0}}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 90.0, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 40}  # fmt: skip
LONGROPE = {"rope_theta": 50.0, "rope_type": "longrope", "short_factor": [1.0 + 0.1 * i for i in range(8)],
            "long_factor": [1.0 + i for i in range(8)], "original_max_position_embeddings": 80}  # fmt: skip
GEMMA = {"head_dim": 12, "query_pre_attn_scalar": 12, "sliding_window": 5}
GLOBAL = ["sliding_attention"] * 5 + ["full_attention"]
MODELS = {
    "llama": (LlamaConfig, {**SIZES, **ROPE}, "llama_bpe", ["q_proj", "k_proj", "down_proj", "lm_head"]),
    "llama3": (LlamaConfig, {**SIZES, "rope_parameters": LLAMA3, "tie_word_embeddings": True}, "gpt2_bpe", ["k_proj"]),
    "mistral": (MistralConfig, {**SIZES, **ROPE, "sliding_window": 60}, "llama_bpe", ["q_proj", "v_proj"]),
    "qwen2": (Qwen2Config, {**SIZES, **ROPE}, "gpt2_bpe", ["q_proj", "up_proj"]),
    "qwen3": (Qwen3Config, {**SIZES, **ROPE, "head_dim": 12}, "gpt2_bpe", ["o_proj"]),
    "smollm3": (SmolLM3Config, {**SIZES, **ROPE, "num_hidden_layers": 4, "no_rope_layers": [1, 1, 1, 0]}, "gpt2_bpe",
                ["q_proj", "k_proj"]),
    "olmo2": (Olmo2Config, {**SIZES, **ROPE}, "gpt2_bpe", ["q_proj"]),
    "phi3": (Phi3Config, {**SIZES, "rope_parameters": LONGROPE, "sliding_window": 70,
                          "max_position_embeddings": 160, "pad_token_id": 0}, "gpt2_bpe", ["qkv_proj"]),
    "gemma2": (Gemma2Config, {**SIZES, **GEMMA, "attn_logit_softcapping": 3.0, "final_logit_softcapping": 5.0},
               "llama_bpe", ["q_proj"]),
    "gemma3": (Gemma3TextConfig, {**SIZES, **GEMMA, "num_hidden_layers": 7, "layer_types": [*GLOBAL, GLOBAL[0]]},
               "gpt2_bpe", ["q_proj"]),
    "gpt2": (GPT2Config, {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 80, "layer_norm_epsilon": 1e-3,
                          "n_ctx": 80}, "gpt2_bpe", ["c_attn", "c_fc"]),
    "gpt_neox": (GPTNeoXConfig, {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
                                 "num_attention_heads": 4, "max_position_embeddings": 80, "layer_norm_eps": 1e-3,
                                 **{"rope_parameters": {**ROPE["rope_parameters"], "partial_rotary_factor": 0.5}}}, "gpt2_bpe", ["query_key_value"]),
}  # fmt: skip


def make(folder: Path, name: str) -> None:
    """The checkpoint, and an adapter beside it."""
    config_class, options, tokenizer_name, targets = MODELS[name]
    tokenizer = getattr(tiny_tokenizers, tokenizer_name)()
    size = len(tokenizer) + (0 if name == "gemma3" else 3)  # padded, as many are; Gemma's are cut by the converter
    config = config_class(**{**special_ids(tokenizer), "vocab_size": size, **options})
    model = AutoModelForCausalLM.from_config(config)
    randomize(model, seed=name)
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    model.save_pretrained(folder / name)
    tokenizer.save_pretrained(folder / name)
    peft = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=3, lora_alpha=7, target_modules=targets))
    randomize(peft, seed=name, trainable_only=True)
    peft.save_pretrained(folder / f"{name}-lora")


def main() -> None:
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    [folder] = json.load(sys.stdin)
    for name in MODELS:
        make(Path(folder), name)
    json.dump(list(MODELS), sys.stdout)


if __name__ == "__main__":
    main()
