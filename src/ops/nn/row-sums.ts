import type { Lowering } from "../../ir/lowering.ts";

/** Rows to write into a table, as `ScatterND` takes them. Two entries for one row of the table hold the same bytes. */
export interface RowSums {
  /** Rows of the table, `[n, 1]` integers. */
  readonly rows: string;
  /** The sum of all updates of that row, `[n, width]`. */
  readonly sums: string;
}

/** Sorted ids that are compared with each other at a time: the products cost `n · (BLOCK + n / BLOCK²) · width`. */
const BLOCK = 64;

/** Comes after every id in descending order: fills the last block. */
const NO_ID = -1;

/**
 * Sums of the updates that share a row of a table, in an order that depends on `ids` alone. `ScatterND(reduction=add)`
 * does not give that: the threads of ONNX Runtime lose updates of a row that repeats, and atomics of a GPU add in any order.
 *
 * After sorting, equal ids are neighbours. In each block of sorted ids, a matrix with ones where two ids are equal, times
 * the updates, gives every token the sum of its id within the block. An id that continues in later blocks gets their sums
 * as one more update of the block in which it begins, so the first token of each id has the whole sum. Every other token
 * repeats the first one of all. The matrices depend on the ids alone.
 *
 * Shapes: `ids [n]` integers ≥ 0, `updates [n, width]`; `n` may be 0 → one entry a token, the last block filled up.
 */
export function lowerRowSums(to: Lowering, ids: string, updates: string, width: number): RowSums {
  const reshape = (x: string, shape: readonly number[]): string => to.node("Reshape", [x, to.ints(shape)]);
  const slice = (x: string, start: number, end: number, axis: number): string =>
    to.node("Slice", [x, to.ints([start]), to.ints([end]), to.ints([axis])]);
  const concat = (parts: readonly string[], axis: number): string => to.node("Concat", parts, { attrs: { axis } });
  const ones = (condition: string): string => to.node("Cast", [condition], { attrs: { to: 1 } });

  const { sorted, order } = lowerDescending(to, ids);
  const before = concat([to.ints([NO_ID - 1]), slice(sorted, 0, -1, 0)], 0);
  const continues = to.node("Equal", [sorted, before]);

  const blocks = reshape(sorted, [-1, BLOCK]);
  const [top, bottom] = [slice(blocks, 0, 1, 1), slice(blocks, BLOCK - 1, BLOCK, 1)];
  const equal = ones(
    to.node("Equal", [reshape(blocks, [-1, BLOCK, 1]), reshape(concat([blocks, bottom], 1), [-1, 1, BLOCK + 1])]),
  );
  const own = reshape(to.node("Gather", [updates, order]), [-1, BLOCK, width]);
  const topSums = to.node("MatMul", [slice(slice(equal, 0, 1, 1), 0, BLOCK, 2), own]); // [blocks, 1, width]

  const above = concat([to.ints([NO_ID - 1]), slice(reshape(bottom, [-1]), 0, -1, 0)], 0);
  const continued = to.node("Equal", [reshape(top, [1, -1]), reshape(above, [1, -1])]); // a slice of `continues` would go to a GPU and back
  const later = ones(to.node("And", [to.node("Equal", [bottom, reshape(top, [1, -1])]), continued]));
  const carried = to.node("MatMul", [later, reshape(topSums, [-1, width])]);
  const sums = to.node("MatMul", [equal, concat([own, reshape(carried, [-1, 1, width])], 1)]);

  const begins = to.node("And", [to.node("Not", [continues]), to.node("Greater", [sorted, to.ints([NO_ID])])]);
  const count = to.node("Squeeze", [to.node("Shape", [sorted]), to.ints([0])]);
  const integer = (value: number): string => to.constant("int64", [], [value]);
  const rowIndices = to.node("Range", [integer(0), count, integer(1)]);
  const firsts = to.node("Where", [begins, rowIndices, integer(0)]);
  return {
    rows: to.node("Unsqueeze", [to.node("Gather", [sorted, firsts]), to.ints([1])]),
    sums: to.node("Gather", [reshape(sums, [-1, width]), firsts]),
  };
}

/** `ids` in descending order, filled up to whole blocks, and the token at each place: any token where it is filled. */
function lowerDescending(to: Lowering, ids: string): { readonly sorted: string; readonly order: string } {
  const count = to.node("Shape", [ids]);
  const blocks = to.node("Div", [to.node("Add", [count, to.ints([BLOCK - 1])]), to.ints([BLOCK])]);
  const length = to.node("Mul", [blocks, to.ints([BLOCK])]);
  const filling = to.node("Concat", [to.ints([0]), to.node("Sub", [length, count])], { attrs: { axis: 0 } });
  const filled = to.node("Pad", [ids, filling, to.constant("int64", [], [NO_ID])]);
  const [sorted, order] = [0, 1].map((i) => to.output(i, "TopK", [filled, length])) as [string, string];
  return { sorted, order: to.node("Min", [order, to.node("Sub", [count, to.ints([1])])]) };
}
