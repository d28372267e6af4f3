import type { GgufModel } from "./places.ts";

/** Changes that a GGUF file makes to a tensor. */
export interface GgufLayout {
  /** Row `i` of transformers' tensor is row `order[i]` of the file's; absent where rows keep their places. */
  readonly order?: Float32Array;
  /** Constant that the file adds to each value. */
  readonly shift: number;
  /** True when the file stores the transpose. */
  readonly transposed: boolean;
}

/**
 * Changes that a GGUF file makes to a module's tensors, found by letting the reader undo it on the numbers of the rows: it
 * reorders rows, adds a constant, or transposes.
 * @param rows Rows of the tensor in transformers.
 * @param dims 1 or 2.
 * @throws {CheckpointError} when the rows are no heads of the model.
 */
export function ggufLayout(model: GgufModel, module: string, rows: number, dims: number): GgufLayout {
  const { architecture, heads, kvHeads, name } = model;
  const shape = dims === 2 ? [rows, 1] : [rows];
  const undo = architecture.restore?.(module, shape, { heads, kvHeads }, `${module} of a ${name}`);
  if (!undo) return { shift: 0, transposed: false };
  if (undo.shape.join() !== shape.join()) return { shift: 0, transposed: true };
  const order = undo.values(Float32Array.from({ length: rows }, (_, row) => row));
  const shift = -Math.min(...order);
  return shift === 0 ? { order, shift, transposed: false } : { shift, transposed: false };
}

/** Moves row `i` of `x [rows, n / rows]` to `order[i]`, or back. */
export function moveRows(x: Float32Array, order: Float32Array, direction: "to file" | "from file"): Float32Array {
  const columns = x.length / order.length;
  const moved = new Float32Array(x.length);
  order.forEach((inFile, row) => {
    const [from, to] = direction === "to file" ? [row, inFile] : [inFile, row];
    moved.set(x.subarray(from * columns, (from + 1) * columns), to * columns);
  });
  return moved;
}
