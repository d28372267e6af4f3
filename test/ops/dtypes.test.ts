import { describe, expect, test } from "vitest";
import { Graph, type Value } from "../../src/ir/graph.ts";
import type { DType, Shape } from "../../src/ir/types.ts";
import * as ops from "../../src/ops/index.ts";

const graph = new Graph();
const value = (dtype: DType, shape: Shape): Value => graph.input(`x${graph.values.length}`, { dtype, shape });
const rows = value("float32", ["rows", 4]);
const half = (...shape: number[]): Value => value("float16", shape);
const float = (...shape: number[]): Value => value("float32", shape);
const heads = { heads: 1, scale: 1 };
const mask = value("int64", ["rows"]);

describe("operands of two dtypes are refused where an op is applied", () => {
  test.each<[string, () => Value, string]>([
    ["Linear", () => ops.linear(rows, half(3, 4)), "x float32, w float16"],
    ["Linear", () => ops.linear(rows, float(3, 4), half(3)), "x float32, w float32, bias float16"],
    ["MatMul", () => ops.matMul(rows, half(4, 3), {}), "a float32, b float16"],
    ["LayerNorm", () => ops.layerNorm(rows, half(4), undefined, { epsilon: 1 }), "x float32, w float16"],
    ["RmsNorm", () => ops.rmsNorm(rows, half(4), { epsilon: 1 }), "x float32, w float16"],
    ["Linear4bit", () => ops.linear4bit(rows, value("uint8", [8]), half(1), float(16), undefined, { type: "nf4", blockSize: 64, shape: [4, 4] }), "x float32, absmax float16, codebook float32"],
    ["Attention", () => ops.attention(rows, value("float16", ["rows", 4]), rows, mask, undefined, heads), "q float32, k float16, v float32"],
  ])("%s", (op, apply, dtypes) => {
    expect(apply).toThrow(`${op}: dtypes differ: ${dtypes}`);
  }); // biome-ignore format: a table
});
