import { CheckpointError } from "../../../errors.ts";
import { reordered } from "../../../quant/scaled-blocks.ts";
import { transpose } from "../../../quant/transpose.ts";

/** Conversion of a stored tensor to transformers: its shape there, and its values. */
export interface Restored {
  readonly shape: readonly number[];
  /** @param x The stored values, which may be changed in place. */
  values(x: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer>;
  /** The row of the file that a row of a linear layer's weight is; absent: the same. */
  readonly fromRow?: (row: number) => number;
}

/** A tensor that is stored as transformers has it. */
export const asStored = (shape: readonly number[]): Restored => ({ shape, values: (x) => x });

/** `[out, in]` back to the `[in, out]` of a `Conv1D`. */
export function transposed(shape: readonly number[]): Restored {
  const [rows = 1, columns = 1] = shape;
  return { shape: [columns, rows], values: (x) => transpose(x, rows) };
}

/** The weight of a norm that is stored as the factor itself, where transformers adds 1 to it. */
export const lessOne = (shape: readonly number[]): Restored => ({
  shape,
  values(x) {
    for (let i = 0; i < x.length; i++) x[i]! -= 1;
    return x;
  },
});

/**
 * Rows `[heads, headDim / 2, 2]` back to `[heads, 2, headDim / 2]`: pairs that turn together stand side by side in the
 * file, half a head apart in transformers.
 * @throws {CheckpointError} when the rows are no such heads.
 */
export function rowsOfPairs(shape: readonly number[], heads: number, what: string): Restored {
  const headDim = partOf(shape, heads, 2, what);
  return inOrder(shape, (row) => {
    const inHead = row % headDim;
    return row - inHead + 2 * (inHead % (headDim / 2)) + Math.floor(inHead / (headDim / 2));
  });
}

/**
 * Rows `[3, heads, headDim]`, queries before keys before values, back to `[heads, 3, headDim]`.
 * @throws {CheckpointError} when the rows are no such heads.
 */
export function rowsByHead(shape: readonly number[], heads: number, what: string): Restored {
  const headDim = partOf(shape, heads, 3, what) / 3;
  return inOrder(shape, (row) => {
    const head = Math.floor(row / (3 * headDim));
    const kind = Math.floor(row / headDim) % 3;
    return (kind * heads + head) * headDim + (row % headDim);
  });
}

/** Rows of a head: their number must be a multiple of `parts`. */
function partOf(shape: readonly number[], heads: number, parts: number, what: string): number {
  const rows = (shape[0] ?? 0) / heads;
  if (Number.isInteger(rows / parts) && rows > 0) return rows;
  throw new CheckpointError(`${what} has ${shape[0]} rows, which do not divide into ${heads} heads`, {
    expected: `a multiple of ${heads * parts}`,
    hint: "the file's metadata and its tensors must come from the same model.",
  });
}

/** Row `row` of the result is row `from(row)` of the file. */
function inOrder(shape: readonly number[], from: (row: number) => number): Restored {
  const [rows = 1] = shape;
  return { shape, fromRow: from, values: (x) => reordered(x, rows, from) };
}
