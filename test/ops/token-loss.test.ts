import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type NodeProto } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { OperandError } from "../../src/errors.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph } from "../../src/ir/graph.ts";
import type { Tensor } from "../../src/ir/types.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { IGNORED_LABEL } from "../../src/ops/nn/cross-entropy.ts";
import { mul, scale } from "../../src/ops/nn/elementwise.ts";
import { reduceSum } from "../../src/ops/shape/shape.ts";
import { tokenChoice, tokenLoss } from "../../src/ops/token-loss/token-loss.ts";
import { openSession } from "../../src/session/node/index.ts";
import { dot, randn } from "../tensors.ts";
import { toRuntime } from "./check.ts";

interface Asked {
  readonly vocab: number;
  readonly hidden: number;
  readonly chunks: number;
  readonly softcap?: number;
  readonly smoothing?: number;
  readonly bias?: boolean;
  /** How `w` is stored; it is frozen then. */
  readonly half?: "float16" | "bfloat16";
  /** Trained: gradients by x, w and bias. Scored: losses and choices. */
  readonly kind: "trained" | "scored" | "scored, choice first" | "everything";
}

function build({ vocab, hidden, chunks, softcap, smoothing, bias, half, kind }: Asked): Graph {
  const graph = new Graph();
  const attrs = { chunks, ...(softcap !== undefined && { softcap }), ...(smoothing !== undefined && { smoothing }) };
  const given = graph.input("x", { dtype: "float32", shape: ["rows", hidden] });
  const w = graph.param("w", { dtype: half ?? "float32", shape: [vocab, hidden] }, { trainable: !half });
  const b = bias ? graph.param("bias", { dtype: "float32", shape: [vocab] }, { trainable: true }) : undefined;
  const labels = graph.input("labels", { dtype: "int64", shape: ["rows"] });
  const x = scale(given, { by: 1 });
  if (kind === "scored, choice first") graph.outputs.set("choices", tokenChoice(x, w, b, attrs));
  const losses = tokenLoss(x, w, labels, b, attrs);
  graph.outputs.set("losses", losses);
  if (kind !== "trained") graph.outputs.set("choices", tokenChoice(x, w, b, attrs));
  if (kind === "trained" || kind === "everything") {
    const seed = graph.input("seed", { dtype: "float32", shape: [] });
    // Squared, so that each row's gradient waits for the losses.
    const gradients = backward(
      reduceSum(mul(losses, losses), { axes: [0] }),
      [given, ...(half ? [] : [w]), ...(b ? [b] : [])],
      seed,
    );
    for (const [i, gradient] of gradients.entries()) if (gradient) graph.outputs.set(`gradient ${i}`, gradient);
  }
  return graph;
}

const rounded = ({ data, shape }: Tensor): Tensor => ({ data: data.map(Math.fround), shape });

/** With few enough digits for either half type. */
const short = ({ data, shape }: Tensor): Tensor => ({ data: data.map((x) => Math.round(x * 16) / 16), shape });

function feedsOf({ vocab, hidden, bias, half }: Asked, rows: number, std = 1): Record<string, Tensor> {
  const labels = Float64Array.from({ length: rows }, (_, i) => (i % 5 === 2 ? IGNORED_LABEL : (i * 7919) % vocab));
  return {
    x: rounded(randn("x", [rows, hidden], std)),
    w: (half ? short : rounded)(randn("w", [vocab, hidden])),
    ...(bias && { bias: rounded(randn("bias", [vocab])) }),
    labels: { data: labels, shape: [rows] },
    seed: { data: Float64Array.of(0.25), shape: [] },
  };
}

/** Largest difference of any output between the engine and the float64 evaluator, relative to the output's largest element. */
async function compare(asked: Asked, cases: readonly Record<string, Tensor>[], tolerance: number): Promise<void> {
  const graph = build(asked);
  const model = emitOnnx(graph);
  const session = await openSession(model, { weights: new Map(), threads: 2 });
  for (const feeds of cases) {
    const used = model.inputs.map(({ name, type }) => [name, toRuntime(type.dtype, feeds[name]!)]);
    const actual = await session.run(Object.fromEntries(used));
    const names = [...graph.outputs.keys()];
    const expected = evaluate(graph, [...graph.outputs.values()], feeds);
    for (const [i, name] of names.entries()) {
      const wanted = expected[i]!;
      const found = Float64Array.from(actual[name]!.data as ArrayLike<number>, Number);
      expect(actual[name]!.shape, `shape of ${name}`).toEqual(wanted.shape);
      const largest = wanted.data.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
      const error = wanted.data.reduce((worst, value, k) => Math.max(worst, Math.abs(found[k]! - value)), 0);
      expect(error / largest, `${name} of ${feeds.labels!.data.length} rows`).toBeLessThan(tolerance);
    }
  }
  await session.close();
}

describe("any number of rows, none too", () => {
  const sizes = [0, 1, 3, 12];
  test.each<Asked>([
    { vocab: 11, hidden: 4, chunks: 4, bias: true, kind: "everything" },
    { vocab: 11, hidden: 4, chunks: 1, kind: "everything" },
    { vocab: 11, hidden: 4, chunks: 20, softcap: 3, bias: true, kind: "trained" },
    { vocab: 11, hidden: 4, chunks: 4, smoothing: 0.1, kind: "everything" },
    { vocab: 11, hidden: 4, chunks: 20, softcap: 3, smoothing: 0.4, bias: true, kind: "trained" },
    { vocab: 11, hidden: 4, chunks: 4, smoothing: 0.1, bias: true, half: "bfloat16", kind: "everything" },
    { vocab: 11, hidden: 4, chunks: 4, kind: "scored" },
    { vocab: 11, hidden: 4, chunks: 4, bias: true, half: "bfloat16", kind: "everything" },
    { vocab: 11, hidden: 4, chunks: 4, softcap: 3, half: "float16", kind: "scored" },
    { vocab: 11, hidden: 4, chunks: 4, softcap: 3, kind: "scored, choice first" },
  ])("%j", (asked) =>
    compare(
      asked,
      sizes.map((rows) => feedsOf(asked, rows)),
      1e-5,
    ),
  );
});

test("labels that are all left out give no loss and no gradient", async () => {
  const asked: Asked = { vocab: 6, hidden: 3, chunks: 2, kind: "trained" };
  const feeds = { ...feedsOf(asked, 4, 1e4), labels: { data: new Float64Array(4).fill(IGNORED_LABEL), shape: [4] } };
  await compare(asked, [feeds], 1e-30);
});

test("exact where logits reach ±80, in a vocabulary of 5000", async () => {
  const asked: Asked = { vocab: 5000, hidden: 16, chunks: 7, bias: true, kind: "everything" };
  const feeds = feedsOf(asked, 12, 5);
  expect(largestLogit(feeds)).toBeGreaterThan(80);
  await compare(asked, [feeds], 2e-5);
  await compare({ ...asked, kind: "scored" }, [feeds], 5e-7);
  await compare({ ...asked, smoothing: 0.1 }, [feeds], 2e-5);
});

/** The largest magnitude of `x·wᵀ`. */
function largestLogit({ x, w }: Record<string, Tensor>): number {
  const hidden = x!.shape[1]!;
  const row = ({ data }: Tensor, i: number): Float64Array => data.subarray(i * hidden, (i + 1) * hidden);
  const logits = Array.from({ length: x!.shape[0]! }, (_, i) =>
    Array.from({ length: w!.shape[0]! }, (_, j) => Math.abs(dot(row(x!, i), row(w!, j)))),
  );
  return logits.flat().reduce((a, b) => Math.max(a, b), 0);
}

/** Losses and choices where the logits are `x` times the entries of `w`. */
async function scores(w: readonly number[], x: number, label: number): Promise<{ loss: number; choice: number }> {
  const asked: Asked = { vocab: w.length, hidden: 1, chunks: 3, kind: "scored" };
  const session = await openSession(emitOnnx(build(asked)), { weights: new Map(), threads: 1 });
  const { losses, choices } = await session.run({
    x: { dtype: "float32", shape: [1, 1], data: Float32Array.of(x) },
    w: { dtype: "float32", shape: [w.length, 1], data: Float32Array.from(w) },
    labels: { dtype: "int64", shape: [1], data: BigInt64Array.of(BigInt(label)) },
  });
  await session.close();
  return { loss: Number(losses!.data[0]), choice: Number(choices!.data[0]) };
}

test("a loss near 0 keeps its digits, and is never below", async () => {
  const { loss } = await scores([0.125, 1.125, 0.125, 0.125, 0.125, 0.125], 10, 1);
  expect(loss / Math.log1p(5 * Math.exp(-10))).toBeCloseTo(1, 2);
  expect((await scores([-1, 3, -2, 0, 0, 1], 33.3, 1)).loss).toBe(0);
});

test("of equally great logits the first is chosen, in a chunk and across chunks", async () => {
  expect((await scores([0, 2, 1, 2, 2, 2], 1, 0)).choice).toBe(1);
  expect((await scores([0, 1, 2, 2, 0, 2], 1, 0)).choice).toBe(2);
  expect((await scores([0, 1, 0, 0, 0, 3], 1, 0)).choice).toBe(5);
});

describe("the emitted graph", () => {
  const asked: Asked = { vocab: 12, hidden: 4, chunks: 3, kind: "scored" };
  const nodesOf = (asked: Asked): NodeProto[] => fromBinary(ModelProtoSchema, emitOnnx(build(asked)).bytes).graph!.node;
  /** The products that make logits. */
  const logitsOf = (nodes: readonly NodeProto[]): NodeProto[] =>
    nodes.filter(
      ({ opType, attribute }) => opType === "Gemm" && attribute.some(({ name, i }) => name === "transB" && i),
    );

  test.each<[Asked["kind"], number, Partial<Asked>?]>([
    ["scored", 3],
    ["trained", 3 + 3],
    ["everything", 3 + 3],
    ["everything", 3 + 3, { smoothing: 0.1 }],
    ["scored, choice first", 3 + 2],
  ])("computes each chunk's logits once for all that ask (%s)", (kind, products, more) => {
    // Again for the gradient by w, which waits for dy; and for choices that come before the labels, but for a first chunk.
    expect(logitsOf(nodesOf({ ...asked, ...more, kind }))).toHaveLength(products);
  });

  test.each<[Asked["kind"], Partial<Asked>?]>([
    ["scored"],
    ["trained"],
    ["everything"],
    ["everything", { smoothing: 0.1 }],
  ])("ends with a chunk before it begins the next (%s)", (kind, more) => {
    const nodes = nodesOf({ ...asked, ...more, kind });
    const maker = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node])));
    const ancestors = (node: NodeProto, found = new Set<NodeProto>()): Set<NodeProto> => {
      for (const input of node.input.flatMap((name) => maker.get(name) ?? []))
        if (!found.has(input)) ancestors(input, found.add(input));
      return found;
    };
    const readers = (of: NodeProto): NodeProto[] => nodes.filter(({ input }) => input.includes(of.output[0]!));
    const forward = logitsOf(nodes).filter((node) => readers(node).some(({ opType }) => opType === "ReduceMax"));
    expect(forward).toHaveLength(3);
    forward.slice(1).forEach((next, i) => {
      const done = ancestors(next);
      const wide = readers(forward[i]!).flatMap((node) => (node.opType === "Sub" ? [node, ...readers(node)] : [node]));
      const ends = wide.flatMap((node) => (node.opType === "Exp" ? [node, ...readers(node)] : [node]));
      expect(ends.length).toBeGreaterThan(3);
      expect(ends.filter((node) => !done.has(node)).map(({ opType }) => opType)).toEqual([]);
    });
  });
});

describe("refuses", () => {
  const graph = new Graph();
  const input = (name: string, shape: (string | number)[], dtype: "float32" | "int64" = "float32") =>
    graph.named(name) ?? graph.input(name, { dtype, shape });
  const [x, w] = [input("x", ["rows", 4]), input("w", [7, 4])];
  const labels = input("labels", ["rows"], "int64");

  test("weights of another width", () => {
    expect(() => tokenLoss(x, input("narrow", [7, 3]), labels, undefined, { chunks: 2 })).toThrow(OperandError);
    expect(() => tokenLoss(x, input("narrow", [7, 3]), labels, undefined, { chunks: 2 })).toThrow(
      "takes x [rows, hidden], w [vocab, hidden], labels [rows], bias [vocab]; got x [rows,4], w [7,3], labels [rows]",
    );
  });

  test("labels of other rows, a bias of another vocabulary", () => {
    const others = input("others", ["texts"], "int64");
    expect(() => tokenLoss(x, w, others, undefined, { chunks: 2 })).toThrow("labels [texts]");
    expect(() => tokenChoice(x, w, input("bias", [6]), { chunks: 2 })).toThrow("bias [6]");
  });

  test.each([0, 1.5])("%d chunks", (chunks) => {
    expect(() => tokenChoice(x, w, undefined, { chunks })).toThrow(
      `chunks is ${chunks}; it must be a whole number, 1 or more`,
    );
  });
});
