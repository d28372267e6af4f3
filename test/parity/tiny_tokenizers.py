"""The tiny tokenizers: each family's own model, template and padding, over a few hundred tokens."""

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import DebertaV2Tokenizer, PreTrainedTokenizerFast

from corpus import ENDINGS, SUFFIXES, WORDS


def wordpiece() -> PreTrainedTokenizerFast:
    """BERT's, DistilBERT's and Electra's tokenizer: lower case, [CLS] text [SEP], pad id 0."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocab = {token: i for i, token in enumerate([*special, *WORDS, *SUFFIXES])}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = template("[CLS]", "[SEP]", tokenizer)
    return wrap(tokenizer, pad="[PAD]", unk="[UNK]", cls="[CLS]", sep="[SEP]", mask="[MASK]")


def byte_bpe(special: list[str], add_prefix_space: bool, size: int = 260) -> Tokenizer:
    """A byte-level BPE of `size` tokens, learned from the rows' words."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    endings = [[base + ending for base in WORDS if base.isalpha()] for ending in ENDINGS]
    lines = [" ".join(WORDS), " ".join(WORDS).title(), *(" ".join(row) for row in endings)]
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def roberta_bpe() -> PreTrainedTokenizerFast:
    """RoBERTa's: byte-level BPE with a prefix space, <s> text </s>, pad id 1."""
    tokenizer = byte_bpe(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], add_prefix_space=True)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, True)
    return wrap(tokenizer, pad="<pad>", unk="<unk>", cls="<s>", sep="</s>", mask="<mask>", bos="<s>", eos="</s>")


def modernbert_bpe() -> PreTrainedTokenizerFast:
    """ModernBERT's: byte-level BPE without a prefix space, NFC, [CLS] text [SEP], pad id last but one."""
    tokenizer = byte_bpe(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"], add_prefix_space=False)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = template("[CLS]", "[SEP]", tokenizer)
    return wrap(tokenizer, pad="[PAD]", unk="[UNK]", cls="[CLS]", sep="[SEP]", mask="[MASK]")


def llama_bpe() -> PreTrainedTokenizerFast:
    """As Llama 3's: byte-level BPE, <s> before the text and nothing behind it; a padding token of its own."""
    tokenizer = byte_bpe(["<unk>", "<s>", "</s>", "<pad>"], add_prefix_space=False, size=180)
    tokenizer.post_processor = template("<s>", None, tokenizer)
    return wrap(tokenizer, pad="<pad>", unk="<unk>", bos="<s>", eos="</s>")


def gpt2_bpe() -> PreTrainedTokenizerFast:
    """GPT-2's: byte-level BPE without a template, one special token for all ends; texts are padded with it, too."""
    tokenizer = byte_bpe(["<|endoftext|>"], add_prefix_space=False, size=180)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    end = "<|endoftext|>"
    return wrap(tokenizer, pad=end, unk=end, bos=end, eos=end)


def xlm_roberta_unigram() -> PreTrainedTokenizerFast:
    """XLM-RoBERTa's: a Unigram over words and letters, `▁` for a space, <s> text </s>, pad id 1."""
    special = [(token, 0.0) for token in ("<s>", "<pad>", "</s>", "<unk>")]
    words = [(f"▁{piece}", -3.0 - 0.02 * i) for i, piece in enumerate(WORDS)]
    letters = [(letter, -9.0 - 0.01 * i) for i, letter in enumerate("▁abcdefghijklmnopqrstuvwxyz")]
    endings = [(ending, -5.0 - 0.1 * i) for i, ending in enumerate(ENDINGS) if len(ending) > 1]
    tokenizer = Tokenizer(models.Unigram([*special, *words, *endings, *letters, ("<mask>", 0.0)], unk_id=3))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = template("<s>", "</s>", tokenizer)
    return wrap(tokenizer, pad="<pad>", unk="<unk>", cls="<s>", sep="</s>", mask="<mask>", bos="<s>", eos="</s>")


def deberta_unigram() -> DebertaV2Tokenizer:
    """DeBERTa v3's: a Unigram with upper case, `▁` for a space, [CLS] text [SEP], pad id 0."""
    special = [(token, 0.0) for token in ("[PAD]", "[CLS]", "[SEP]", "[UNK]")]
    words = [(f"▁{piece}", -3.0 - 0.02 * i) for i, piece in enumerate(WORDS)]
    letters = "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    pieces = [(letter, -9.0 - 0.01 * i) for i, letter in enumerate(letters)]
    endings = [(ending, -5.0 - 0.1 * i) for i, ending in enumerate(ENDINGS) if len(ending) > 1]
    vocab = [*special, *words, *endings, *pieces, ("[MASK]", 0.0)]
    return DebertaV2Tokenizer(vocab=vocab, model_max_length=80)


def template(first: str, last: str | None, tokenizer: Tokenizer) -> processors.TemplateProcessing:
    ids = [(token, tokenizer.token_to_id(token)) for token in (first, last) if token]
    end, end_of_pair = (f" {last}", f" {last}:1") if last else ("", "")
    return processors.TemplateProcessing(
        single=f"{first} $A{end}", pair=f"{first} $A{end} $B:1{end_of_pair}", special_tokens=ids
    )


def wrap(tokenizer: Tokenizer, **special: str) -> PreTrainedTokenizerFast:
    """The tokenizer as transformers saves it: tokenizer.json and tokenizer_config.json."""
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in dict.fromkeys(special.values())])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=80, **{f"{name}_token": token for name, token in special.items()}
    )
