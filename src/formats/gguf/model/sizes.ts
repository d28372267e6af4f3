import type { GgufFile } from "../file.ts";
import type { GgufKeys } from "../keys.ts";

/** Longest context that is believed; the longest of a published model has 10 million tokens. */
const MAX_CONTEXT = 2 ** 27;
/** Most columns of a head; published models have 64 to 512. */
const MAX_HEAD_COLUMNS = 2 ** 16;

/**
 * Compares the sizes that the metadata gives with the shapes of the tensors, before anything is built from either: a file of a
 * few kilobytes may claim four billion layers.
 * @throws {CheckpointError} naming the key, its value and the tensor that contradicts it.
 */
export function checkGgufSizes(keys: GgufKeys, file: GgufFile): void {
  const hint = "the file's metadata and its tensors must come from the same model.";
  const check = (key: string, value: number, isRight: boolean, expected: string): void => {
    if (!isRight) throw keys.fail(`${keys.nameOf(key)} is ${value}`, { expected, hint });
  };
  /** Compares with the rows, or columns, of a tensor that may be absent. */
  const compare = (
    key: string,
    wanted: number,
    tensor: string,
    of: "rows" | "columns",
    value = keys.int(key),
  ): void => {
    const found = file.tensors.get(tensor)?.shape.at(of === "rows" ? 0 : -1);
    if (found === undefined || found === wanted) return;
    const what = `${keys.nameOf(key)} is ${value}, but ${tensor} has ${found} ${of}`;
    throw keys.fail(what, { expected: `${wanted} ${of}`, hint });
  };

  const [hidden, heads] = [keys.int(".embedding_length"), keys.int(".attention.head_count")];
  const kvHeads = keys.int(".attention.head_count_kv", heads);
  compare(".embedding_length", hidden, "token_embd.weight", "columns");
  check(".attention.head_count", heads, heads >= 1, "1 or more");
  check(".attention.head_count_kv", kvHeads, kvHeads >= 1 && heads % kvHeads === 0, `a divisor of ${heads}`);
  const headDim = headDimOf(keys);
  const isWhole = Number.isInteger(headDim) && headDim >= 1;
  check(".attention.key_length", headDim, isWhole && headDim <= MAX_HEAD_COLUMNS, `1 to ${MAX_HEAD_COLUMNS}`);
  compare(".attention.key_length", heads * headDim, "blk.0.attn_q.weight", "rows", headDim);
  compare(".attention.head_count_kv", kvHeads * headDim, "blk.0.attn_k.weight", "rows", kvHeads);
  compare(".attention.head_count", (heads + 2 * kvHeads) * headDim, "blk.0.attn_qkv.weight", "rows");
  compare(".feed_forward_length", keys.int(".feed_forward_length"), "blk.0.ffn_down.weight", "columns");

  const blocks = keys.int(".block_count");
  const layers = layersOf(file);
  check(".block_count", blocks, blocks === layers, `${layers}, the number of layers that have tensors`);
  const context = keys.int(".context_length");
  check(".context_length", context, context >= 1 && context <= MAX_CONTEXT, `1 to ${MAX_CONTEXT}`);
  compare(".context_length", context, "position_embd.weight", "rows");
  const rotated = rotatedColumns(keys);
  const isEven = rotated >= 2 && rotated <= headDim && rotated % 2 === 0;
  if (keys.maybeInt(".rope.dimension_count") !== undefined) {
    check(".rope.dimension_count", rotated, isEven, `an even number from 2 to ${headDim}, the columns of a head`);
  }
  for (const key of [".rope.freq_base", ".rope.freq_base_swa", ".rope.scaling.factor"]) {
    const value = keys.maybeFloat(key);
    if (value !== undefined) check(key, value, value > 0, "a number above 0");
  }
}

/** Columns of a head that rotary embeddings turn. */
export const rotatedColumns = (keys: GgufKeys): number => keys.int(".rope.dimension_count", headDimOf(keys));

/** Columns of a head. */
const headDimOf = (keys: GgufKeys): number =>
  keys.int(".attention.key_length", keys.int(".embedding_length") / keys.int(".attention.head_count"));

/** One more than the largest number of a layer. */
function layersOf({ tensors }: GgufFile): number {
  let layers = 0;
  for (const name of tensors.keys()) {
    const [, layer] = /^blk\.(0|[1-9]\d*)\./.exec(name) ?? [];
    if (layer !== undefined) layers = Math.max(layers, Number(layer) + 1);
  }
  return layers;
}
