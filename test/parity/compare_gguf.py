"""Compares GGUF files that this library wrote with those of llama.cpp's converters.

Reads a JSON list of cases from stdin, writes a list of reports to stdout; see exported-gguf.test.ts. LOWRANK_LLAMA_CPP is
a checkout of llama.cpp. Tried with that of llama-cpp-python 0.3.36, gguf 0.19.0, torch 2.15.0, transformers 5.23.0.
"""

import importlib
import json
import os
import runpy
import sys
import tempfile
import traceback
from pathlib import Path

import numpy as np

CHECKOUT = os.environ["LOWRANK_LLAMA_CPP"]
sys.path[:0] = [CHECKOUT, f"{CHECKOUT}/gguf-py"]  # whose enumerations its converters need
from gguf import GGUFReader

def convert(script: str, arguments: list[str], pre: str | None) -> None:
    """Runs a converter in a copy of this process, which has imported what takes seconds.

    `pre` is the pre-tokenizer that it is to find, as it knows none of tiny models. It is to do without sentencepiece, which no
    tiny tokenizer here needs, and with the spelling of transformers 4 for GPT-NeoX.
    """
    with tempfile.TemporaryFile("w+") as log:
        child = os.fork()
        if child == 0:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            try:
                patch(pre)
                sys.argv = [f"{CHECKOUT}/{script}", *arguments]
                runpy.run_path(sys.argv[0], run_name="__main__")
                status = 0
            except SystemExit as end:
                status = 1 if end.code else 0
            except BaseException:
                traceback.print_exc()
                status = 1
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        _, status = os.waitpid(child, 0)
        if status:
            log.seek(0)
            raise RuntimeError(log.read()[-3000:])


def patch(pre: str | None) -> None:
    from conversion import base, gemma, phi

    def no_sentencepiece(self):
        raise FileNotFoundError

    load = base.ModelBase.load_hparams

    def load_hparams(*args, **options):
        config = load(*args, **options)
        partial = (config.get("rope_parameters") or {}).get("partial_rotary_factor")
        return config | ({"rotary_pct": partial} if partial else {})

    base.TextModel.get_vocab_base_pre = lambda self, tokenizer: pre
    gemma.Gemma2Model.set_vocab = phi.Phi3MiniModel.set_vocab = base.TextModel._set_vocab_gpt2
    base.TextModel._create_vocab_sentencepiece = no_sentencepiece
    base.ModelBase.load_hparams = staticmethod(load_hparams)


def fields(reader: GGUFReader) -> dict:
    found = {}
    for name, field in reader.fields.items():
        if not name.startswith("GGUF."):
            kinds = "/".join(kind.name for kind in field.types)
            found[name] = [kinds, field.contents()]
    return found


def compare(ours: str, base: str, adapter: str | None, outtype: str, pre: str | None) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        theirs = str(Path(folder) / "theirs.gguf")
        rest = ["--outfile", theirs, "--outtype", outtype]
        if adapter:
            convert("convert_lora_to_gguf.py", ["--base", base, *rest, adapter], pre)
        else:
            convert("convert_hf_to_gguf.py", [*rest, base], pre)
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
    for module in ("torch", "transformers.models.auto.tokenization_auto", "conversion.base", "conversion.gemma", "conversion.phi"):
        importlib.import_module(module)
    json.dump([compare(**case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
