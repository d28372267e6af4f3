import { describe, expect, test } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph } from "../../src/ir/graph.ts";
import type { Shape } from "../../src/ir/types.ts";
import { type RopeAttrs, rope } from "../../src/ops/attention/rope.ts";

/** `x`, one row a position, turned. */
function turned(x: readonly number[], at: readonly number[], attrs: RopeAttrs): number[] {
  const graph = new Graph();
  const width = x.length / at.length;
  const value = graph.input("x", { dtype: "float32", shape: [at.length, width] });
  const positions = graph.input("positions", { dtype: "int64", shape: [at.length] });
  const feeds = {
    x: { data: Float64Array.from(x), shape: [at.length, width] },
    positions: { data: Float64Array.from(at), shape: [at.length] },
  };
  return [...evaluate(graph, [rope(value, positions, attrs)], feeds)[0]!.data];
}

const near = (expected: readonly number[]) => expected.map((value) => expect.closeTo(value, 12));

test("pair i is columns i and i + n, and turns by position · frequency i", () => {
  const [a, b] = [3 * 0.5, 3 * 0.25];
  const attrs = { heads: 1, frequencies: [0.5, 0.25] };
  expect(turned([1, 0, 0, 0], [3], attrs)).toEqual(near([Math.cos(a), 0, Math.sin(a), 0]));
  expect(turned([0, 0, 0, 1], [3], attrs)).toEqual(near([0, -Math.sin(b), 0, Math.cos(b)]));
});

test("each row has its own position, each head turns alike", () => {
  const attrs = { heads: 2, frequencies: [0.1] };
  const y = turned([1, 2, 1, 2, 1, 2, 1, 2], [9, 0], attrs);
  expect(y.slice(4)).toEqual([1, 2, 1, 2]);
  expect(y.slice(0, 2)).toEqual(y.slice(2, 4));
  expect(y[0]).toBeCloseTo(Math.cos(0.9) - 2 * Math.sin(0.9), 12);
});

test("columns past the pairs stay as they are, scale or not", () => {
  const attrs = { heads: 2, frequencies: [0.1], scale: 3 };
  const y = turned([1, 2, 3, 4, 5, 6], [7], attrs);
  expect([y[2], y[5]]).toEqual([3, 6]);
  expect(y[0]).toBeCloseTo(3 * (Math.cos(0.7) - 2 * Math.sin(0.7)), 12);
});

test("other frequencies hold for all rows where one of them lies beyond a length", () => {
  const attrs = { heads: 1, frequencies: [0.5], beyond: { length: 4, frequencies: [0.1] } };
  const [near, far] = [Math.cos(3 * 0.5), Math.cos(3 * 0.1)];
  expect(turned([1, 0, 1, 0], [3, 0], attrs)[0]).toBeCloseTo(near, 12);
  expect(turned([1, 0, 1, 0], [3, 4], attrs)[0]).toBeCloseTo(far, 12);
});

test("backwards undoes it", () => {
  const attrs = { heads: 1, frequencies: [0.7, 0.3] };
  const x = [1, -2, 0.5, 3];
  expect(turned(turned(x, [5], attrs), [5], { ...attrs, backwards: true })).toEqual(near(x));
});

describe("refuses", () => {
  const refused = (x: Shape, at: Shape, heads: number): (() => unknown) => {
    const graph = new Graph();
    const [value, positions] = [
      graph.input("x", { dtype: "float32", shape: x }),
      graph.input("positions", { dtype: "int64", shape: at }),
    ];
    return () => rope(value, positions, { heads, frequencies: [1, 0.1] });
  };

  test.each<[string, Shape, Shape, number]>([
    ["positions of another number of rows", ["batch*seq", 8], ["batch", "seq"], 2],
    ["heads with fewer columns than turn", ["batch*seq", 6], ["batch*seq"], 2],
    ["a width that heads do not divide", ["batch*seq", 9], ["batch*seq"], 2],
  ])("%s", (_, x, at, heads) => {
    expect(refused(x, at, heads)).toThrow(
      `takes x [rows, heads·headDim] and positions [rows]; got x [${x}], positions [${at}], 4 turning columns in each of 2 heads`,
    );
  });
});
