import { expect, test } from "vitest";
import { Graph } from "../../src/ir/graph.ts";
import { Random } from "../../src/random.ts";
import { feedsOf } from "../../src/tasks/feeds.ts";

test("rows with a label are asked for; where there is none, one whose label is ignored", () => {
  const graph = new Graph();
  for (const name of ["label_rows", "labels"]) graph.input(name, { dtype: "int64", shape: ["rows"] });
  const feeds = (...labels: number[]) => {
    const example = { ids: Int32Array.of(5, 6, 7), labels: Int32Array.from(labels), where: "" };
    const { label_rows: rows, labels: asked } = feedsOf(graph, [example], 0, Random.seed(1)).tensors;
    return [rows!.data, asked!.data];
  };
  expect(feeds(-100, 2, 3)).toEqual([BigInt64Array.of(1n, 2n), BigInt64Array.of(2n, 3n)]);
  expect(feeds(-100, -100, -100)).toEqual([BigInt64Array.of(0n), BigInt64Array.of(-100n)]);
});
