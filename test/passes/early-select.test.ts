import { expect, test } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph, type Value } from "../../src/ir/graph.ts";
import { print } from "../../src/ir/print.ts";
import { verify } from "../../src/ir/verify.ts";
import { add } from "../../src/ops/nn/elementwise.ts";
import { gelu } from "../../src/ops/nn/gelu.ts";
import { linear } from "../../src/ops/nn/linear.ts";
import { reshape, select } from "../../src/ops/shape/shape.ts";
import { earlySelect } from "../../src/passes/early-select.ts";
import { randn } from "../tensors.ts";

/** A residual layer on `[batch*seq, 4]`, of which the first token of each text is read. */
function classifier(readAll = false): Graph {
  const g = new Graph();
  const x = reshape(g.input("x", { dtype: "float32", shape: ["batch", "seq", 4] }), { shape: ["batch*seq", 4] });
  const param = (name: string, shape: number[]): Value =>
    g.param(name, { dtype: "float32", shape }, { trainable: true });
  const h = add(linear(gelu(linear(x, param("up", [8, 4]), param("bias", [8]))), param("down", [4, 8])), x);
  g.outputs.set("y", select(reshape(h, { shape: ["batch", "seq", 4] }), { axis: 1, index: 0 }));
  if (readAll) g.outputs.set("all", h);
  return g;
}

const run = (g: Graph) => earlySelect().run(g, { training: false });

test("row-wise layers see the selected token alone", () => {
  const graph = run(classifier());
  verify(graph);
  expect(print(graph)).toMatchInlineSnapshot(`
    "%0: float32[batch,seq,4] = input x
    %1: float32[batch*seq,4] = Reshape(%0) {"shape":["batch*seq",4]}
    %2: float32[batch,seq,4] = Reshape(%1) {"shape":["batch","seq",4]}
    %3: float32[batch,4] = Select(%2) {"axis":1,"index":0}
    %4: float32[8,4] = param up
    %5: float32[8] = param bias
    %6: float32[batch,8] = Linear(%3, %4, %5)
    %7: float32[batch,8] = Gelu(%6)
    %8: float32[4,8] = param down
    %9: float32[batch,4] = Linear(%7, %8)
    %10: float32[batch,4] = Add(%9, %3)
    return y %10"
  `);
});

test("computes the same", () => {
  const feeds = {
    x: randn("x", [2, 3, 4]),
    up: randn("up", [8, 4]),
    bias: randn("bias", [8]),
    down: randn("down", [4, 8]),
  };
  const [before, after] = [classifier(), run(classifier())].map(
    (g) => evaluate(g, [...g.outputs.values()], { ...feeds })[0]!,
  );
  expect(after!.shape).toEqual(before!.shape);
  after!.data.forEach((value, i) => void expect(value).toBeCloseTo(before!.data[i]!, 12));
});

test("what is read as a whole stays whole", () => {
  const graph = classifier(true);
  expect(print(run(graph))).toBe(print(graph));
});
