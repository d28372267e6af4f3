import { describe, expect, test } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph, nodeOf, type Value } from "../../src/ir/graph.ts";
import { print } from "../../src/ir/print.ts";
import { add, mul } from "../../src/ops/nn/elementwise.ts";
import { gelu } from "../../src/ops/nn/gelu.ts";
import { linear } from "../../src/ops/nn/linear.ts";
import { tanh } from "../../src/ops/nn/tanh.ts";
import { linear8bit } from "../../src/ops/quantized/eightbit.ts";
import { upcast } from "../../src/ops/quantized/upcast.ts";
import { prune } from "../../src/passes/rewrite.ts";
import { gradcheck } from "../ops/check.ts";
import { feedForward, feedsOf } from "../tiny.ts";

const float32 = (...shape: (number | string)[]) => ({ dtype: "float32", shape }) as const;

/** `graph` with the gradients of `wrt` as its only outputs, and nothing else. */
function gradientsOnly(graph: Graph, wrt: readonly Value[]): Graph {
  const y = [...graph.outputs.values()][0]!;
  const gradients = backward(y, wrt, graph.input("dy", y));
  graph.outputs.clear();
  gradients.forEach((gradient, i) => {
    if (gradient) graph.outputs.set(`d${i}`, gradient);
  });
  return prune(graph);
}

describe("gradients", () => {
  test("of an operand that is used twice add up", () => {
    gradcheck((x) => mul(x!, x!), [[3, 2]]);
    gradcheck(
      (x, w) => add(linear(tanh(x!), w!), linear(x!, w!)),
      [
        [3, 4],
        [4, 4],
      ],
    );
  });

  test("of a broadcast operand are summed back to its shape", () => {
    const gradientOf = (shape: readonly (number | string)[]): string => {
      const graph = new Graph();
      const small = graph.input("small", float32(...shape));
      graph.outputs.set("y", add(graph.input("x", float32("batch", "tokens", 4)), small));
      return print(gradientsOnly(graph, [small]));
    };
    expect(gradientOf(["tokens", 4])).toMatchInlineSnapshot(`
      "%0: float32[batch,tokens,4] = input dy
      %1: float32[tokens,4] = ReduceSum(%0) {"axes":[0]}
      %2: float32[tokens,4] = Reshape(%1) {"shape":["tokens",4]}
      return d0 %2"
    `);
    expect(gradientOf(["batch", 1, 4])).toMatchInlineSnapshot(`
      "%0: float32[batch,tokens,4] = input dy
      %1: float32[batch,4] = ReduceSum(%0) {"axes":[1]}
      %2: float32[batch,1,4] = Reshape(%1) {"shape":["batch",1,4]}
      return d0 %2"
    `);
    expect(gradientOf([])).toMatchInlineSnapshot(`
      "%0: float32[batch,tokens,4] = input dy
      %1: float32[] = ReduceSum(%0) {"axes":[0,1,2]}
      %2: float32[] = Reshape(%1) {"shape":[]}
      return d0 %2"
    `);
    gradcheck((x, b, c) => mul(add(x!, b!), c!), [["batch", "seq", 4], ["seq", 1], []]);
  });

  test("are undefined for what the loss does not depend on", () => {
    const graph = new Graph();
    const [x, apart] = [graph.input("x", float32(2)), graph.input("apart", float32(2))];
    const y = mul(x, x);
    add(y, apart); // after the loss
    const [dx, none] = backward(y, [x, apart], graph.input("dy", y));
    expect(dx?.shape).toEqual([2]);
    expect(none).toBeUndefined();
  });

  test("of the loss itself are the seed", () => {
    const graph = new Graph();
    const x = graph.input("x", float32());
    const seed = graph.input("seed", float32());
    expect(backward(x, [x], seed)).toEqual([seed]);
  });

  test("leave the forward pass as it was", () => {
    const graph = feedForward();
    const before = print(graph).split("\n").slice(0, -1);
    backward(graph.outputs.get("y")!, graph.params, graph.input("dy", graph.outputs.get("y")!));
    expect(print(graph).split("\n").slice(0, before.length)).toEqual(before);
  });
});

describe("what is frozen", () => {
  test("has no node spent on its gradient, nor has what lies below the first trainable value", () => {
    const graph = feedForward();
    expect(print(gradientsOnly(graph, [graph.named("down.bias")!]))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input dy
      %1: float32[4] = ReduceSum(%0) {"axes":[0]}
      %2: float32[4] = Reshape(%1) {"shape":[4]}
      return d0 %2"
    `);
    const added = (wrt: string): Value[] => {
      const graph = feedForward();
      const before = graph.values.length;
      gradientsOnly(graph, [graph.named(wrt)!]);
      return graph.values.slice(before);
    };
    const shapes = (wrt: string): string[] => added(wrt).map(({ shape }) => `${shape}`);
    expect(shapes("down.weight")).toContain("4,6");
    expect(shapes("up.weight")).not.toContain("4,6");
    expect(shapes("up.bias")).not.toContain("6,4");
    expect(shapes("down.weight")).not.toContain("6,4");
  });
});

describe("what is cheap", () => {
  test("is computed again once dy is known", () => {
    const graph = feedForward();
    expect(print(gradientsOnly(graph, [graph.named("down.weight")!]))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[6,4] = param up.weight
      %2: float32[6] = param up.bias
      %3: float32[tokens,6] = Linear(%0, %1, %2)
      %4: float32[tokens,4] = input dy
      %5: float32[tokens,6] = Barrier(%3, %4)
      %6: float32[tokens,6] = Gelu(%5)
      %7: float32[4,6] = MatMul(%4, %6) {"transA":true}
      return d0 %7"
    `);
  });

  test("is not kept: nothing in the backward pass reads it as the forward pass computed it", () => {
    const graph = feedForward();
    const forward = graph.values.slice();
    gradientsOnly(graph, graph.params);
    const activation = forward.find((value) => nodeOf(value)?.op === gelu.op)!;
    const readers = graph.values.filter((value) => nodeOf(value)?.inputs.includes(activation));
    expect(readers.filter((value) => !forward.includes(value))).toEqual([]);
  });

  test("is worth the same the second time", () => {
    gradcheck(
      (x, w) => linear(gelu(x!), w!),
      [
        ["batch*seq", 4],
        [3, 4],
      ],
    );
  });

  test.each([false, true])(
    "and made of weights alone, waits for dy as well: it is not held (segments: %s)",
    (segments) => {
      const graph = new Graph();
      const x = graph.param("x", { dtype: "float32", shape: [2, 3] }, { trainable: true });
      const half = graph.param("w", { dtype: "float16", shape: [4, 3] }, { trainable: false });
      graph.module = "layer";
      const y = linear(x, upcast(half));
      const dy = graph.input("dy", y);
      const forward = graph.values.filter((value) => nodeOf(value)?.op === upcast.op);
      backward(y, [x], dy, { segmentOf: (module) => (segments ? module : undefined) });
      const upcasted = graph.values.filter((value) => nodeOf(value)?.op === upcast.op);
      expect([forward.length, upcasted.length]).toEqual([1, 2]);
      const waits = nodeOf(nodeOf(upcasted[1]!)!.inputs[0]!)!;
      expect([waits.op.name, ...waits.inputs]).toEqual(["Barrier", half, dy]);
    },
  );

  test("inside a segment a packed weight is unpacked again, once dy is known: the first copy is not held", () => {
    const graph = new Graph();
    graph.module = "layer";
    const x = graph.param("x", { dtype: "float32", shape: [2, 3] }, { trainable: true });
    const quantized = { of: "w", scheme: { type: "int8" }, part: "codes" } as const;
    const codes = graph.param("w.codes", { dtype: "int8", shape: [3, 3] }, { trainable: false, quantized });
    const absmax = graph.param("w.absmax", float32(3), { trainable: false });
    const y = tanh(linear8bit(tanh(x), codes, absmax));
    const dy = graph.input("dy", y);
    backward(y, [x], dy, { segmentOf: (module) => module || undefined });
    const layers = graph.values.filter((value) => nodeOf(value)?.op === linear8bit.op);
    expect(layers).toHaveLength(2);
    const waits = nodeOf(nodeOf(layers[1]!)!.inputs[1]!)!;
    expect([waits.op.name, ...waits.inputs]).toEqual(["Barrier", codes, dy]);
  });

  test("is kept where it costs: tanh is read as it was computed", () => {
    const graph = new Graph();
    const x = graph.input("x", float32("tokens", 4));
    const w = graph.param("w", float32(3, 4), { trainable: true });
    graph.outputs.set("y", linear(tanh(x), w));
    expect(print(gradientsOnly(graph, [w]))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[tokens,4] = Tanh(%0)
      %2: float32[tokens,3] = input dy
      %3: float32[3,4] = MatMul(%2, %1) {"transA":true}
      return d0 %3"
    `);
  });
});

test("the same gradients come out whether one or all are asked for", () => {
  const names = ["up.weight", "up.bias", "down.weight", "down.bias"];
  const gradientsOf = (asked: readonly string[]) => {
    const graph = feedForward();
    const wrt = asked.map((name) => graph.named(name)!);
    const gradients = gradientsOnly(graph, wrt);
    return evaluate(gradients, [...gradients.outputs.values()], feedsOf(gradients, { tokens: 3 }));
  };
  expect(names.flatMap((name) => gradientsOf([name]))).toEqual(gradientsOf(names));
});
