import { expect, test } from "vitest";
import { DeviceError } from "../../src/errors.ts";
import { Graph } from "../../src/ir/graph.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { scale } from "../../src/ops/nn/elementwise.ts";
import { openSessionOn } from "../../src/session/ort.ts";
import type { RuntimeTensor } from "../../src/session/session.ts";
import { FakeGpu } from "./fake-gpu.ts";

const pair = (...data: number[]): RuntimeTensor => ({ dtype: "float32", shape: [2], data: Float32Array.from(data) });

/** Twice the weight `w`. */
function doubled(): ReturnType<typeof emitOnnx> {
  const graph = new Graph();
  graph.outputs.set("y", scale(graph.param("w", { dtype: "float32", shape: [2] }, { trainable: true }), { by: 2 }));
  return emitOnnx(graph);
}

const open = (gpu: FakeGpu, w: RuntimeTensor) =>
  openSessionOn(gpu, doubled(), { weights: new Map([["w", w]]), device: "webgpu" });

test("a weight is uploaded once for all sessions, and freed with the last of them", async () => {
  const [gpu, w] = [new FakeGpu(), pair(1, 2)];
  const [first, second] = await Promise.all([open(gpu, w), open(gpu, w)]);
  expect(await first.run({})).toEqual({ y: pair(2, 4) });
  expect(await second.run({})).toEqual({ y: pair(2, 4) });
  expect([gpu.uploads.length, gpu.buffers.size, gpu.fromHost.has("w")]).toEqual([1, 1, false]);
  await first.close();
  expect(await second.run({})).toEqual({ y: pair(2, 4) });
  await second.close();
  expect(gpu.buffers.size).toBe(0);
});

test("a change in place is seen by the next run of every session, once it is told", async () => {
  const [gpu, w] = [new FakeGpu(), pair(1, 2)];
  const sessions = [await open(gpu, w), await open(gpu, w)];
  w.data[0] = 10;
  expect(await sessions[0]!.run({})).toEqual({ y: pair(2, 4) });
  sessions[0]!.weightsChanged(["w"]);
  for (const session of sessions) expect(await session.run({})).toEqual({ y: pair(20, 4) });
  expect([gpu.uploads.length, gpu.buffers.size]).toEqual([2, 1]);
  for (const session of sessions) await session.close();
  w.data[0] = 100;
  expect(await (await open(gpu, w)).run({})).toEqual({ y: pair(200, 4) });
});

test("a feed of the same name wins", async () => {
  expect(await (await open(new FakeGpu(), pair(1, 2))).run({ w: pair(5, 6) })).toEqual({ y: pair(10, 12) });
});

test("a weight that is larger than a buffer is refused by its name, and nothing stays on the device", async () => {
  const gpu = new FakeGpu({ maxBufferBytes: 7 });
  const opened = open(gpu, pair(1, 2));
  await expect(opened).rejects.toThrow(DeviceError);
  await expect(opened).rejects.toThrow(/take the weight w: a tensor takes 0.00 GB.*\n.*expected: at most 0.00 GB/s);
  expect(gpu.buffers.size).toBe(0);
});
