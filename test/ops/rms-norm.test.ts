import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { expect, test } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph } from "../../src/ir/graph.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { rmsNorm } from "../../src/ops/nn/rms-norm.ts";

const float32 = (...shape: (number | string)[]) => ({ dtype: "float32", shape }) as const;

test.each([
  [undefined, [2, 3]],
  [1, [3, 4]],
])("divides by the root of mean square and epsilon; the weight is shifted by %j", (offset, weights) => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", float32(1, 2)), graph.input("w", float32(2))];
  const y = rmsNorm(x, w, { epsilon: 0.5, ...(offset !== undefined && { offset }) });
  const feeds = {
    x: { data: Float64Array.of(3, 4), shape: [1, 2] },
    w: { data: Float64Array.of(2, 3), shape: [2] },
  };
  const rms = Math.sqrt((9 + 16) / 2 + 0.5);
  const expected = [(3 / rms) * weights[0]!, (4 / rms) * weights[1]!];
  expect([...evaluate(graph, [y], feeds)[0]!.data]).toEqual(expected.map((value) => expect.closeTo(value, 12)));
});

test("the backward pass reads the inverse rms that the forward pass gave, and makes few passes over memory", () => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", float32("rows", 8)), graph.input("w", float32(8))];
  const y = rmsNorm(x, w, { epsilon: 1e-6 });
  graph.outputs.set("y", y);
  backward(y, [x, w], graph.input("dy", y)).forEach((gradient, i) => void graph.outputs.set(`d${i}`, gradient!));
  const { node } = fromBinary(ModelProtoSchema, emitOnnx(graph).bytes).graph!;
  expect(node.map(({ opType }) => opType).join(" ")).toMatchInlineSnapshot(
    `"SimplifiedLayerNormalization Mul Mul ReduceMean Mul Mul Mul Sub Mul Reshape Mul Reshape Gemm Reshape"`,
  );
});
