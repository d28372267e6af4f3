import type { Lowering } from "../../ir/lowering.ts";

/**
 * From offsets to pairs: `y[i, j] = x[i, seq − 1 + j − i]`. Row `i` of `x` read with rows that are one shorter begins `i`
 * entries further left, so that two slices, which copy whole rows, do it.
 *
 * Shapes: `x [batch, heads, seq, 2·seq]`, `mask [batch, seq]` → `[batch, heads, seq, seq]`.
 */
export function lowerPairs(to: Lowering, x: string, mask: string): string {
  const { seq, last, width } = lengths(to, mask);
  const all = slice(to, to.node("Reshape", [x, to.ints([0, 0, -1])]), to.ints([0]), to.node("Mul", [seq, width]), 2);
  const rows = to.node("Reshape", [all, concat(to, [to.ints([0, 0]), seq, to.ints([-1])])]);
  return slice(to, rows, last, width, 3);
}

/**
 * The way back, and the gradient: `y[i, o] = x[i, o − seq + 1 + i]`, 0 where there is no such key.
 *
 * Shapes: `x [batch, heads, seq, seq]`, `mask [batch, seq]` → `[batch, heads, seq, 2·seq]`.
 */
export function lowerOffsets(to: Lowering, x: string, mask: string): string {
  const { seq, last } = lengths(to, mask);
  const padded = to.node("Pad", [x, concat(to, [to.ints([0, 0, 1, 0, 0, 0, 1]), last])]); // a row before and one behind
  const end = to.node("Add", [seq, to.node("Mul", [to.node("Mul", [seq, seq]), to.ints([2])])]);
  const all = slice(to, to.node("Reshape", [padded, to.ints([0, 0, -1])]), seq, end, 2);
  return to.node("Reshape", [all, concat(to, [to.ints([0, 0]), seq, to.ints([-1])])]);
}

/** Vectors of one: the length of a text, the last place in it, and the number of its offsets. */
function lengths(to: Lowering, mask: string): { readonly seq: string; readonly last: string; readonly width: string } {
  const seq = to.node("Gather", [to.node("Shape", [mask]), to.ints([1])]);
  const last = to.node("Sub", [seq, to.ints([1])]);
  return { seq, last, width: to.node("Add", [seq, last]) };
}

const concat = (to: Lowering, parts: readonly string[]): string => to.node("Concat", parts, { attrs: { axis: 0 } });

const slice = (to: Lowering, x: string, start: string, end: string, axis: number): string =>
  to.node("Slice", [x, start, end, to.ints([axis])]);
