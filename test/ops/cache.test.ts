import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph, type Value } from "../../src/ir/graph.ts";
import type { Shape, Tensor } from "../../src/ir/types.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { attention } from "../../src/ops/attention/attention.ts";
import { appendCache, type CachedAttentionAttrs, cachedAttention } from "../../src/ops/attention/cache.ts";
import { embedding } from "../../src/ops/nn/embedding.ts";
import { reshape } from "../../src/ops/shape/shape.ts";
import { openSession } from "../../src/session/node/index.ts";
import { randn } from "../tensors.ts";
import { toRuntime } from "./check.ts";

const [BATCH, SEQ, HEADS, KV, WIDTH] = [2, 5, 4, 2, 3];
const tables = {
  q: randn("q", [11, HEADS * WIDTH]),
  k: randn("k", [11, KV * WIDTH]),
  v: randn("v", [11, KV * WIDTH]),
};
const IDS = [3, 1, 4, 1, 5, 9, 2, 6, 10, 0];
/** The second text has two tokens of padding before it. */
const MASK = [1, 1, 1, 1, 1, 0, 0, 1, 1, 1];
const attrs = { heads: HEADS, kvHeads: KV, scale: 0.6 };

/** Queries, keys and values, looked up by id. */
function projections(graph: Graph): readonly [q: Value, k: Value, v: Value] {
  const ids = graph.input("ids", { dtype: "int64", shape: ["batch", "seq"] });
  const rows = reshape(ids, { shape: ["batch*seq"] });
  const of = (name: "q" | "k" | "v"): Value =>
    embedding(rows, graph.input(name, { dtype: "float32", shape: tables[name].shape }), {});
  return [of("q"), of("k"), of("v")];
}

function whole(settings: CachedAttentionAttrs): Graph {
  const graph = new Graph();
  const [q, k, v] = projections(graph);
  const mask = graph.input("mask", { dtype: "int64", shape: ["batch", "seq"] });
  graph.outputs.set("y", attention(q, k, v, mask, undefined, settings));
  return graph;
}

function cached(settings: CachedAttentionAttrs, total = "total"): Graph {
  const graph = new Graph();
  const [q, k, v] = projections(graph);
  const mask = graph.input("mask", { dtype: "int64", shape: ["batch", "total"] });
  const grown = (name: string, x: Value): Value => {
    const past = graph.input(`past_${name}`, { dtype: "float32", shape: ["batch", KV, "past", WIDTH] });
    const all = appendCache(past, x, { total });
    graph.outputs.set(name, all);
    return all;
  };
  graph.outputs.set("y", cachedAttention(q, grown("keys", k), grown("values", v), mask, settings));
  return graph;
}

type Run = (feeds: Readonly<Record<string, Tensor>>) => Promise<Record<string, Tensor>>;

/** Columns `from` to `to − 1` of the tokens. */
const columns = (data: readonly number[], from: number, to: number): Tensor => ({
  data: Float64Array.from([0, 1].flatMap((row) => data.slice(row * SEQ + from, row * SEQ + to))),
  shape: [BATCH, to - from],
});

/** Results of all tokens, fed in pieces of the given lengths: `[batch][seq]` rows. */
async function piecewise(run: Run, pieces: readonly number[]): Promise<number[][][]> {
  const rows: number[][][] = [[], []];
  let [past, done] = [{ keys: empty, values: empty }, 0];
  for (const length of pieces) {
    const feeds = { ids: columns(IDS, done, done + length), mask: columns(MASK, 0, done + length) };
    const { y, keys, values } = await run({ ...feeds, past_keys: past.keys, past_values: past.values });
    past = { keys: keys!, values: values! };
    done += length;
    y!.data.forEach((value, i) => {
      const at = Math.floor(i / (HEADS * WIDTH));
      const [text, token] = [Math.floor(at / length), done - length + (at % length)];
      rows[text]![token] = [...(rows[text]![token] ?? []), value];
    });
  }
  expect(past.keys.shape).toEqual([BATCH, KV, SEQ, WIDTH]);
  return rows;
}

const empty: Tensor = { data: new Float64Array(0), shape: [BATCH, KV, 0, WIDTH] };

const onEvaluator = (graph: Graph): Run =>
  async (feeds) => {
    const results = evaluate(graph, [...graph.outputs.values()], { ...tables, ...feeds });
    return Object.fromEntries([...graph.outputs.keys()].map((name, i) => [name, results[i]!]));
  }; // biome-ignore format: a function of a function

async function onEngine(graph: Graph, use: (run: Run) => Promise<void>): Promise<void> {
  const session = await openSession(emitOnnx(graph), { weights: new Map(), threads: 1 });
  await use(async (feeds) => {
    const given = Object.entries({ ...tables, ...feeds }).map(([name, x]) => {
      return [name, toRuntime(name === "ids" || name === "mask" ? "int64" : "float32", x)];
    });
    const results = await session.run(Object.fromEntries(given));
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, shape }]) => [
        name,
        { data: Float64Array.from(data as Float32Array), shape },
      ]),
    );
  });
  await session.close();
}

const settings: [string, CachedAttentionAttrs][] = [
  ["causal", { ...attrs, causal: true }],
  ["causal, with a window", { ...attrs, causal: true, window: 1 }],
  ["causal, with a softcap", { ...attrs, causal: true, softcap: 1.5 }],
];

describe.each(settings)("%s", (_, settings) => {
  const wanted = async (): Promise<number[][][]> => {
    const { y } = await onEvaluator(whole(settings))({ ids: columns(IDS, 0, SEQ), mask: columns(MASK, 0, SEQ) });
    const width = HEADS * WIDTH;
    return [0, 1].map((text) =>
      Array.from({ length: SEQ }, (_, i) => [...y!.data.slice((text * SEQ + i) * width, (text * SEQ + i + 1) * width)]),
    );
  };
  /** Of real tokens; what padding gets depends on how much of it there is. */
  const agrees = (rows: number[][][], wanted: number[][][], digits: number): void => {
    const near = (rows: number[][][]): number[] =>
      rows.flatMap((text, t) => text.flatMap((row, i) => (MASK[t * SEQ + i] === 1 ? row : [])));
    const [found, expected] = [near(rows), near(wanted)];
    expect(found).toHaveLength(8 * HEADS * WIDTH);
    found.forEach((value, i) => void expect(value).toBeCloseTo(expected[i]!, digits));
  };

  test.each([[[5]], [[1, 1, 1, 1, 1]], [[2, 3]], [[3, 1, 1]]])(
    "in pieces of %j it equals attention",
    async (pieces) => {
      const expected = await wanted();
      agrees(await piecewise(onEvaluator(cached(settings)), pieces), expected, 12);
      await onEngine(cached(settings), async (run) => agrees(await piecewise(run, pieces), expected, 5));
    },
  );
});

test("without order and on an empty cache it equals attention", async () => {
  const graph = cached({ ...attrs, window: 1 });
  const feeds = { ids: columns(IDS, 0, SEQ), mask: columns(MASK, 0, SEQ) };
  const { y: expected } = await onEvaluator(whole({ ...attrs, window: 1 }))(feeds);
  const all = { ...feeds, past_keys: empty, past_values: empty };
  expect((await onEvaluator(graph)(all)).y!.data).toEqual(expected!.data);
  await onEngine(graph, async (run) => {
    const { y } = await run(all);
    y!.data.forEach((value, i) => void expect(value).toBeCloseTo(expected!.data[i]!, 5));
  });
});

test("the bias has a row for each new token, and all layers share it", () => {
  const graph = cached({ ...attrs, causal: true, window: 2 });
  const again = cachedAttention(
    graph.outputs.get("y")!,
    graph.outputs.get("keys")!,
    graph.outputs.get("values")!,
    graph.named("mask")!,
    { ...attrs, causal: true, window: 2 },
  );
  graph.outputs.set("again", again);
  const { node } = fromBinary(ModelProtoSchema, emitOnnx(graph).bytes).graph!;
  const count = (op: string): number => node.filter(({ opType }) => opType === op).length;
  expect([count("Softmax"), count("Where"), count("Greater"), count("Range")]).toEqual([2, 1, 2, 2]);
});

describe("refuses", () => {
  const of = (graph: Graph, shape: Shape, name = "x"): Value => graph.input(name, { dtype: "float32", shape });

  test("new tokens of another width than the cache", () => {
    const graph = new Graph();
    const [past, x] = [of(graph, ["batch", 2, "past", 4], "past"), of(graph, ["batch*seq", 6])];
    expect(() => appendCache(past, x, { total: "total" })).toThrow(
      "takes past [batch, kvHeads, past, headDim] and x [rows, kvHeads·headDim]; got [batch,2,past,4], [batch*seq,6]",
    );
  });

  test("a mask of another length than the keys", () => {
    const graph = new Graph();
    const keys = of(graph, ["batch", 2, "total", 4], "keys");
    const mask = graph.input("mask", { dtype: "int64", shape: ["batch", "seq"] });
    const q = of(graph, ["batch*seq", 16]);
    expect(() => cachedAttention(q, keys, keys, mask, { ...attrs, causal: true })).toThrow(
      /mask \[batch,seq\] do not fit: keys and values need \[batch,2,total,4\]/,
    );
  });
});
