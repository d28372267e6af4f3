import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph, type Value } from "../../src/ir/graph.ts";
import type { Shape, Tensor } from "../../src/ir/types.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { attention } from "../../src/ops/attention/attention.ts";
import type { AttentionAttrs } from "../../src/ops/attention/attrs.ts";
import { openSession } from "../../src/session/node/index.ts";
import { randn } from "../tensors.ts";
import { gradcheck, type Operand, runtimeCheck, toRuntime } from "./check.ts";

const T = "batch*seq";
const masks = { plain: [1, 1, 1, 1, 1, 0], documents: [1, 1, 2, 1, 2, 0] };
const maskOf = (data: readonly number[]): Operand => ({ dtype: "int64", shape: ["batch", "seq"], data });
const drop: Operand = {
  dtype: "uint8",
  shape: ["batch", 4, "seq", "seq"],
  data: Array.from({ length: 72 }, (_, i) => (i % 3 === 0 ? 0 : 1)),
};

/** Every setting with every other: heads shared or not, order, distance, softcap, documents, dropout. */
const combinations = [4, 2, 1].flatMap((kvHeads) =>
  [false, true].flatMap((causal) =>
    [undefined, 1].flatMap((window) =>
      [undefined, 1.5].flatMap((softcap) =>
        [false, true].flatMap((documents) => [1, 0.6].map((keep) => ({ kvHeads, causal, window, softcap, documents, keep }))),
      ),
    ),
  ),
); // biome-ignore format: a product

describe("gradients agree with finite differences, and the engine with the evaluator", () => {
  test.each(combinations)("%j", async ({ kvHeads, causal, window, softcap, documents, keep }) => {
    const attrs: AttentionAttrs = {
      heads: 4,
      scale: 0.7,
      keep,
      ...(kvHeads < 4 && { kvHeads }),
      ...(causal && { causal }),
      ...(window !== undefined && { window }),
      ...(softcap !== undefined && { softcap }),
      ...(documents && { documents }),
    };
    const f = (q?: Value, k?: Value, v?: Value, mask?: Value, drop?: Value): Value =>
      attention(q!, k!, v!, mask!, drop, attrs);
    const mask = maskOf(documents ? masks.documents : masks.plain);
    const operands = [[T, 12], [T, 3 * kvHeads], [T, 3 * kvHeads], mask, ...(keep < 1 ? [drop] : [])];
    gradcheck(f, operands);
    await runtimeCheck(f, operands);
  });
});

/** Attention within one text, on the evaluator. */
function attend(attrs: Partial<AttentionAttrs>, feeds: Readonly<Record<"q" | "k" | "v" | "mask", Tensor>>) {
  const graph = new Graph();
  const of = (name: "q" | "k" | "v"): Value =>
    graph.input(name, { dtype: "float32", shape: ["1*seq", feeds[name].shape[1]!] });
  const mask = graph.input("mask", { dtype: "int64", shape: [1, "seq"] });
  const y = attention(of("q"), of("k"), of("v"), mask, undefined, { heads: 4, scale: 0.5, ...attrs });
  return [...evaluate(graph, [y], feeds)[0]!.data].map((value) => Number(value.toFixed(12)));
}

const tensor = (data: readonly number[], shape: readonly number[]): Tensor => ({
  data: Float64Array.from(data),
  shape,
});
const random = (seq: number, kvHeads = 4) => ({
  q: randn("q", [seq, 8]),
  k: randn("k", [seq, 2 * kvHeads]),
  v: randn("v", [seq, 2 * kvHeads]),
  mask: tensor(new Array<number>(seq).fill(1), [1, seq]),
});

describe("who sees whom", () => {
  const row = (y: readonly number[], i: number): number[] => y.slice(8 * i, 8 * (i + 1));
  /** The rows whose result changes when token `j` gets another key and value. */
  function readers(j: number, seq: number, attrs: Partial<AttentionAttrs>, mask?: readonly number[]): number[] {
    const feeds = { ...random(seq), ...(mask && { mask: tensor(mask, [1, seq]) }) };
    const change = (x: Tensor): Tensor => ({
      ...x,
      data: x.data.map((value, i) => (Math.floor(i / 8) === j ? 1 - value : value)),
    });
    const [before, after] = [feeds, { ...feeds, k: change(feeds.k), v: change(feeds.v) }].map((feeds) =>
      attend(attrs, feeds),
    );
    return Array.from({ length: seq }, (_, i) => i).filter((i) => `${row(before!, i)}` !== `${row(after!, i)}`);
  }

  test.each<[string, Partial<AttentionAttrs>, number[] | undefined, number[]]>([
    ["all see a token", {}, undefined, [0, 1, 2, 3, 4]],
    ["none sees padding", {}, [1, 1, 0, 1, 1], []],
    ["causal: itself and those after it", { causal: true }, undefined, [2, 3, 4]],
    ["window: those near it", { window: 1 }, undefined, [1, 2, 3]],
    ["both: those shortly after it", { causal: true, window: 1 }, undefined, [2, 3]],
    ["documents: those of its own", { documents: true }, [1, 1, 2, 2, 0], [2, 3]],
    ["documents need not be neighbours", { documents: true }, [3, 1, 3, 2, 3], [0, 2, 4]],
    ["all of it", { documents: true, causal: true, window: 1 }, [1, 2, 2, 2, 2], [2, 3]],
  ])("%s", (_, attrs, mask, expected) => {
    expect(readers(2, 5, attrs, mask)).toEqual(expected);
  });
});

test("query head h reads key and value head ⌊h · kvHeads / heads⌋", () => {
  const shared = random(3, 2);
  const repeat = (x: Tensor): Tensor =>
    tensor([0, 1, 2].flatMap((i) => [0, 0, 1, 1].flatMap((head) => [...x.data.slice(4 * i + 2 * head, 4 * i + 2 * head + 2)])), [3, 8]); // biome-ignore format: one expression
  const repeated = { ...shared, k: repeat(shared.k), v: repeat(shared.v) };
  expect(attend({ kvHeads: 2 }, shared)).toEqual(attend({}, repeated));
});

test("softcap · tanh(score / softcap), before the softmax", () => {
  const one = { q: tensor([0, 0, 0, 0, 3, 3, 3, 3], [2, 4]), k: tensor([0, 2], [2, 1]), v: tensor([0, 1], [2, 1]) };
  const y = attend({ kvHeads: 1, softcap: 2, scale: 0.5 }, { ...one, mask: tensor([1, 1], [1, 2]) });
  const second = 1 / (1 + Math.exp(-2 * Math.tanh((0.5 * 3 * 2) / 2)));
  expect(y).toEqual([0.5, 0.5, 0.5, 0.5, ...new Array<number>(4).fill(Number(second.toFixed(12)))]);
});

/** Layers of attention on the same mask, with their gradients. */
function layers(attrs: Partial<AttentionAttrs>): Graph {
  const graph = new Graph();
  const shape: Shape = ["batch*seq", 8];
  const x = graph.input("x", { dtype: "float32", shape });
  const mask = graph.input("mask", { dtype: "int64", shape: ["batch", "seq"] });
  const settings = { heads: 4, scale: 0.5, ...attrs };
  const y = attention(x, attention(x, x, x, mask, undefined, settings), x, mask, undefined, settings);
  graph.outputs.set("y", y);
  const [dx] = backward(y, [x], graph.input("dy", { dtype: "float32", shape }));
  graph.outputs.set("dx", dx!);
  return graph;
}

describe("on the engine", () => {
  const count = (graph: Graph, op: string): number =>
    fromBinary(ModelProtoSchema, emitOnnx(graph).bytes).graph!.node.filter(({ opType }) => opType === op).length;

  test("one bias serves all layers, forwards and backwards", () => {
    const graph = layers({ causal: true, window: 1, documents: true });
    expect([count(graph, "Softmax"), count(graph, "Where"), count(graph, "Greater")]).toEqual([16, 1, 2]); // four blocks, twice two layers
  });

  test("blocks have no rank that the engine could know: opening a deep model would take quadratic time", () => {
    const { node } = fromBinary(ModelProtoSchema, emitOnnx(layers({ causal: true, kvHeads: 4 })).bytes).graph!;
    const reshapes = new Map(
      node.flatMap(({ opType, input, output }) => (opType === "Reshape" ? [[output[0], input[1]]] : [])),
    );
    const split = node.filter(({ opType, input }) => opType === "Transpose" && reshapes.has(input[0]));
    expect(split.map(({ input }) => /^Slice/.test(reshapes.get(input[0])!))).toEqual(split.map(() => true));
    expect(split.length).toBeGreaterThan(8);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    "of %i tokens, where blocks may be empty, it agrees with the evaluator",
    async (seq) => {
      const graph = layers({ causal: true, window: 3 });
      const [x, dy] = [randn("x", [2 * seq, 8]), randn("dy", [2 * seq, 8])];
      const mask = tensor(
        Array.from({ length: 2 * seq }, (_, i) => (i === 2 * seq - 1 && seq > 1 ? 0 : 1)),
        [2, seq],
      );
      const expected = evaluate(graph, [...graph.outputs.values()], { x, dy, mask });
      const session = await openSession(emitOnnx(graph), { weights: new Map(), threads: 1 });
      const feeds = { x: toRuntime("float32", x), dy: toRuntime("float32", dy), mask: toRuntime("int64", mask) };
      const results = await session.run(feeds);
      await session.close();
      for (const [i, name] of ["y", "dx"].entries()) {
        const found = results[name]!.data as Float32Array;
        expected[i]!.data.forEach((value, k) => void expect(found[k], `${name}[${k}]`).toBeCloseTo(value, 4));
      }
    },
  );

  test("a row with nothing to see stays finite, and so do gradients", async () => {
    const session = await openSession(emitOnnx(layers({ causal: true })), { weights: new Map(), threads: 1 });
    const x = toRuntime("float32", randn("x", [6, 8], 3));
    const mask = toRuntime("int64", tensor([0, 0, 1, 0, 0, 0], [2, 3])); // padding on the left; nothing but padding
    const { y, dx } = await session.run({ x, mask, dy: x });
    await session.close();
    expect([...(y!.data as Float32Array), ...(dx!.data as Float32Array)].every(Number.isFinite)).toBe(true);
  });

  test("a group of heads is one matrix with more rows: keys and values are not repeated", () => {
    const graph = new Graph();
    const of = (name: string, width: number): Value =>
      graph.input(name, { dtype: "float32", shape: ["batch*seq", width] });
    const mask = graph.input("mask", { dtype: "int64", shape: ["batch", "seq"] });
    const attrs = { heads: 4, kvHeads: 2, scale: 0.5 };
    graph.outputs.set("y", attention(of("q", 8), of("k", 4), of("v", 4), mask, undefined, attrs));
    const wide = fromBinary(ModelProtoSchema, emitOnnx(graph).bytes).graph!.node.map(({ opType }) => opType);
    expect(wide.slice(wide.indexOf("Transpose")).join(" ")).toMatchInlineSnapshot(
      `"Transpose Concat Reshape Transpose Reshape Transpose Unsqueeze Equal Where Reshape FusedMatMul Reshape Add Softmax Reshape FusedMatMul Reshape Transpose Reshape"`,
    );
  });
});

describe("refuses", () => {
  const of = (shape: Shape): Value => new Graph().input("x", { dtype: "float32", shape });
  const refused = (q: Shape, k: Shape, attrs: Partial<AttentionAttrs>): (() => Value) => {
    const [graph, settings] = [of(q).graph, { heads: 4, scale: 1, ...attrs }];
    const kv = graph.input("kv", { dtype: "float32", shape: k });
    const mask = graph.input("mask", { dtype: "int64", shape: ["batch", "seq"] });
    return () => attention(graph.named("x")!, kv, kv, mask, undefined, settings);
  };

  test("a width that heads do not divide", () => {
    expect(refused([T, 10], [T, 10], {})).toThrow("Attention: width 10 is not divisible into 4 heads");
  });

  test("kvHeads that do not divide heads", () => {
    expect(refused([T, 8], [T, 6], { kvHeads: 3 })).toThrow(
      "Attention: 4 heads are not divisible into groups for 3 kvHeads",
    );
  });

  test("keys of another width", () => {
    expect(refused([T, 8], [T, 8], { kvHeads: 2 })).toThrow(
      "q [batch*seq,8], k [batch*seq,8], v [batch*seq,8], mask [batch,seq] do not fit: k and v need [batch*seq,4]",
    );
  });
});
