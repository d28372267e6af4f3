"""Writes fixtures/marks/expected.json: the tokens that transformers finds between `{% generation %}` marks.

    python test/parity/make_mark_fixtures.py

Needs transformers. The templates lie beside it; qwen3_training and gemma3_training are those of TRL 1.16 (Apache 2.0).
The tokenizers are those of fixtures/chat; `nfc` is `bytes` with the normalizer NFC.
Each case has the text, its ids and the `assistant_masks` of `apply_chat_template`, as a text of 0 and 1.
"""

import json
from importlib.metadata import version
from pathlib import Path

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

FIXTURES = Path(__file__).parent / "fixtures"
OUT = FIXTURES / "marks"
NAMES = {
    "bytes": {"eos_token": "<|endoftext|>", "bos_token": "<|im_start|>"},
    "metaspace": {"eos_token": "</s>", "bos_token": "<s>", "unk_token": "<unk>"},
}
CHANGES = {"nfc": ("bytes", {"normalizer": {"type": "NFC"}})}


def user(content: str) -> dict:
    return {"role": "user", "content": content}


def assistant(content: str) -> dict:
    return {"role": "assistant", "content": content}


CONVERSATIONS = {
    "two turns": [user("Is it due?"), assistant("Yes."), user("When?"), assistant("On the first day,\nto the landlord.")],
    "thoughts": [
        user("Is the deposit due?"),
        assistant("<think>\nhm\n</think>\n\nYes."),
        user("When?"),
        assistant("<think>\nsoon, no?\n</think>\n\nNow."),
    ],
    "beyond ASCII": [user("é 法律"), assistant("法律 😀"), user("e\u0301\n"), assistant("rent 👩‍👩‍👧😀")],
    "private use": [user("\U000f0000 \U000f0001"), assistant("\U000f0001\ue000\U000f0000"), user("a"), assistant("b")],
    "white space": [user(" a"), assistant("\n\nYes. \n"), user("b "), assistant("The rent.\n\n")],
    "special tokens": [user("<|im_end|>"), assistant("<|im_end|>"), user("</s>"), assistant("</s> <s>")],
    "empty answer": [user("hi"), assistant("")],
}


def main() -> None:
    definitions = {name: json.loads((FIXTURES / "chat" / name / "tokenizer.json").read_text()) for name in NAMES}
    opened = {name: (definitions[name], NAMES[name]) for name in NAMES}
    for name, (base, change) in CHANGES.items():
        opened[name] = ({**definitions[base], **change}, NAMES[base])
    cases = []
    for name, (definition, special) in opened.items():
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(definition)), **special)
        for path in sorted(OUT.glob("*.jinja")):
            for conversation, messages in CONVERSATIONS.items():
                options = {"chat_template": path.read_text()}
                encoded = tokenizer.apply_chat_template(
                    messages, **options, return_dict=True, return_assistant_tokens_mask=True
                )
                text = tokenizer.apply_chat_template(messages, **options, tokenize=False)
                ids, mask = encoded["input_ids"], "".join(map(str, encoded["assistant_masks"]))
                case = {"tokenizer": name, "template": path.stem, "conversation": conversation}
                cases.append({**case, "text": text, "ids": ids, "mask": mask})
    expected = {
        "versions": {name: version(name) for name in ("transformers", "tokenizers", "jinja2")},
        "special": {name: special for name, (_, special) in opened.items()},
        "changes": {name: {"base": base, "definition": change} for name, (base, change) in CHANGES.items()},
        "conversations": CONVERSATIONS,
    }
    rows = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    head = json.dumps(expected, ensure_ascii=False, indent=1)[:-2]
    (OUT / "expected.json").write_text(f'{head},\n "cases": [\n{rows}\n]}}\n')


main()
