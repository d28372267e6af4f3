"""Writes expected.json."""

import json
from importlib.metadata import version
from pathlib import Path

from training import RECIPE


def write_expected(
    path: Path, libraries: tuple[str, ...], labels: list[str], pad_id: int, rows: dict, methods: dict
) -> None:
    """The versions, the recipe, the encoded rows of each split, and what came out of each method."""
    splits = {
        split: {"ids": [row["ids"] for row in encoded], "labels": [row["label"] for row in encoded]}
        for split, encoded in rows.items()
    }
    write_json(path, {
        "versions": {name: version(name) for name in libraries},
        "recipe": RECIPE,
        "labels": labels,
        "pad_token_id": pad_id,
        **splits,
        "methods": methods,
    })  # fmt: skip


def write_json(path: Path, value) -> None:
    """JSON with floats at nine digits (a float32's worth), one line a leaf list, so that a diff reads well."""
    path.write_text(format_json(value) + "\n")


def format_json(value, indent: str = "") -> str:
    if isinstance(value, dict) and value:
        inner = indent + " "
        rows = (f"{inner}{json.dumps(key)}: {format_json(item, inner)}" for key, item in value.items())
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    return json.dumps(rounded(value), separators=(",", ":"))


def rounded(value):
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value
