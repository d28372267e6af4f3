import { type Batch, collate } from "../examples/collate.ts";
import { IGNORED } from "../examples/labels.ts";
import { resolveShape } from "../ir/dims.ts";
import type { Graph, RandomFill } from "../ir/graph.ts";
import type { Random } from "../random.ts";
import type { RuntimeTensor } from "../session/session.ts";
import type { Example } from "./definition.ts";

/** Inputs of a graph for one micro-batch. */
export interface Feeds {
  readonly tensors: Record<string, RuntimeTensor>;
  readonly batch: Batch;
}

/**
 * Fills a graph's inputs from examples.
 * @param random Draws the dropout masks and the noise the graph asks for.
 * @param seq Padded length of the micro-batch that the examples are a part of, which decides how large noise is. Default: their own.
 */
export function feedsOf(
  graph: Graph,
  examples: readonly Example[],
  padId: number,
  random: Random,
  seq?: number,
): Feeds {
  const batch = collate(examples, padId);
  const shape = [batch.batch, batch.seq];
  const int64 = (data: BigInt64Array, shape: readonly number[]): RuntimeTensor => ({ dtype: "int64", shape, data });
  const float32 = (data: Float32Array, rows: number): RuntimeTensor => ({
    dtype: "float32",
    shape: [rows, data.length / rows],
    data,
  });
  const asked = graph.named("label_rows") ? labelledRows(batch.labels) : undefined;
  const labels = asked ? asked.map((row) => batch.labels[Number(row)] as bigint) : batch.labels;
  const known: Record<string, () => RuntimeTensor> = {
    input_ids: () => int64(batch.inputIds, shape),
    attention_mask: () => int64(batch.attentionMask, shape),
    token_type_ids: () => int64(new BigInt64Array(batch.inputIds.length), shape),
    position_ids: () => int64(batch.positions, shape),
    label_rows: () => int64(asked ?? new BigInt64Array(), [labels.length]),
    anchors: () => int64(batch.parts?.anchors ?? new BigInt64Array(), [labels.length]),
    documents: () => int64(batch.parts?.documents ?? new BigInt64Array(), [batch.batch - labels.length]),
    scores: () => ({ dtype: "float32", shape: [labels.length], data: batch.targets ?? new Float32Array() }),
    texts: () => ({ dtype: "float32", shape: [batch.batch], data: new Float32Array(batch.batch).fill(1) }),
    same_class: () => pairs(batch.labels, (a, b, i, j) => a === b && i !== j),
    other_class: () => pairs(batch.labels, (a, b) => a !== b),
    labels: () => (batch.targets ? float32(batch.targets, batch.batch) : int64(labels, [labels.length])),
  };
  const lengths = new Map([["batch", batch.batch], ["seq", batch.seq], ["rows", labels.length]]); // biome-ignore format: pairs
  const tensors: Record<string, RuntimeTensor> = {};
  for (const { origin, shape } of graph.inputs) {
    if (origin.kind !== "input") continue;
    if (origin.fill) {
      tensors[origin.name] = filled(resolveShape(shape, lengths), origin.fill, random, seq ?? batch.seq);
    } else {
      const tensor = known[origin.name]?.();
      if (tensor) tensors[origin.name] = tensor;
    }
  }
  return { tensors, batch };
}

/** 1 for each pair of labels of which `is` is true, else 0: `[batch, batch]`. */
function pairs(
  labels: BigInt64Array,
  is: (a: bigint, b: bigint, i: number, j: number) => boolean,
): RuntimeTensor & { readonly dtype: "float32" } {
  const n = labels.length;
  const data = new Float32Array(n * n);
  for (const [i, a] of labels.entries())
    for (const [j, b] of labels.entries()) data[i * n + j] = Number(is(a, b, i, j));
  return { dtype: "float32", shape: [n, n], data };
}

/** The label positions that count, of a batch flattened; the first of all where none does: no device takes tensors without elements. */
function labelledRows(labels: BigInt64Array): BigInt64Array {
  const rows = [...labels.keys()].filter((row) => labels[row] !== BigInt(IGNORED));
  return BigInt64Array.from(rows.length > 0 ? rows : [0], BigInt);
}

/** A random input. Noise has a stream of its own: with it, masks stay what they are without. */
function filled(shape: readonly number[], fill: RandomFill, random: Random, seq: number): RuntimeTensor {
  const size = shape.reduce((n, length) => n * length, 1);
  if (fill.kind === "dropout") {
    const data = new Uint8Array(size);
    random.dropoutMask(data, fill.keep);
    return { dtype: "uint8", shape, data };
  }
  const data = new Float32Array(size);
  const bound = fill.alpha / Math.sqrt(seq * (shape.at(-1) as number));
  random.stream("noise").fillUniform(data, -bound, bound);
  return { dtype: "float32", shape, data };
}
