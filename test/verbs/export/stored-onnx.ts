import { readFileSync } from "node:fs";
import { openModelFile } from "../../../src/session/node/index.ts";
import type { RuntimeTensor } from "../../../src/session/session.ts";
import { fixture } from "../../running.ts";

type Nested = number | readonly Nested[];

/** What transformers says of the first batch of a fixture, before any training. */
export interface FirstBatch {
  readonly ids: readonly (readonly number[])[];
  /** Logits: of texts, or of their real tokens; of language models the log-probabilities of `labels`. */
  readonly wanted: readonly number[];
  /** Of language models, for each token; -100 where nothing is asked. */
  readonly labels: readonly (readonly number[])[];
  readonly padId: number;
}

/** @param method Full fine-tuning starts from the base, others from an adapter on it. */
export function firstBatch(name: string, method = "full"): FirstBatch {
  const { train, methods, pad_token_id } = JSON.parse(readFileSync(fixture(`${name}/expected.json`), "utf8"));
  const { initial_log_probs, initial_logits } = methods[method];
  const flat = (value: Nested): number[] => (typeof value === "number" ? [value] : value.flatMap(flat));
  return {
    ids: train.ids.slice(0, 8),
    labels: train.labels.slice(0, 8),
    wanted: flat(initial_log_probs ?? initial_logits),
    padId: pad_token_id,
  };
}

/** Where texts of different lengths are padded. */
export type Side = "left" | "right";

/** What transformers.js feeds a batch of texts: the first call, so that caches are empty. */
export function feedsOf(
  inputs: ReadonlyMap<string, { readonly shape: readonly (number | string)[] }>,
  { ids, padId }: Pick<FirstBatch, "ids" | "padId">,
  side: Side,
): Record<string, RuntimeTensor> {
  const seq = Math.max(...ids.map(({ length }) => length));
  const int64 = (entry: (id: number, i: number) => number, fill: number): RuntimeTensor => {
    const rows = ids.map((row) => {
      const rest = new Array<number>(seq - row.length).fill(fill);
      return side === "left" ? [...rest, ...row.map(entry)] : [...row.map(entry), ...rest];
    });
    return { dtype: "int64", shape: [ids.length, seq], data: BigInt64Array.from(rows.flat(), BigInt) };
  };
  const all: Record<string, RuntimeTensor> = {
    input_ids: int64((id) => id, padId),
    attention_mask: int64(() => 1, 0),
    token_type_ids: int64(() => 0, 0),
    position_ids: int64((_, i) => i, 1), // of padding 1, as transformers.js has it
  };
  for (const [name, { shape }] of inputs) {
    if (!name.startsWith("past_key_values.")) continue;
    const lengths = shape.map((dim) => (typeof dim === "number" ? dim : dim === "batch_size" ? ids.length : 0));
    all[name] = { dtype: "float32", shape: lengths, data: new Float32Array(0) };
  }
  return Object.fromEntries(Object.entries(all).filter(([name]) => inputs.has(name)));
}

/** Logits of a batch of texts. @param more What the model is fed besides. */
export async function logitsOf(
  path: string,
  batch: Pick<FirstBatch, "ids" | "padId">,
  side: Side,
  more: Readonly<Record<string, RuntimeTensor>> = {},
): Promise<RuntimeTensor> {
  const session = await openModelFile(path);
  try {
    const { logits } = await session.run({ ...feedsOf(session.inputs, batch, side), ...more }, ["logits"]);
    return logits as RuntimeTensor;
  } finally {
    await session.close();
  }
}

/** What a model file says of a batch, in the form of `wanted`. */
export const saysOf = async (
  ...[path, batch, side, more]: [string, FirstBatch, Side, Record<string, RuntimeTensor>?]
) => outputsOf(await logitsOf(path, batch, side, more), batch, side);

/** Logits in the form of `wanted`. */
export function outputsOf({ data, shape }: RuntimeTensor, { ids, labels, wanted }: FirstBatch, side: Side): number[] {
  if (shape.length === 2) return Array.from(data as Float32Array);
  const [, seq, width] = shape as [number, number, number];
  const rowsOf = (row: number): Float32Array[] => {
    const { length } = ids[row]!;
    const first = row * seq + (side === "left" ? seq - length : 0);
    const at = (i: number): Float32Array =>
      (data as Float32Array).subarray((first + i) * width, (first + i + 1) * width);
    return Array.from({ length }, (_, i) => at(i));
  };
  const all = ids.flatMap((_, row) => rowsOf(row));
  if (all.length * width === wanted.length) return all.flatMap((logits) => [...logits]);
  const asked = labels.flat();
  return all.flatMap((logits, i) => (asked[i] === -100 ? [] : [logProbability(logits, asked[i]!)]));
}

function logProbability(logits: Float32Array, label: number): number {
  const top = Math.max(...logits);
  return logits[label]! - top - Math.log(logits.reduce((sum, x) => sum + Math.exp(x - top), 0));
}
