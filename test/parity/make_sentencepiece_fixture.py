"""Makes fixtures/sentencepiece: a folder as published checkpoints of DeBERTa v3 are, with spm.model and no tokenizer.json, and
the ids that transformers gives for some texts.

Usage: python make_sentencepiece_fixture.py      (sentencepiece 0.2.3, transformers 5.23.0)
"""

import json
import shutil
from pathlib import Path

import sentencepiece
import transformers
from transformers import AutoTokenizer

from corpus import ENDINGS, WORDS, read_rows
from expected_file import write_json

FOLDER = Path(__file__).parent / "fixtures" / "sentencepiece"
SETTINGS = {
    "plain": {"do_lower_case": False, "vocab_type": "spm"},
    "lower": {"do_lower_case": True, "split_by_punct": True, "vocab_type": "spm"},
}
TEXTS = [
    "The party shall pay the fee within days.",
    "  Two  spaces,\ttabs\nand lines \r\n at the end \n ",
    "no-space/between: (these) words; naïve Zürich e\u0301te ﬁne",
    "a\u00a0hard space, …, ½ and 한국어 with 👩‍👩‍👧 unknown",
    "[CLS] inside [MASK] and [SEP] <term> ▁ mark",
    "",
    " ",
]


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    rules = FOLDER / "rules.tsv"
    rules.write_text("2026\t2E 2E 2E\nA0\t20\nFB01\t66 69\n")  # as NFKC would, which transformers leaves out
    lines = [row["text"] for row in read_rows("train")] + [" ".join(w + e for w in WORDS if w.isalpha()) for e in ENDINGS]
    lines += [f"Zürich naïve élan {word.title()}; ({word}): {word}/{word}-{word}." for word in WORDS]
    (FOLDER / "lines.txt").write_text("\n".join(lines))
    sentencepiece.SentencePieceTrainer.train(
        input=str(FOLDER / "lines.txt"), model_prefix=str(FOLDER / "spm"), vocab_size=200, model_type="unigram",
        normalization_rule_tsv=str(rules), pad_id=0, pad_piece="[PAD]", bos_id=1, bos_piece="[CLS]", eos_id=2,
        eos_piece="[SEP]", unk_id=3, unk_piece="[UNK]", user_defined_symbols=["<term>"], minloglevel=2, num_threads=1,
    )  # fmt: skip
    for name in ("rules.tsv", "lines.txt", "spm.vocab"):
        (FOLDER / name).unlink()
    (FOLDER / "config.json").write_text(json.dumps({"model_type": "deberta-v2"}) + "\n")
    expected = {"versions": {"sentencepiece": sentencepiece.__version__, "transformers": transformers.__version__}}
    for name, settings in SETTINGS.items():
        (FOLDER / "tokenizer_config.json").write_text(json.dumps(settings) + "\n")
        tokenizer = AutoTokenizer.from_pretrained(FOLDER)
        expected[name] = {
            "config": settings,
            "definition": without_vocab(json.loads(tokenizer._tokenizer.to_str())),
            "size": len(tokenizer),
            "texts": [[text, tokenizer(text)["input_ids"]] for text in TEXTS],
        }
    (FOLDER / "tokenizer_config.json").write_text(json.dumps(SETTINGS["plain"]) + "\n")
    write_json(FOLDER / "expected.json", expected)


def without_vocab(definition: dict) -> dict:
    """The vocabulary is the model's own: its first and last entries show the scores."""
    vocab = definition["model"]["vocab"]
    return definition | {"model": definition["model"] | {"vocab": [*vocab[:6], *vocab[-2:]]}}


if __name__ == "__main__":
    main()
