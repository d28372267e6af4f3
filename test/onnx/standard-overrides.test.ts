import { describe, expect, test } from "vitest";
import { resolveShape } from "../../src/ir/dims.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph, type Value } from "../../src/ir/graph.ts";
import type { Shape, Tensor } from "../../src/ir/types.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { STANDARD_OVERRIDES } from "../../src/onnx/standard-overrides.ts";
import * as ops from "../../src/ops/index.ts";
import { DIMS } from "../ops/check.ts";
import { randn } from "../tensors.ts";
import { runFile, written } from "./stored.ts";

const T = "batch*seq";
const int = (...data: number[]) => data;

/** The operator that is ONNX Runtime's own, what is built with it, and shapes of random operands or integers. */
const rows: readonly (readonly [string, (...xs: Value[]) => Value, readonly (Shape | { ints: number[]; shape: Shape })[]])[] = [
  ["Gelu", (x) => ops.gelu(ops.scale(x!, { by: 3 })), [[T, 8]]],
  ["FastGelu", (x) => ops.geluTanh(ops.scale(x!, { by: 3 })), [[T, 8]]],
  ["SimplifiedLayerNormalization", (x, w) => ops.rmsNorm(x!, w!, { epsilon: 0.1 }), [[T, 8], [8]]],
  ["SimplifiedLayerNormalization", (x, w) => ops.rmsNorm(x!, w!, { epsilon: 1e-6, offset: 1 }), [[T, 3, 8], [8]]],
  ["RotaryEmbedding", (x, at) => ops.rope(x!, at!, { heads: 2, frequencies: [1, 0.1, 0.01, 0.001] }), [[T, 16], { ints: int(7, 0, 1, 2, 40, 3), shape: [T] }]],
  ["RotaryEmbedding", (x, at) => ops.rope(x!, at!, { heads: 2, frequencies: [1, 0.1], scale: 1.2 }), [[T, 16], { ints: int(7, 0, 1, 2, 40, 3), shape: [T] }]],
  ["FusedMatMul", (a, b) => ops.matMul(a!, b!, { transA: true, alpha: 0.5 }), [[2, 4, 3], [2, 4, 5]]],
  ["FusedMatMul", (q, k, v, mask) => ops.attention(q!, k!, v!, mask!, undefined, { heads: 2, scale: 0.7 }), [[T, 8], [T, 8], [T, 8], { ints: int(1, 1, 1, 1, 1, 0), shape: ["batch", "seq"] }]],
  ["FusedMatMul", (q, k, v, mask) => ops.attention(q!, k!, v!, mask!, undefined, { heads: 4, kvHeads: 2, scale: 0.7, causal: true, window: 1, softcap: 2 }), [[T, 16], [T, 8], [T, 8], { ints: int(1, 1, 1, 1, 1, 1), shape: ["batch", "seq"] }]],
  ["FusedMatMul", (ids, q, keys, values, mask) => ops.cachedAttention(ops.add(ops.embedding(ops.reshape(ids!, { shape: [T] }), q!, {}), ops.embedding(ops.reshape(ids!, { shape: [T] }), q!, {})), keys!, values!, mask!, { heads: 4, kvHeads: 2, scale: 0.7, causal: true }), [{ ints: int(4, 2, 1, 3, 2, 1), shape: ["batch", "seq"] }, [6, 16], ["batch", 2, "total", 4], ["batch", 2, "total", 4], { ints: int(0, 1, 1, 1, 1, 1, 1, 1, 1, 1), shape: ["batch", "total"] }]],
]; // biome-ignore format: a table

test.each(rows.map((row, i) => [row[0], i] as const))(
  "%s (%i) in the standard's operators computes the same",
  async (engine, i) => {
    const [, f, operands] = rows[i]!;
    const graph = new Graph();
    const feeds: Record<string, Tensor> = {};
    const values = operands.map((operand, n) => {
      const name = `x${n}`;
      const given = "ints" in operand ? operand : undefined;
      const shape = given ? given.shape : (operand as Shape);
      const concrete = resolveShape(shape, DIMS);
      feeds[name] = given ? { data: Float64Array.from(given.ints), shape: concrete } : randn(name, concrete);
      return graph.input(name, { dtype: given ? "int64" : "float32", shape });
    });
    graph.outputs.set("y", f(...values));
    const { model, path } = await written(graph, {});
    expect(new TextDecoder().decode(emitOnnx(graph).bytes)).toContain(engine); // else nothing is tested
    expect(model.graph!.node.filter(({ domain, opType }) => domain !== "" || opType in STANDARD_OVERRIDES)).toEqual([]);
    const [wanted] = evaluate(graph, [graph.outputs.get("y")!], feeds);
    const { y } = await runFile(path, feeds);
    expect(y!.shape).toEqual(wanted!.shape);
    const gap = Math.max(...wanted!.data.map((x, k) => Math.abs(x - y!.data[k]!) / Math.max(1, Math.abs(x))));
    expect(gap).toBeLessThan(2e-6);
  },
);

describe("half floats", () => {
  test.each(["float16", "bfloat16"] as const)("%s weights are of that type", async (dtype) => {
    const graph = new Graph();
    const w = graph.param("w", { dtype, shape: [2, 3] }, { trainable: false });
    graph.outputs.set("y", ops.upcast(w));
    const stored = { data: Float64Array.of(0.5, -1.75, 0, 96, -0.0625, 3), shape: [2, 3] };
    const { model, path } = await written(graph, { w: stored });
    expect(model.graph!.initializer[0]).toMatchObject({ name: "w", dataType: dtype === "float16" ? 10 : 16 });
    expect((await runFile(path, {})).y).toEqual(stored);
  });
});
