"""Holds ONNX models against the standard: onnx's checker, and its own implementation of every operator.

Reads a JSON list of cases from stdin, writes a list of reports to stdout; see exported-onnx.test.ts.
Tried with onnx 1.23.2.
"""

import json
import sys

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator


def feeds_of(graph: onnx.GraphProto, ids: list[list[int]], pad: int, side: str) -> dict[str, np.ndarray]:
    """Rows of token ids, padded to the longest, and an empty cache."""
    length = max(map(len, ids))

    def padded(rows: list[list[int]], value: int) -> np.ndarray:
        rests = [[value] * (length - len(row)) for row in rows]
        sides = [(rest, row) if side == "left" else (row, rest) for rest, row in zip(rests, rows)]
        return np.array([[*first, *last] for first, last in sides], dtype=np.int64)

    feeds = {
        "input_ids": padded(ids, pad),
        "attention_mask": padded([[1] * len(row) for row in ids], 0),
        "token_type_ids": padded([[0] * len(row) for row in ids], 0),
        "position_ids": padded([list(range(len(row))) for row in ids], 1),
    }
    for value in graph.input:
        if value.name.startswith("past_key_values."):
            _, heads, _, width = (dim.dim_value for dim in value.type.tensor_type.shape.dim)
            feeds[value.name] = np.zeros((len(ids), heads, 0, width), dtype=np.float32)
    return {value.name: feeds[value.name] for value in graph.input}


def report(path: str, ids: list[list[int]], pad: int, side: str) -> dict:
    """What the model is made of, and its logits."""
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    (logits,) = ReferenceEvaluator(model).run(["logits"], feeds_of(model.graph, ids, pad, side))
    return {
        "opsets": [[entry.domain, entry.version] for entry in model.opset_import],
        "domains": sorted({node.domain for node in model.graph.node}),
        "logits": logits.ravel().tolist(),
        "shape": logits.shape,
    }


def main() -> None:
    json.dump([report(**case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
