import type { Shape } from "../ir/types.ts";
import type { RuntimeTensor } from "../session/session.ts";

/** The tokens that a causal model has read, and their keys and values by the names of its inputs. */
export interface Cache {
  readonly ids: readonly number[];
  readonly tensors: Readonly<Record<string, RuntimeTensor>>;
}

/** Inputs of a model besides weights, with shapes. */
export type InputShapes = ReadonlyMap<string, Shape>;

/** The cache of one text of which nothing was read. */
export function emptyCache(inputs: InputShapes): Cache {
  const tensors = [...inputs]
    .filter(([name]) => name.startsWith("past_key_values."))
    .map(([name, [, kvHeads, , headDim]]) => {
      const shape = [1, kvHeads as number, 0, headDim as number];
      return [name, { dtype: "float32", shape, data: new Float32Array(0) }] as const;
    });
  return { ids: [], tensors: Object.fromEntries(tensors) };
}

/** Inputs besides weights for reading `news` after the tokens in the cache. */
export function feedsAfter(past: Cache, news: readonly number[], inputs: InputShapes): Record<string, RuntimeTensor> {
  const int64 = (values: readonly number[], shape: readonly number[]): RuntimeTensor => ({
    dtype: "int64",
    shape,
    data: BigInt64Array.from(values, BigInt),
  });
  const row = (entry: (i: number) => number): RuntimeTensor =>
    int64(
      news.map((_, i) => entry(i)),
      [1, news.length],
    );
  const total = past.ids.length + news.length;
  const all: Record<string, RuntimeTensor> = {
    input_ids: int64(news, [1, news.length]),
    attention_mask: int64(new Array<number>(total).fill(1), [1, total]),
    token_type_ids: row(() => 0),
    position_ids: row((i) => past.ids.length + i),
    label_rows: int64([news.length - 1], [1]),
    ...past.tensors,
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => inputs.has(name)));
}

/** The cache after a run: its outputs `present.*` are the next run's `past_key_values.*`. */
export function grownCache(past: Cache, news: readonly number[], present: Cache["tensors"]): Cache {
  const tensors = Object.entries(present).map(([name, x]) => [name.replace("present", "past_key_values"), x] as const);
  return { ids: [...past.ids, ...news], tensors: Object.fromEntries(tensors) };
}
