"""Runs pieces of Python; see cards-run.test.ts.

Reads a JSON list of pieces from stdin, writes a list of what each printed to stdout.
Tried with torch 2.15.0, transformers 5.23.0, peft 0.21.2, adapters 1.3.0, sentence-transformers 6.2.0.
"""

import contextlib
import io
import json
import sys
import traceback

from transformers.utils import logging

logging.disable_progress_bar()
logging.set_verbosity_error()


def printed(code: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            exec(code, {})
        except Exception:
            return traceback.format_exc()
    return out.getvalue()


outputs = [printed(code) for code in json.load(sys.stdin)]
print()
print(json.dumps(outputs))
