import type { TextExample } from "../../data/classification.ts";
import { type Batch, collate } from "../../data/collate.ts";
import { resolveShape } from "../../ir/dims.ts";
import type { Graph } from "../../ir/graph.ts";
import type { Random } from "../../random.ts";
import type { RuntimeTensor } from "../../session/session.ts";
import type { Example } from "./dataset.ts";

/** What a graph is fed for one micro-batch. */
export interface Feeds {
  readonly tensors: Record<string, RuntimeTensor>;
  readonly batch: Batch;
}

/**
 * Fills a graph's inputs from examples.
 * @param random Draws the dropout masks the graph asks for.
 */
export function feedsOf(graph: Graph, examples: readonly Example[], padId: number, random: Random): Feeds {
  const batch = collate(examples as readonly TextExample[], padId);
  const shape = [batch.batch, batch.seq];
  const int64 = (data: BigInt64Array, shape: readonly number[]): RuntimeTensor => ({ dtype: "int64", shape, data });
  const known: Record<string, () => RuntimeTensor> = {
    input_ids: () => int64(batch.inputIds, shape),
    attention_mask: () => int64(batch.attentionMask, shape),
    token_type_ids: () => int64(new BigInt64Array(batch.inputIds.length), shape),
    labels: () => int64(batch.labels, [batch.labels.length]),
  };
  const lengths = new Map([["batch", batch.batch], ["seq", batch.seq]]); // biome-ignore format: pairs
  const tensors: Record<string, RuntimeTensor> = {};
  for (const { origin, shape } of graph.inputs) {
    if (origin.kind !== "input") continue;
    if (origin.fill) tensors[origin.name] = mask(resolveShape(shape, lengths), origin.fill.keep, random);
    else {
      const tensor = known[origin.name]?.();
      if (tensor) tensors[origin.name] = tensor;
    }
  }
  return { tensors, batch };
}

function mask(shape: readonly number[], keep: number, random: Random): RuntimeTensor {
  const data = new Uint8Array(shape.reduce((n, length) => n * length, 1));
  random.dropoutMask(data, keep);
  return { dtype: "uint8", shape, data };
}
