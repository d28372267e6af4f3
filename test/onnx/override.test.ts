import { expect, test } from "vitest";
import { Graph } from "../../src/ir/graph.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { ENGINE, type Target } from "../../src/onnx/target.ts";
import { scale } from "../../src/ops/nn/elementwise.ts";
import { relu } from "../../src/ops/nn/relu.ts";
import { silu } from "../../src/ops/nn/silu.ts";

const operators = (target?: Target): string[] => {
  const graph = new Graph();
  graph.outputs.set("y", relu(relu(graph.input("x", { dtype: "float32", shape: ["batch"] }))));
  return emitOnnx(graph, target).nodes.map(({ opType }) => opType);
};

test("an override sees types: of the graph's values and of constants, not of what lies inside an op's form", () => {
  const seen: unknown[] = [];
  const watching: Target = {
    ...ENGINE,
    overrides: {
      ...ENGINE.overrides,
      Mul(to, inputs, { types }) {
        seen.push(types.map((type) => type && `${type.dtype}[${type.shape}]`));
        return to.node("Mul", inputs);
      },
    },
  };
  const graph = new Graph();
  const x = graph.input("x", { dtype: "float32", shape: ["batch", 4] });
  graph.outputs.set("y", silu(scale(relu(x), { by: 3 })));
  emitOnnx(graph, watching);
  expect(seen).toEqual([
    ["float32[batch,4]", "float32[]"],
    ["float32[batch,4]", undefined], // the sigmoid, inside silu
  ]);
});

test("an override may use the operator that it replaces", () => {
  const negated: Target = {
    ...ENGINE,
    overrides: { ...ENGINE.overrides, Relu: (to, inputs) => to.node("Neg", [to.node("Relu", inputs)]) },
  };
  expect(operators()).toEqual(["Relu", "Relu"]);
  expect(operators(negated)).toEqual(["Relu", "Neg", "Relu", "Neg"]);
});
