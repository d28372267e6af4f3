import { expect, test } from "vitest";
import { Graph } from "../../../src/ir/graph.ts";
import { emitOnnx } from "../../../src/onnx/emit.ts";
import { bufferBytes, DeviceBuffers } from "../../../src/onnx/memory/device-buffers.ts";
import { deviceMemory } from "../../../src/onnx/memory/device-memory.ts";
import { WEBGPU } from "../../../src/onnx/target.ts";
import { matMul } from "../../../src/ops/nn/matmul.ts";
import { relu } from "../../../src/ops/nn/relu.ts";

test("a buffer has the length of a bucket, or of what is longer than all", () => {
  expect([1, 64, 65, 600, 9e6, 151_936 * 896 * 4].map(bufferBytes)).toEqual([
    ...[64, 64, 128, 2048, 12_582_912],
    151_936 * 896 * 4,
  ]);
});

test("a released buffer serves the next tensor of its bucket, once what was submitted is done", () => {
  const buffers = new DeviceBuffers();
  buffers.release(buffers.allocate(100));
  buffers.allocate(100);
  expect(buffers.peakBytes).toBe(256);
  buffers.release(128);
  for (let i = 0; i < 20; i++) buffers.release(buffers.allocate(1));
  const before = buffers.peakBytes;
  buffers.allocate(100);
  expect(buffers.peakBytes).toBe(before);
});

test("weights are counted once, and what nodes give for the longest of the runs", () => {
  const graph = new Graph();
  const x = graph.input("x", { dtype: "float32", shape: ["rows", 256] });
  const w = graph.param("w", { dtype: "float32", shape: [256, 256] }, { trainable: false });
  graph.outputs.set("y", relu(matMul(x, w, {})));
  const runs = [64, 256].map((rows) => new Map([["rows", rows]]));
  const memory = deviceMemory(emitOnnx(graph, WEBGPU), (name) => name === "w", runs);
  const matrix = 256 * 256 * 4;
  expect(memory.weights).toBe(matrix);
  expect(memory.activations).toBeGreaterThanOrEqual(3 * matrix); // x, and what two nodes give
  expect(memory.activations).toBeLessThan(5 * matrix);
});
