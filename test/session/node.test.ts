import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { trainingGraph } from "../../src/autodiff/training-graph.ts";
import { EngineError } from "../../src/errors.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph, type Value } from "../../src/ir/graph.ts";
import type { DType } from "../../src/ir/types.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { barrier, detach } from "../../src/ops/core/barrier.ts";
import { dropout } from "../../src/ops/nn/dropout.ts";
import { mul, scale, sub } from "../../src/ops/nn/elementwise.ts";
import { embedding } from "../../src/ops/nn/embedding.ts";
import { relu } from "../../src/ops/nn/relu.ts";
import { tanh } from "../../src/ops/nn/tanh.ts";
import { dequantize8bit } from "../../src/ops/quantized/eightbit.ts";
import { reduceSum } from "../../src/ops/shape/shape.ts";
import { openSession } from "../../src/session/node/index.ts";
import type { Elements, RuntimeTensor, SessionOptions } from "../../src/session/session.ts";
import { toRuntime } from "../ops/check.ts";
import { feedForward, feedsOf } from "../tiny.ts";

const float32 = (shape: number[], ...data: number[]): RuntimeTensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(data),
});

/** A graph with the output `y`, on the engine. */
const open = (graph: Graph, options: Partial<SessionOptions> = {}) =>
  openSession(emitOnnx(graph), { weights: new Map(), threads: 1, ...options });

function graphOf(
  inputs: Readonly<Record<string, [DType, ...(number | string)[]]>>,
  y: (...xs: Value[]) => Value,
): Graph {
  const graph = new Graph();
  const values = Object.entries(inputs).map(([name, [dtype, ...shape]]) => graph.input(name, { dtype, shape }));
  graph.outputs.set("y", y(...values));
  return graph;
}

describe("weights", () => {
  test("are bound, not copied: what an optimizer changes in place is what the next run reads", async () => {
    const graph = graphOf({ ids: ["int64", "tokens"], w: ["float32", 2, 2] }, (ids, w) => embedding(ids!, w!, {}));
    const w = float32([2, 2], 1, 2, 3, 4);
    const session = await open(graph, { weights: new Map([["w", w], ["unread", w]]) }); // biome-ignore format: a row
    const ids: RuntimeTensor = { dtype: "int64", shape: [1], data: BigInt64Array.of(1n) };
    const first = await session.run({ ids });
    w.data[3] = 40;
    const second = await session.run({ ids });
    await session.close();
    expect([first.y, second.y]).toEqual([float32([1, 2], 3, 4), float32([1, 2], 3, 40)]);
  });

  test("give way to a feed of the same name", async () => {
    const graph = graphOf({ x: ["float32", 2] }, (x) => reduceSum(x!, { axes: [0] }));
    const session = await open(graph, { weights: new Map([["x", float32([2], 1, 2)]]) });
    expect(await session.run({})).toEqual({ y: float32([], 3) });
    expect(await session.run({ x: float32([2], 5, 6) })).toEqual({ y: float32([], 11) });
    await session.close();
  });
});

describe("feeds", () => {
  const row = (dtype: DType, shape: number[], data: Elements): RuntimeTensor => ({ dtype, shape, data });

  test("of bytes: a dropout mask", async () => {
    const graph = graphOf({ x: ["float32", 4], mask: ["uint8", 4] }, (x, mask) => dropout(x!, mask!, { keep: 0.5 }));
    const session = await open(graph);
    const mask = row("uint8", [4], Uint8Array.of(1, 0, 1, 0));
    expect(await session.run({ x: float32([4], 1, 2, 3, 4), mask })).toEqual({ y: float32([4], 2, 0, 6, 0) });
    await session.close();
  });

  test("of int8: packed weights", async () => {
    const graph = graphOf({ codes: ["int8", 2, 2], absmax: ["float32", 2] }, (codes, absmax) =>
      dequantize8bit(codes!, absmax!),
    );
    const session = await open(graph);
    const codes = row("int8", [2, 2], Int8Array.of(-127, 127, 0, 127));
    const { y } = await session.run({ codes, absmax: float32([2], 2, 4) });
    await session.close();
    expect(Array.from(y!.data, Number)).toEqual([-2, 2, 0, 4].map((x) => expect.closeTo(x, 6)));
  });

  test("of int64: ids, those past 2³¹ told apart", async () => {
    const graph = new Graph();
    graph.outputs.set("y", graph.input("x", { dtype: "int64", shape: ["tokens"] }));
    const session = await open(graph);
    const x = row("int64", [2], BigInt64Array.of(-100n, 2n ** 40n + 1n));
    expect(await session.run({ x })).toEqual({ y: x });
    await session.close();
  });
});

test("only the outputs asked for are fetched, by their names", async () => {
  const graph = graphOf({ x: ["float32", 2] }, (x) => reduceSum(x!, { axes: [0] }));
  graph.outputs.set("x", graph.named("x")!);
  const session = await open(graph);
  const x = float32([2], 1, 2);
  expect(await session.run({ x }, ["y"])).toEqual({ y: float32([], 3) });
  expect(await session.run({ x })).toEqual({ y: float32([], 3), x });
  await session.close();
});

describe("an engine's failure is an EngineError that says at what", () => {
  test("a model that is none", async () => {
    const model = { bytes: Uint8Array.of(1, 2, 3), inputs: [], fixed: [], outputs: new Map<string, string>() };
    const error = await openSession(model, { weights: new Map() }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({ code: "E_ENGINE", exitCode: 1, cause: expect.any(Error) });
    expect((error as Error).message).toMatch(/^ONNX Runtime could not open the graph: ./);
  });

  test.each<[string, Record<string, RuntimeTensor>]>([
    ["a feed that is missing", {}],
    ["a feed of another shape", { x: float32([3], 1, 2, 3) }],
    ["a feed of another type", { x: { dtype: "int8", shape: [2], data: Int8Array.of(1, 2) } }],
  ])("%s", async (_, feeds) => {
    const graph = graphOf({ x: ["float32", 2] }, (x) => reduceSum(x!, { axes: [0] }));
    const session = await open(graph);
    const error = await session.run(feeds).catch((error: unknown) => error);
    await session.close();
    expect(error).toBeInstanceOf(EngineError);
    expect((error as Error).message).toMatch(/^ONNX Runtime could not run the graph: ./);
  });
});

describe("recomputation", () => {
  /** A training step through a GELU, on the engine under its profiler: results, and the ops in the order they ran. */
  async function profiled(graph: Graph): Promise<{ data: number[]; ops: string[] }> {
    const folder = mkdtempSync(join(tmpdir(), "lowrank-"));
    try {
      const feeds = feedsOf(graph, { tokens: 5 });
      const model = emitOnnx(graph);
      const session = await openSession(model, { weights: new Map(), threads: 1, profile: join(folder, "profile") });
      const inputs = model.inputs.map(({ name, type }) => [name, toRuntime(type.dtype, feeds[name]!)]);
      const results = await session.run(Object.fromEntries(inputs));
      await session.close();
      const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]!), "utf8")) as ProfilerEvent[];
      const ran = events.filter(({ name }) => name.endsWith("_kernel_time")).sort((a, b) => a.ts - b.ts);
      return {
        data: Object.values(results).flatMap(({ data }) => Array.from(data, Number)),
        ops: ran.map(({ args }) => args?.op_name ?? ""),
      };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  interface ProfilerEvent {
    readonly name: string;
    readonly ts: number;
    readonly args?: { readonly op_name?: string };
  }

  const step = (): Graph => {
    const graph = feedForward();
    return trainingGraph(graph, (graph) => reduceSum(graph.outputs.get("y")!, { axes: [0, 1] }));
  };

  test("runs: the engine computes the activation a second time, and that late", async () => {
    const { ops } = await profiled(step());
    const at = ops.flatMap((op, i) => (/Gelu/.test(op) ? [i] : []));
    expect(at, ops.join(" ")).toHaveLength(2);
    expect(
      ops.slice(at[0]!, at[1]).filter((op) => /Gemm|MatMul/.test(op)),
      ops.join(" "),
    ).not.toEqual([]);
  });

  test("gives what the evaluator gives", async () => {
    const graph = step();
    const expected = evaluate(graph, [...graph.outputs.values()], feedsOf(graph, { tokens: 5 }));
    const { data } = await profiled(graph);
    expect(data).toEqual(expected.flatMap(({ data }) => [...data].map((x) => expect.closeTo(x, 4))));
  });

  test.each<[string, (x: Value, after: Value) => Value, number]>([
    ["an Identity", (x) => detach(x), 1],
    ["a barrier", barrier, 2],
  ])("of two equal activations, one behind %s: as many run as should", async (_, behind, times) => {
    const { ops } = await profiled(
      graphOf({ x: ["float32", "tokens", 4], dy: ["float32", "tokens", 4] }, (x, dy) =>
        mul(tanh(x!), mul(dy!, tanh(behind(x!, dy!)))),
      ),
    );
    expect(ops.filter((op) => /Tanh/.test(op))).toHaveLength(times);
  });

  test.each(["first", "last"])("waits until what the barrier names is known: asked for %s", async (when) => {
    const { ops } = await profiled(
      graphOf({ x: ["float32", "tokens", 4] }, (x) => {
        const after = relu(scale(x!, { by: 2 }));
        const again = tanh(barrier(x!, after));
        return when === "first" ? sub(again, after) : sub(after, again);
      }),
    );
    expect(ops.indexOf("Tanh"), ops.join(" ")).toBeGreaterThan(ops.indexOf("Relu"));
    expect(ops).toContain("Relu");
  });
});
