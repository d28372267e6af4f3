"""Writes fixtures/chat/: what transformers and TRL make of texts, completions and conversations.

    python test/parity/make_chat_fixtures.py

Needs transformers, datasets and trl 1.10.0, whose loss begins after as many tokens as the prompt has alone (in 1.16 it
begins where the tokens of the prompt and of the whole diverge). Two tiny tokenizers: `bytes`, a byte-level BPE that
adds nothing to a text, and `metaspace`, a BPE over words that puts <s> before it. `expected.json` holds

- `conversations` by name, `templates` by name;
- `renderings`: what `apply_chat_template` writes, and its ids, or the error that the template raises;
- `sequences`: rows, options and the `input_ids` and `labels` of TRL's SFTTrainer, `seq_lengths` where it packs; lists
  of messages are given by name;
- `packs`: lengths, and which of them share a row in the order of TRL's `pack_dataset`;
- `pieces`: texts and the encodings of transformers with `return_overflowing_tokens`, by the tokenizer in ../bert;
- `smollm2`: renderings with the template of a GGUF file, kept as they are where that file is not.
"""

import json
import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

from datasets import Dataset
from gguf import GGUFReader
from jinja2 import TemplateError
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast
from trl.data_utils import pack_dataset
from trl.trainer.sft_trainer import SFTTrainer

from chat_templates import TEMPLATES
from tiny_tokenizers import wrap

HERE = Path(__file__).parent
OUT = HERE / "fixtures" / "chat"
MARKS = [
    "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "[INST]", "[/INST]",
    "<start_of_turn>", "<end_of_turn>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>",
]  # fmt: skip
CORPUS = [
    "The tenant pays the rent on the first day of each month, and the landlord keeps the premises in repair.",
    "Either party may terminate this agreement within thirty days of notice; the fee is 1,250.00 euros.",
    "Is the deposit due? Yes: it is due when the contract is signed. No interest is paid on it.",
    "system user assistant model tool You read contracts and answer in one sentence.",
]

SYSTEM = {"role": "system", "content": "Answer in one word."}
ASK = {"role": "user", "content": "Is the deposit due?"}
ANSWER = {"role": "assistant", "content": "Yes."}
MORE = {"role": "user", "content": "When, and to whom?"}
THEN = {"role": "assistant", "content": "On the first day,\nto the landlord."}
ODD = [
    {"role": "user", "content": "  Zürich – “rent”\n\n- <s> and {{ braces }} {% raw %}\t"},
    {"role": "assistant", "content": "法律 \n\n```\nlaw\n```\n"},
]
CALLS = [
    ASK,
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"type": "function", "function": {"name": "find", "arguments": {"clause": "dépôt <due>", "n": 2}}}
        ],
    },
    {"role": "tool", "content": [{"type": "text", "text": "clause"}, {"type": "text", "text": "7"}]},
    ANSWER,
]
THOUGHT = [ASK, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nYes."}, MORE, THEN]
TOOL = {
    "type": "function",
    "function": {
        "name": "find",
        "description": "Finds a clause & quotes it.",
        "parameters": {"type": "object", "properties": {"clause": {"type": "string"}, "n": {"type": "integer"}}},
    },
}
CONVERSATIONS = {
    "one turn": [ASK, ANSWER],
    "system": [SYSTEM, ASK, ANSWER],
    "two turns": [ASK, ANSWER, MORE, THEN],
    "system, two turns": [SYSTEM, ASK, ANSWER, MORE, THEN],
    "a question": [SYSTEM, ASK],
    "odd characters": ODD,
    "two questions": [ASK, MORE, ANSWER],
    "only the answers": [ANSWER, MORE, THEN],
    "only the answer": [ANSWER],
    "only the question": [ASK],
    "calls": CALLS,
    "thoughts": THOUGHT,
}
ORDINARY = list(CONVERSATIONS)[:7]

# Templates that each tokenizer is shown with, and those that TRL prepares rows with. Where `metaspace` puts a space
# before a line break, transformers takes one for the other, and TRL leaves out a line break that ends a turn.
SHAPES = {
    "bytes": (list(TEMPLATES), [name for name in TEMPLATES if name not in ("gemma", "tools")]),
    "metaspace": (["mistral", "zephyr", "vicuna"], ["mistral"]),
}


def byte_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_special_tokens(MARKS)
    return wrap(tokenizer, eos="<|endoftext|>", bos="<|im_start|>", pad="<|end|>")


def metaspace_tokenizer() -> PreTrainedTokenizerFast:
    """Llama 2's and Mistral's: a space before the text, bytes for what is unknown, <s> before it."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    learner = Tokenizer(models.BPE(unk_token="<unk>"))
    learner.normalizer = normalizers.Replace(" ", "▁")
    learner.pre_tokenizer = pre_tokenizers.Split(Regex("▁?[^▁]+"), "isolated")
    trainer = trainers.BpeTrainer(vocab_size=520, special_tokens=special, show_progress=False)
    learner.train_from_iterator(CORPUS, trainer)
    model = json.loads(learner.to_str())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    tokenizer.model = models.BPE(model["vocab"], merges, byte_fallback=True, unk_token="<unk>", fuse_unk=True)
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>", *MARKS])
    bos = [("<s>", tokenizer.token_to_id("<s>"))]
    pair = "<s> $A <s> $B:1"
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", pair=pair, special_tokens=bos)
    return wrap(tokenizer, unk="<unk>", bos="<s>", eos="</s>")


def rendering(tokenizer, source: str, conversation: str, ready: bool, tools=None) -> dict:
    given = {"conversation": conversation, "add_generation_prompt": ready, **({"tools": tools} if tools else {})}
    messages = CONVERSATIONS[conversation]
    try:
        text = tokenizer.apply_chat_template(
            messages, chat_template=source, add_generation_prompt=ready, tools=tools, tokenize=False
        )
    except TemplateError as error:
        return {**given, "error": str(error)}
    return {**given, "text": text, "ids": tokenizer(text, add_special_tokens=False)["input_ids"]}


def renderings(tokenizer, names: list[str]) -> dict:
    both = (False, True)
    cases = [(key, ready) for key in ORDINARY for ready in both]
    found = {name: [rendering(tokenizer, TEMPLATES[name], *case) for case in cases] for name in names}
    if "tools" in found:
        found["tools"] += [rendering(tokenizer, TEMPLATES["tools"], "calls", ready, [TOOL]) for ready in both]
        found["tools"] += [rendering(tokenizer, TEMPLATES["tools"], "thoughts", ready) for ready in both]
    return found


def trained(tokenizer, template: str | None, rows: list[dict], **options) -> dict:
    """The rows as TRL prepares them."""
    given = {"max_length": 64, "completion_only_loss": True, "assistant_only_loss": False, **options}
    packing = given.pop("packing", None)
    tokenizer.chat_template = template and TEMPLATES[template]
    trainer = SimpleNamespace(
        _tokenizer=tokenizer, completion_only_loss=given["completion_only_loss"], chat_template=None
    )
    args = SimpleNamespace(
        dataset_num_proc=None, dataset_text_field="text", truncation_mode="keep_start", shuffle_dataset=False,
        use_liger_kernel=False, packing_strategy=packing, max_length=given["max_length"],
        assistant_only_loss=given["assistant_only_loss"],
    )  # fmt: skip
    messages = ("messages", "prompt", "completion") if template else ()
    dataset = Dataset.from_list(
        [{key: CONVERSATIONS[value] if key in messages else value for key, value in row.items()} for row in rows]
    )
    prepared = SFTTrainer._prepare_dataset(trainer, dataset, tokenizer, args, packing is not None, None, "train")
    columns = ["input_ids", "labels", *(["seq_lengths"] if packing else [])]
    examples = [{column: row[column] for column in columns} for row in prepared]
    return {"template": template, "rows": rows, "packing": packing is not None, **given, "examples": examples}


def sequences(tokenizer, names: list[str]) -> list[dict]:
    eos = tokenizer.eos_token
    texts = [{"text": text} for text in [CORPUS[0], CORPUS[2] + eos, "  rent\n", "Zürich, 法律", CORPUS[1] * 2]]
    pairs = [
        {"prompt": "Is the deposit due?", "completion": " Yes."},
        {"prompt": "The tenant pays the ", "completion": "rent on the first day."},
        {"prompt": "The ten", "completion": "ant pays." + eos},
        {"prompt": CORPUS[1] * 2, "completion": " No."},
        {"prompt": "", "completion": "The fee is due."},
    ]
    answers = [
        {"prompt": "a question", "completion": "only the answer"},
        {"prompt": "only the question", "completion": "only the answers"},
    ]
    short = pairs[:3] + [{"prompt": "Rent:", "completion": " " + word} for word in CORPUS[0].split()]
    found = [
        trained(tokenizer, None, texts),
        trained(tokenizer, None, pairs),
        trained(tokenizer, None, pairs, completion_only_loss=False),
        trained(tokenizer, None, texts, packing="bfd_split", max_length=48),
        trained(tokenizer, None, short, packing="bfd", max_length=32),
    ]
    for name in names:
        rows = [{"messages": key} for key in ("one turn", "system", "two turns", "odd characters")]
        for assistant in (False, True):
            found.append(trained(tokenizer, name, rows, assistant_only_loss=assistant, max_length=256))
        found.append(trained(tokenizer, name, rows, assistant_only_loss=True, max_length=40))
        for completion, assistant in ((True, False), (False, True), (True, True)):
            options = {"completion_only_loss": completion, "assistant_only_loss": assistant, "max_length": 256}
            found.append(trained(tokenizer, name, answers, **options))
    return found


def pieces() -> dict:
    """Long texts in pieces that each have the template, as for masked language modelling."""
    tokenizer = AutoTokenizer.from_pretrained(HERE / "fixtures" / "bert")
    found = []
    for text in (CORPUS[0], "rent", ""):
        for length in (3, 7, 64):
            encoded = tokenizer(text, truncation=True, max_length=length, return_overflowing_tokens=True)
            ids = encoded["input_ids"]
            special = [tokenizer.get_special_tokens_mask(piece, already_has_special_tokens=True) for piece in ids]
            found.append({"text": text, "max_length": length, "ids": ids, "special": special})
    return {"vocabulary": len(tokenizer), "mask": tokenizer.mask_token_id, "texts": found}


def packs() -> list[dict]:
    found = []
    for max_length in (7, 32, 100):
        lengths = [1 + (i * i * 31 + i * 17) % max_length for i in range(80)]
        rows = Dataset.from_list([{"input_ids": [i] * length} for i, length in enumerate(lengths)])
        packed = pack_dataset(rows, max_length, "bfd")
        shared = [list(dict.fromkeys(row["input_ids"])) for row in packed]
        found.append({"max_length": max_length, "lengths": lengths, "rows": shared})
    return found


def smollm2(tokenizer) -> dict | None:
    models_folder = Path(os.environ.get("LOWRANK_MODELS", Path.home() / ".cache" / "lowrank-models"))
    path = models_folder / "smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    if not path.exists():
        return None
    source = GGUFReader(path).fields["tokenizer.chat_template"].contents()
    cases = [rendering(tokenizer, source, key, ready) for key in ORDINARY for ready in (False, True)]
    return {"file": path.name, "renderings": cases}


def one_case_a_line(value, depth: int = 0) -> str:
    if depth == 4 or not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    keys = [json.dumps(key) + ": " for key in value] if isinstance(value, dict) else [""] * len(value)
    items = value.values() if isinstance(value, dict) else value
    rows = (key + one_case_a_line(item, depth + 1) for key, item in zip(keys, items, strict=True))
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(" " * (depth + 1) + row for row in rows) + f"\n{' ' * depth}{closing}"


def main() -> None:
    kept = json.loads((OUT / "expected.json").read_text()).get("smollm2") if (OUT / "expected.json").exists() else None
    tokenizers = {"bytes": byte_tokenizer(), "metaspace": metaspace_tokenizer()}
    expected = {"versions": {name: version(name) for name in ("transformers", "tokenizers", "trl", "jinja2")}}
    expected["conversations"] = CONVERSATIONS
    expected["templates"] = TEMPLATES
    for name, tokenizer in tokenizers.items():
        (OUT / name).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            tokenizer.save_pretrained(folder)
            for file in ("tokenizer.json", "tokenizer_config.json"):
                (OUT / name / file).write_bytes((Path(folder) / file).read_bytes())
        shown, learned = SHAPES[name]
        expected[name] = {"renderings": renderings(tokenizer, shown), "sequences": sequences(tokenizer, learned)}
    expected["packs"] = packs()
    expected["pieces"] = pieces()
    expected["smollm2"] = smollm2(tokenizers["bytes"]) or kept
    (OUT / "expected.json").write_text(one_case_a_line(expected) + "\n")


main()
