import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph } from "../../src/ir/graph.ts";
import type { Tensor } from "../../src/ir/types.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { embeddingBackward } from "../../src/ops/nn/embedding.ts";
import { tokenLoss } from "../../src/ops/token-loss/token-loss.ts";
import { tokenLossWeightBackward } from "../../src/ops/token-loss/weight.ts";
import { openSession } from "../../src/session/node/index.ts";
import type { RuntimeTensor, Session } from "../../src/session/session.ts";
import { randn } from "../tensors.ts";
import { toRuntime } from "./check.ts";

interface Sums {
  readonly graph: Graph;
  readonly feeds: Readonly<Record<string, Tensor>>;
}

const vector = (data: readonly number[]): Tensor => ({ data: Float64Array.from(data), shape: [data.length] });

/** The gradient of a table whose rows `ids` are looked up. */
function lookUps(ids: readonly number[], vocab: number, hidden: number, paddingIdx?: number): Sums {
  const graph = new Graph();
  const dy = graph.input("dy", { dtype: "float32", shape: ["tokens", hidden] });
  const rows = graph.input("ids", { dtype: "int64", shape: ["tokens"] });
  const table = graph.input("table", { dtype: "float32", shape: [vocab, hidden] });
  const attrs = paddingIdx === undefined ? {} : { paddingIdx };
  graph.outputs.set("gradient", embeddingBackward(dy, rows, table, attrs));
  const feeds = { dy: randn("dy", [ids.length, hidden]), ids: vector(ids), table: randn("table", [vocab, hidden]) };
  return { graph, feeds };
}

/** The gradient of an output layer whose labels repeat. */
function labels(ids: readonly number[], vocab: number, hidden: number): Sums {
  const graph = new Graph();
  const float = (name: string, shape: (string | number)[]) => graph.input(name, { dtype: "float32", shape });
  const [dy, x, w] = [float("dy", ["tokens"]), float("x", ["tokens", hidden]), float("w", [vocab, hidden])];
  const bias = float("bias", [vocab]);
  const rows = graph.input("ids", { dtype: "int64", shape: ["tokens"] });
  const loss = tokenLoss(x, w, rows, bias, { chunks: 2 });
  graph.outputs.set("gradient", tokenLossWeightBackward(dy, x, w, rows, loss, bias, { chunks: 2 }));
  const n = ids.length;
  const drawn = { dy: randn("dy", [n]), x: randn("x", [n, hidden], 0.1), w: randn("w", [vocab, hidden], 0.1) };
  return { graph, feeds: { ...drawn, bias: randn("bias", [vocab]), ids: vector(ids) } };
}

async function open({ graph, feeds }: Sums): Promise<{ session: Session; tensors: Record<string, RuntimeTensor> }> {
  const model = emitOnnx(graph);
  const session = await openSession(model, { weights: new Map(), threads: 2 });
  const tensors = model.inputs.map(({ name, type }) => [name, toRuntime(type.dtype, feeds[name] as Tensor)]);
  return { session, tensors: Object.fromEntries(tensors) };
}

const idsOf = (n: number, of: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => of(i));

describe("no update of a row that repeats is lost", () => {
  const few = idsOf(4096, (i) => (i * i * 31) % 3);
  const many = idsOf(4096, (i) => (i * i * 31) % 2999);
  test.each<[string, Sums]>([
    ["an embedding, 4096 look-ups of 3 rows", lookUps(few, 3000, 64)],
    ["an embedding, 4096 look-ups of 2999 rows", lookUps(many, 3000, 64)],
    ["an output layer, 4096 labels of 3 classes", labels(few, 8, 64)],
  ])("%s: 100 runs with two threads give the same bytes", async (_, sums) => {
    const { session, tensors } = await open(sums);
    const first = (await session.run(tensors)).gradient!.data as Float32Array;
    let different = 0;
    for (let run = 0; run < 100; run++) {
      const again = (await session.run(tensors)).gradient!.data as Float32Array;
      if (Buffer.compare(Buffer.from(again.buffer), Buffer.from(first.buffer)) !== 0) different++;
    }
    await session.close();
    expect(different).toBe(0);
  });
});

describe("the sums are those of the float64 evaluator", () => {
  const rows: [string, readonly number[]][] = [
    ["no token", []],
    ["one token", [5]],
    ["one id in every block", idsOf(300, () => 2)],
    ["a block that one id fills exactly, and its neighbours", idsOf(192, (i) => Math.floor(i / 64))],
    ["ids that go on over the end of a block", idsOf(200, (i) => Math.floor(i / 50))],
    ["an id over three blocks beside ids of one token", idsOf(260, (i) => (i % 3 === 0 ? i % 40 : 7))],
    ["the first and the last row", idsOf(65, (i) => (i % 2) * 39)],
    ["63 tokens", idsOf(63, (i) => (i * 17) % 40)],
    ["64 tokens of 64 places", idsOf(64, (i) => (i * 7) % 40)],
    ["more tokens than rows", idsOf(1000, (i) => (i * i) % 40)],
  ];
  const sums: [string, Sums][] = rows.flatMap(([name, ids]) => [
    [`an embedding: ${name}`, lookUps(ids, 40, 5)],
    [`an embedding that pads with 2: ${name}`, lookUps(ids, 40, 5, 2)],
    [`an output layer: ${name}`, labels(ids, 40, 5)],
  ]);
  test.each(sums)("%s", async (_, { graph, feeds }) => {
    const { session, tensors } = await open({ graph, feeds });
    const { data, shape } = (await session.run(tensors)).gradient!;
    await session.close();
    const [wanted] = evaluate(graph, [...graph.outputs.values()], feeds);
    expect(shape).toEqual(wanted!.shape);
    const errors = wanted!.data.map((value, i) => Math.abs(Number(data[i]) - value) / Math.max(1, Math.abs(value)));
    expect(Math.max(...errors)).toBeLessThan(2e-5);
  });
});

test("an id that pads never learns, however often it is looked up", async () => {
  const { session, tensors } = await open(lookUps([1, 1, 3, 1], 4, 2, 1));
  const { data } = (await session.run(tensors)).gradient!;
  await session.close();
  expect([...data.slice(2, 4)]).toEqual([0, 0]);
});

test("no op scatters with a reduction", () => {
  const sources = readdirSync("src/ops", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(`src/ops/${file}`, "utf8"));
  expect(sources.filter((source) => /"Scatter\w+", \[.*reduction/.test(source))).toEqual([]);
});
