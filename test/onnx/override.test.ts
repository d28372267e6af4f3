import { expect, test } from "vitest";
import { Graph } from "../../src/ir/graph.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { ENGINE, type Target } from "../../src/onnx/target.ts";
import { relu } from "../../src/ops/nn/relu.ts";

const operators = (target?: Target): string[] => {
  const graph = new Graph();
  graph.outputs.set("y", relu(relu(graph.input("x", { dtype: "float32", shape: ["batch"] }))));
  return emitOnnx(graph, target).nodes.map(({ opType }) => opType);
};

test("an override may use the operator that it replaces", () => {
  const negated: Target = {
    ...ENGINE,
    forms: { Relu: (to, inputs) => to.node("Neg", [to.node("Relu", inputs)]) },
  };
  expect(operators()).toEqual(["Relu", "Relu"]);
  expect(operators(negated)).toEqual(["Relu", "Neg", "Relu", "Neg"]);
});
