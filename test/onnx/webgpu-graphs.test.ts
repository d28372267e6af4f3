import { expect, test } from "vitest";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { WEBGPU } from "../../src/onnx/target.ts";
import { ALL } from "../webgpu/cases.ts";
import { integerNodes } from "../webgpu/host-nodes.ts";
import { stepOf } from "../webgpu/steps.ts";

/** Operators without a kernel for numbers in ONNX Runtime 1.30's WebGPU provider, or with one of too low precision. */
const ON_HOST = new Set([
  ...[
    "BitCast",
    "ConstantOfShape",
    "Cos",
    "CumSum",
    "FusedMatMul",
    "IsNaN",
    "LogSoftmax",
    "Min",
    "OneHot",
    "Or",
    "Range",
    "Sign",
  ],
  ...["Sin", "SoftmaxCrossEntropyLoss", "Sum", "TopK", "Xor"],
]);

test.each(ALL)("%s: a step asks the device for nothing that it lacks or computes wrongly", (_, architecture, keys) => {
  const model = emitOnnx(stepOf(architecture, keys).graph, WEBGPU);
  const integers = integerNodes(model);
  const strays = model.nodes.filter(({ name, opType }) => ON_HOST.has(opType) && !integers.has(name));
  expect(strays.map(({ name }) => name)).toEqual([]);
  const norms = model.nodes.filter(({ opType }) => opType === "SimplifiedLayerNormalization");
  const wrong = new Set(norms.flatMap(({ output }) => output.slice(1))); // the mean, where the inverse rms belongs
  const read = [...model.nodes.flatMap(({ input }) => input), ...model.outputs.values()];
  expect(read.filter((name) => wrong.has(name))).toEqual([]);
});
