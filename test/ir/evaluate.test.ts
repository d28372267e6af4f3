import { describe, expect, test } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph } from "../../src/ir/graph.ts";
import type { Tensor } from "../../src/ir/types.ts";
import { add, mul, scale } from "../../src/ops/nn/elementwise.ts";
import { reshape } from "../../src/ops/shape/shape.ts";

const vector = (...data: number[]): Tensor => ({ data: Float64Array.from(data), shape: [data.length] });

function example() {
  const graph = new Graph();
  const x = graph.input("x", { dtype: "float32", shape: ["tokens"] });
  const w = graph.param("w", { dtype: "float32", shape: [1] }, { trainable: true });
  const two = graph.constant({ dtype: "float32", shape: [] }, [2]);
  return { graph, x, double: mul(x, two), weighted: add(x, w) };
}

describe("evaluate", () => {
  test("gives the outputs asked for, in their order, with lengths for names", () => {
    const { graph, double, weighted } = example();
    expect(evaluate(graph, [weighted, double], { x: vector(1, 2, 3), w: vector(10) })).toEqual([
      vector(11, 12, 13),
      vector(2, 4, 6),
    ]);
  });

  test("computes in float64", () => {
    const { graph, x } = example();
    const [y] = evaluate(graph, [scale(x, { by: 0.1 })], { x: vector(3) });
    expect(y).toEqual(vector(0.1 * 3));
  });

  test("needs no feed for what the outputs do not read", () => {
    const { graph, double } = example();
    expect(evaluate(graph, [double], { x: vector(4) })).toEqual([vector(8)]);
  });

  test("resolves a product of names from the shapes of the feeds", () => {
    const graph = new Graph();
    const x = graph.input("x", { dtype: "float32", shape: ["batch", "seq"] });
    const feed = { data: Float64Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] };
    expect(evaluate(graph, [reshape(x, { shape: ["batch*seq"] })], { x: feed })).toEqual([vector(1, 2, 3, 4, 5, 6)]);
  });

  test.each<[string, Record<string, Tensor>, string]>([
    ["a feed that is missing", { x: vector(1) }, "no value was given for w"],
    ["a feed of another rank", { x: { data: vector(1).data, shape: [1, 1] } }, "x: expected rank 1, got [1,1]"],
    ["a feed of another length", { x: vector(1), w: vector(1, 2) }, "w: dim 0 (1) is 2, expected 1"],
  ])("refuses %s", (_, feeds, message) => {
    const { graph, weighted } = example();
    expect(() => evaluate(graph, [weighted], feeds)).toThrow(new RangeError(message));
  });
});
