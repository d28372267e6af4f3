import { describe, expect, test } from "vitest";
import { Graph } from "../../src/ir/graph.ts";
import { print } from "../../src/ir/print.ts";
import { verify } from "../../src/ir/verify.ts";
import { add, scale } from "../../src/ops/nn/elementwise.ts";
import { linear } from "../../src/ops/nn/linear.ts";
import { prune, rewrite } from "../../src/passes/rewrite.ts";
import { tiny } from "../tiny.ts";

const VECTOR = { dtype: "float32", shape: [3] } as const;

describe("rewrite", () => {
  test("without rules copies the graph, what nothing reads as well", () => {
    const graph = tiny();
    graph.input("unread", VECTOR);
    const copy = rewrite(graph);
    expect(print(copy)).toBe(print(graph));
    expect(copy.values.filter((value) => value.graph !== copy)).toEqual([]);
  });

  test("puts what a rule builds in the place of a node, and leaves out what is read no more", () => {
    const twice = rewrite(tiny(), {
      node: (y, { op, module }) => (op === linear.op && module === "layer.0.query" ? scale(y, { by: 2 }) : y),
    });
    verify(twice);
    expect(print(twice)).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3,4] = param layer.0.query.weight
      %2: float32[3] = param layer.0.query.bias
      %3: float32[tokens,3] = Linear(%0, %1, %2)
      %4: float32[tokens,3] = Scale(%3) {"by":2}
      %5: float32[2,3] = param classifier.weight
      %6: float32[2] = param classifier.bias
      %7: float32[tokens,2] = Linear(%4, %5, %6)
      return logits %7"
    `);
    const skipped = rewrite(tiny(), { node: (y, { module, inputs }) => (module === "classifier" ? inputs[0]! : y) });
    expect(print(skipped)).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3,4] = param layer.0.query.weight
      %2: float32[3] = param layer.0.query.bias
      %3: float32[tokens,3] = Linear(%0, %1, %2)
      return logits %3"
    `);
  });

  test("changes the settings of parameters and keeps their names, types and starts", () => {
    const graph = new Graph();
    const w = graph.param("w", VECTOR, { trainable: true, init: { kind: "normal", std: 0.02 } });
    graph.outputs.set("y", scale(w, { by: 2 }));
    const next = rewrite(graph, { param: (param) => ({ ...param, trainable: false }) });
    expect(next.named("w")).toMatchObject({
      ...VECTOR,
      origin: { kind: "param", name: "w", trainable: false, init: { kind: "normal", std: 0.02 } },
    });
    expect(w.origin).toMatchObject({ trainable: true });
  });

  test("keeps modules, constants and how masks are filled", () => {
    const graph = new Graph();
    const mask = graph.input("mask", VECTOR, { kind: "dropout", keep: 0.9 });
    graph.module = "encoder";
    graph.outputs.set("y", add(mask, graph.constant(VECTOR, [1, 2, 3])));
    const next = rewrite(graph, { node: (y) => y });
    expect(next.values.map(({ origin }) => origin)).toMatchObject([
      { kind: "input", fill: { kind: "dropout", keep: 0.9 } },
      { kind: "constant", data: Float64Array.of(1, 2, 3) },
      { kind: "node", node: { module: "encoder" } },
    ]);
  });
});

test("prune leaves out inputs, parameters and nodes that no output depends on", () => {
  const graph = new Graph();
  const x = graph.input("x", VECTOR);
  graph.outputs.set("y", scale(x, { by: 2 }));
  add(x, graph.param("unread", VECTOR, { trainable: true }));
  const before = print(graph);
  const pruned = prune(graph);
  verify(pruned);
  expect(print(pruned)).toMatchInlineSnapshot(`
    "%0: float32[3] = input x
    %1: float32[3] = Scale(%0) {"by":2}
    return y %1"
  `);
  expect(print(graph)).toBe(before);
});
