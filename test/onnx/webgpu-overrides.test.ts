import { describe, expect, test } from "vitest";
import { Graph } from "../../src/ir/graph.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { WEBGPU } from "../../src/onnx/target.ts";
import { upcast } from "../../src/ops/quantized/upcast.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "../../src/quant/half.ts";
import { onCpu, runtimeCheck } from "../ops/check.ts";
import { ROWS } from "../ops/op-rows.ts";

describe("in the operators of WebGPU, every op computes the same", () => {
  for (const [op, f, operands, kind] of ROWS) test(op, () => runtimeCheck(f, operands, kind, onCpu(WEBGPU)));
});

test.each([
  ["float16", float16ToFloat32, 0],
  ["bfloat16", bfloat16ToFloat32, 2 ** -125],
] as const)("every finite %s is upcast exactly, from its bytes", async (dtype, decode, smallest) => {
  const bits = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
  const wanted = decode(bits);
  const graph = new Graph();
  const w = graph.param("w", { dtype, shape: [256, 256] }, { trainable: false });
  graph.outputs.set("y", upcast(w));
  const { y } = await onCpu(WEBGPU)(graph, { w: { dtype, shape: [256, 256], data: bits } });
  const wrong = bits.filter((i) => {
    const x = wanted[i]!;
    return Number.isFinite(x) && Math.abs(x) >= smallest
      ? y!.data[i] !== x
      : Math.abs(x) < smallest && y!.data[i] !== 0;
  });
  expect([...wrong]).toEqual([]);
});

test("types that no tensor on a device has are fed as their bytes", () => {
  const graph = new Graph();
  const halves = graph.param("halves", { dtype: "float16", shape: [2, 3] }, { trainable: false });
  graph.outputs.set("y", upcast(halves));
  expect(emitOnnx(graph, WEBGPU).inputs).toEqual([{ name: "halves", type: { dtype: "uint8", shape: [2, 3, 2] } }]);
  expect(emitOnnx(graph).inputs).toEqual([{ name: "halves", type: { dtype: "float16", shape: [2, 3] } }]);
});
