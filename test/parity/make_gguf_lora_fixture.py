"""Adds to test/parity/fixtures/merge an adapter as llama.cpp's converter writes it.

Run after make_merge_fixtures.py; LOWRANK_LLAMA_CPP is a checkout of llama.cpp. Made with that of llama-cpp-python 0.3.36.
"""

import os
from pathlib import Path

from compare_gguf import convert

BASE = Path(__file__).parent / "fixtures" / "merge" / "llama-bf16"


def main() -> None:
    rest = ["--outfile", str(BASE / "adapters" / "all.gguf"), "--outtype", "f32"]
    adapter = str(BASE / "adapters" / "all")
    convert(os.environ["LOWRANK_LLAMA_CPP"], "convert_lora_to_gguf.py", ["--base", str(BASE), *rest, adapter], None)


if __name__ == "__main__":
    main()
