"""Compares GGUF files that this library wrote with those of llama.cpp's converters.

Reads a JSON list of cases from stdin, writes a list of reports to stdout; see exported-gguf.test.ts. LOWRANK_LLAMA_CPP is
a checkout of llama.cpp. Tried with that of llama-cpp-python 0.3.36, gguf 0.19.0, torch 2.15.0, transformers 5.23.0.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from gguf import GGUFReader

RUN = """
import runpy, sys
sys.path.insert(0, {checkout!r})
sys.argv = {argv!r}
from conversion import base, gemma, phi
base.TextModel.get_vocab_base_pre = lambda self, tokenizer: {pre!r}
gemma.Gemma2Model.set_vocab = phi.Phi3MiniModel.set_vocab = base.TextModel._set_vocab_gpt2
def no_sentencepiece(self):
    raise FileNotFoundError
base.TextModel._create_vocab_sentencepiece = no_sentencepiece
load = base.ModelBase.load_hparams
def load_hparams(*args, **options):
    config = load(*args, **options)
    partial = (config.get("rope_parameters") or {{}}).get("partial_rotary_factor")
    return config | ({{"rotary_pct": partial}} if partial else {{}})
base.ModelBase.load_hparams = staticmethod(load_hparams)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Without sentencepiece, which no tiny tokenizer here needs, and with the spelling of transformers 4 for GPT-NeoX."""


def convert(checkout: str, script: str, arguments: list[str], pre: str | None) -> None:
    """Runs a converter; `pre` is the pre-tokenizer that it is to find, as it knows none of tiny models."""
    code = RUN.format(checkout=checkout, argv=[f"{checkout}/{script}", *arguments], pre=pre)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])


def fields(reader: GGUFReader) -> dict:
    found = {}
    for name, field in reader.fields.items():
        if not name.startswith("GGUF."):
            kinds = "/".join(kind.name for kind in field.types)
            found[name] = [kinds, field.contents()]
    return found


def compare(checkout: str, ours: str, base: str, adapter: str | None, outtype: str, pre: str | None) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        theirs = str(Path(folder) / "theirs.gguf")
        rest = ["--outfile", theirs, "--outtype", outtype]
        if adapter:
            convert(checkout, "convert_lora_to_gguf.py", ["--base", base, *rest, adapter], pre)
        else:
            convert(checkout, "convert_hf_to_gguf.py", [*rest, base], pre)
        a, b = GGUFReader(ours), GGUFReader(theirs)
        ta, tb = ({t.name: t for t in reader.tensors} for reader in (a, b))
        fa, fb = fields(a), fields(b)
        return {
            "tensors": sorted(set(ta) ^ set(tb)),
            "types": sorted(n for n in set(ta) & set(tb) if describe(ta[n]) != describe(tb[n])),
            "values": sorted(n for n in set(ta) & set(tb) if not same(ta[n].data, tb[n].data)),
            "fields": {n: [fa.get(n), fb.get(n)] for n in sorted(set(fa) | set(fb)) if not close(fa.get(n), fb.get(n))},
        }


def describe(tensor) -> list:
    return [tensor.tensor_type.name, [int(n) for n in tensor.shape]]


def same(x: np.ndarray, y: np.ndarray) -> bool:
    return x.shape == y.shape and (np.array_equal(x, y) if x.dtype == np.uint8 else np.allclose(x, y, rtol=1e-6, atol=0))


def close(x, y) -> bool:
    if x is None or y is None or x[0] != y[0]:
        return False
    return abs(x[1] - y[1]) <= 1e-6 * abs(y[1]) if isinstance(y[1], float) else x[1] == y[1]


def main() -> None:
    checkout = os.environ["LOWRANK_LLAMA_CPP"]
    json.dump([compare(checkout, **case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
