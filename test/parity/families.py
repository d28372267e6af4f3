"""The tiny checkpoints: one configuration a family, weights large enough that every mistake shows."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
    XLMRobertaConfig,
)

import corpus
import tiny_tokenizers
from weights import randomize

UNLABELLED = (AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM)
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
SIZES = {"hidden_size": 32, "intermediate_size": 48, "max_position_embeddings": 80}


@dataclass(frozen=True)
class Family:
    """One tiny checkpoint: its configuration, tokenizer, and the LoRA targets that `lora` means there."""

    config: type[PreTrainedConfig]
    options: dict
    tokenizer: Callable[[], PreTrainedTokenizerFast]
    targets: tuple[str, ...] = ("query", "value")
    all_linear: str | tuple[str, ...] = "all-linear"
    labels: tuple[str, ...] | None = None
    """The checkpoint's own label names, in its own order; None: LABEL_0 … LABEL_4."""
    spelling: dict | None = None
    """Where config.json is as transformers 4 wrote it: the keys in which that differs."""


MODERNBERT = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 2, "max_position_embeddings": 80,
              "local_attention": 8, "bos_token_id": 1, "eos_token_id": 2}  # fmt: skip
FAMILIES: dict[str, Family] = {
    "bert": Family(
        BertConfig,
        {**SIZES, **NO_DROPOUT, "num_hidden_layers": 3, "num_attention_heads": 4, "hidden_act": "gelu",
         "layer_norm_eps": 1e-3, "type_vocab_size": 2},
        tiny_tokenizers.wordpiece,
        labels=("termination", "payment", "governing law", "liability", "confidentiality"),
    ),
    "roberta": Family(
        RobertaConfig,
        {**SIZES, **NO_DROPOUT, "max_position_embeddings": 82, "num_hidden_layers": 2, "num_attention_heads": 4,
         "hidden_act": "gelu_new", "layer_norm_eps": 5e-3, "type_vocab_size": 1},
        tiny_tokenizers.roberta_bpe,
    ),
    "xlm-roberta": Family(
        XLMRobertaConfig,
        {**SIZES, **NO_DROPOUT, "max_position_embeddings": 82, "num_hidden_layers": 2, "num_attention_heads": 2,
         "hidden_act": "silu", "layer_norm_eps": 1e-2, "type_vocab_size": 1},
        tiny_tokenizers.xlm_roberta_unigram,
        labels=tuple(sorted(corpus.TOPICS)),
    ),
    "distilbert": Family(
        DistilBertConfig,
        {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 4, "max_position_embeddings": 80, "activation": "relu",
         "dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0, "sinusoidal_pos_embds": False},
        tiny_tokenizers.wordpiece,
        targets=("q_lin", "v_lin"),
        all_linear=("q_lin", "k_lin", "v_lin", "out_lin", "lin1", "lin2"),  # PEFT raises on "all-linear" here
    ),
    "electra": Family(
        ElectraConfig,
        {**SIZES, **NO_DROPOUT, "embedding_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
         "hidden_act": "gelu_new", "layer_norm_eps": 2e-3, "type_vocab_size": 2},
        tiny_tokenizers.wordpiece,
    ),
    "deberta-v2": Family(
        DebertaV2Config,
        {**SIZES, **NO_DROPOUT, "embedding_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
         "hidden_act": "gelu", "layer_norm_eps": 1e-3, "type_vocab_size": 0, "position_biased_input": False,
         "relative_attention": True, "pos_att_type": "p2c|c2p", "position_buckets": 8, "max_relative_positions": -1,
         "share_att_key": True, "norm_rel_ebd": "layer_norm"},
        tiny_tokenizers.deberta_unigram,
        targets=("query_proj", "value_proj"),
    ),
    "deberta-v2-unshared": Family(
        DebertaV2Config,
        {**SIZES, **NO_DROPOUT, "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_act": "gelu_new",
         "layer_norm_eps": 5e-3, "type_vocab_size": 2, "position_biased_input": True, "relative_attention": True,
         "pos_att_type": ["c2p", "p2c"], "max_relative_positions": 6, "share_att_key": False,
         "pooler_hidden_act": "tanh", "legacy": False},
        tiny_tokenizers.deberta_unigram,
        targets=("query_proj", "value_proj"),
    ),
    "modernbert": Family(
        ModernBertConfig,
        {**MODERNBERT, "num_hidden_layers": 4, "global_attn_every_n_layers": 3, "classifier_pooling": "cls",
         "global_rope_theta": 400.0, "local_rope_theta": 30.0, "norm_eps": 1e-3},
        tiny_tokenizers.modernbert_bpe,
        targets=("Wqkv",),
    ),
    "modernbert-mean": Family(
        ModernBertConfig,
        {**MODERNBERT, "num_hidden_layers": 3, "global_attn_every_n_layers": 2, "classifier_pooling": "mean",
         "global_rope_theta": 900.0, "local_rope_theta": 50.0, "norm_eps": 1e-2, "norm_bias": True,
         "attention_bias": True, "mlp_bias": True, "classifier_bias": True, "hidden_activation": "silu",
         "classifier_activation": "relu"},
        tiny_tokenizers.modernbert_bpe,
        targets=("Wqkv",),
        spelling={"global_attn_every_n_layers": 2, "global_rope_theta": 900.0, "local_rope_theta": 50.0},
    ),
}  # fmt: skip


def make_checkpoint(
    family: str, folder: Path, head: type = AutoModelForSequenceClassification, families: dict[str, Family] = FAMILIES
) -> None:
    """Config, seeded weights and tokenizer of `family`, as save_pretrained writes them."""
    spec = families[family]
    tokenizer = spec.tokenizer()
    labels = corpus.TAGS if head is AutoModelForTokenClassification else spec.labels
    config = spec.config(
        vocab_size=len(tokenizer),
        **spec.options,
        **special_ids(tokenizer),
        **({"num_labels": 5} if labels is None else label_maps(labels)),
    )
    model = head.from_config(config)
    randomize(model, seed=family)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "model.safetensors").chmod(0o644)
    if spec.spelling is not None:
        write_old_spelling(folder, spec.spelling)
    if head in UNLABELLED:
        drop_keys(folder / "config.json", "id2label", "label2id")


def label_maps(labels: tuple[str, ...] | list[str]) -> dict:
    return {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}


def special_ids(tokenizer: PreTrainedTokenizerFast) -> dict[str, int]:
    names = ("pad", "bos", "eos", "cls", "sep")
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in names}
    return {name: value for name, value in ids.items() if value is not None}


def write_old_spelling(folder: Path, keys: dict) -> None:
    """Rewrites the configs as transformers 4 spelled them, as published checkpoints still do."""
    drop_keys(folder / "config.json", "rope_parameters", "layer_types", "dtype", "transformers_version")
    update(folder / "config.json", {**keys, "torch_dtype": "float32"})
    drop_keys(folder / "tokenizer_config.json", "backend")
    update(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast"})


def update(path: Path, values: dict) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values, indent=2, sort_keys=True) + "\n")


def drop_keys(path: Path, *keys: str) -> None:
    config = {key: value for key, value in json.loads(path.read_text()).items() if key not in keys}
    path.write_text(json.dumps(config, indent=2) + "\n")
