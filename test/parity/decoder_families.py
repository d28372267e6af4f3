"""The tiny decoders: one configuration a family, and what else their config.json may say."""

from transformers import (
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

import tiny_tokenizers
from families import Family

SIZES = {"hidden_size": 32, "intermediate_size": 44, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 80, "rms_norm_eps": 1e-3}  # fmt: skip
QUERY_VALUE = ("q_proj", "v_proj")


def rope(theta: float, **options) -> dict:
    return {"rope_parameters": {"rope_type": "default", "rope_theta": theta, **options}}


GEMMA = {"head_dim": 12, "query_pre_attn_scalar": 20, "sliding_window": 5}
DECODERS: dict[str, Family] = {
    "llama": Family(
        LlamaConfig,
        {**SIZES, **rope(50.0), "head_dim": 12, "attention_bias": True, "mlp_bias": True},
        tiny_tokenizers.llama_bpe,
        QUERY_VALUE,
    ),
    "mistral": Family(
        MistralConfig,
        {**SIZES, **rope(70.0), "sliding_window": 5, "hidden_act": "gelu"},
        tiny_tokenizers.llama_bpe,
        QUERY_VALUE,
        spelling={"rope_theta": 70.0},
    ),
    "qwen2": Family(
        Qwen2Config,
        {**SIZES, **rope(90.0), "num_hidden_layers": 3, "use_sliding_window": True, "sliding_window": 6,
         "max_window_layers": 1, "tie_word_embeddings": True},
        tiny_tokenizers.gpt2_bpe,
        QUERY_VALUE,
        spelling={"rope_theta": 90.0},
    ),
    "qwen3": Family(
        Qwen3Config,
        {**SIZES, **rope(60.0), "head_dim": 12, "attention_bias": True, "use_sliding_window": True,
         "sliding_window": 4, "layer_types": ["full_attention", "sliding_attention"]},
        tiny_tokenizers.gpt2_bpe,
        QUERY_VALUE,
    ),
    "smollm3": Family(
        SmolLM3Config,
        {**SIZES, **rope(40.0), "num_hidden_layers": 3, "no_rope_layers": [1, 0, 1], "use_sliding_window": True,
         "sliding_window": 5, "mlp_bias": True},
        tiny_tokenizers.llama_bpe,
        QUERY_VALUE,
    ),
    "olmo2": Family(
        Olmo2Config, {**SIZES, **rope(80.0), "attention_bias": True}, tiny_tokenizers.gpt2_bpe, QUERY_VALUE
    ),
    "gpt2": Family(
        GPT2Config,
        {"n_embd": 32, "n_inner": 44, "n_layer": 2, "n_head": 4, "n_positions": 80, "layer_norm_epsilon": 1e-3,
         "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "classifier_dropout": 0.0},
        tiny_tokenizers.gpt2_bpe,
        ("c_attn",),
    ),
    "gpt_neox": Family(
        GPTNeoXConfig,
        {"hidden_size": 32, "intermediate_size": 44, "num_hidden_layers": 2, "num_attention_heads": 4,
         "max_position_embeddings": 80, "layer_norm_eps": 1e-3, "classifier_dropout": 0.0,
         **rope(50.0, partial_rotary_factor=0.5)},
        tiny_tokenizers.gpt2_bpe,
        ("query_key_value",),
        spelling={"rotary_pct": 0.5, "rotary_emb_base": 50.0},
    ),
    "gemma2": Family(
        Gemma2Config,
        {**SIZES, **GEMMA, **rope(50.0), "attn_logit_softcapping": 3.0, "final_logit_softcapping": 5.0},
        tiny_tokenizers.llama_bpe,
        QUERY_VALUE,
        spelling={"rope_theta": 50.0},
    ),
    "gemma3_text": Family(
        Gemma3TextConfig,
        {**SIZES, **GEMMA, "num_hidden_layers": 3, "layer_types": ["sliding_attention"] * 2 + ["full_attention"],
         "rope_parameters": {"sliding_attention": {"rope_type": "default", "rope_theta": 20.0},
                             "full_attention": {"rope_type": "linear", "rope_theta": 90.0, "factor": 4.0}}},
        tiny_tokenizers.llama_bpe,
        QUERY_VALUE,
        spelling={"rope_theta": 90.0, "rope_local_base_freq": 20.0, "sliding_window_pattern": 3,
                  "rope_scaling": {"rope_type": "linear", "factor": 4.0}},
    ),
    "phi3": Family(
        Phi3Config,
        {**SIZES, **rope(50.0, partial_rotary_factor=0.75), "sliding_window": 7},
        tiny_tokenizers.llama_bpe,
        ("qkv_proj",),
        spelling={"rope_theta": 50.0, "partial_rotary_factor": 0.75, "rope_scaling": None},
    ),
}  # fmt: skip

YARN = {"rope_theta": 50.0, "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 4}
LONGROPE = {"rope_theta": 50.0, "partial_rotary_factor": 0.75, "rope_type": "longrope",
            "short_factor": [1.0, 1.3, 2.1], "long_factor": [1.0, 3.0, 9.0]}  # fmt: skip
EXTENDED = {"max_position_embeddings": 300, "original_max_position_embeddings": 78}
VARIANTS: dict[str, dict[str, dict]] = {
    "llama": {
        "tied": {"tie_word_embeddings": True},
        "no biases": {"attention_bias": False, "mlp_bias": False},
        "linear": rope(50.0, rope_type="linear", factor=3.0),
        "linear, as transformers 4 spelled it": {
            "rope_parameters": None, "rope_theta": 50.0, "rope_scaling": {"type": "linear", "factor": 3.0}
        },
        "llama3": rope(50.0, rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                       original_max_position_embeddings=40),
        "yarn": {"rope_parameters": YARN},
        "yarn with mscale, not truncated": {
            "rope_parameters": {**YARN, "mscale": 0.7, "mscale_all_dim": 1.2, "truncate": False}
        },
    },
    "mistral": {"no window": {"sliding_window": None}},
    "qwen2": {"no window": {"use_sliding_window": False}},
    "smollm3": {
        "every other layer without positions": {"no_rope_layers": None, "no_rope_layer_interval": 2,
                                                "layer_types": None, "use_sliding_window": False},
    },
    "gpt2": {"other scales": {"scale_attn_weights": False, "scale_attn_by_inverse_layer_idx": True}},
    "gpt_neox": {
        "one after the other": {"use_parallel_residual": False},
        "tied, no biases": {"tie_word_embeddings": True, "attention_bias": False},
        "as transformers 5 spells it": rope(50.0, partial_rotary_factor=0.5),
    },
    "gemma2": {"no caps": {"attn_logit_softcapping": None, "final_logit_softcapping": None}},
    "gemma3_text": {
        "as transformers 5 spells it": {
            "rope_theta": None, "rope_scaling": None, "layer_types": ["full_attention", *["sliding_attention"] * 2],
            "rope_parameters": DECODERS["gemma3_text"].options["rope_parameters"],
        },
    },
    "phi3": {
        "longrope": {**EXTENDED, "rope_parameters": LONGROPE, "sliding_window": None},
        "longrope, past the first length": {
            **EXTENDED, "original_max_position_embeddings": 20,
            "rope_parameters": {**LONGROPE, "original_max_position_embeddings": 20}, "sliding_window": None,
        },
        "longrope, as transformers 4 spelled it": {
            **EXTENDED,
            "rope_scaling": {"type": "longrope", "short_factor": [1.0, 1.3, 2.1], "long_factor": [1.0, 3.0, 9.0]},
        },
    },
}  # fmt: skip
"""By family: what config.json says instead, on the same weights."""
