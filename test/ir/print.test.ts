import { expect, test } from "vitest";
import { Graph } from "../../src/ir/graph.ts";
import { print } from "../../src/ir/print.ts";
import { add, scale } from "../../src/ops/nn/elementwise.ts";
import { linear } from "../../src/ops/nn/linear.ts";

test("prints a value a line: type, origin, settings, and the outputs last", () => {
  const graph = new Graph();
  const x = graph.input("x", { dtype: "float32", shape: ["batch*seq", 2] });
  const w = graph.param("q.weight", { dtype: "float32", shape: [5, 2] }, { trainable: false });
  const b = graph.param("q.bias", { dtype: "float32", shape: [5] }, { trainable: true });
  const y = scale(linear(x, w, b), { by: 0.5 });
  graph.constant({ dtype: "int64", shape: [] }, [7]);
  graph.outputs.set("y", add(y, graph.constant({ dtype: "float32", shape: [5] }, [1, 2, 3, 4, 5])));
  graph.outputs.set("half", y);
  expect(print(graph)).toMatchInlineSnapshot(`
    "%0: float32[batch*seq,2] = input x
    %1: float32[5,2] = frozen q.weight
    %2: float32[5] = param q.bias
    %3: float32[batch*seq,5] = Linear(%0, %1, %2)
    %4: float32[batch*seq,5] = Scale(%3) {"by":0.5}
    %5: int64[] = constant [7]
    %6: float32[5] = constant (5)
    %7: float32[batch*seq,5] = Add(%4, %6)
    return y %7, half %4"
  `);
});
