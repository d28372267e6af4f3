import type { Lowering } from "../../ir/lowering.ts";
import type { Tensor } from "../../ir/types.ts";
import type { Visibility } from "./attrs.ts";

/** The score of a pair that does not see each other. Finite: a row with nothing to see stays a number, and 0 · it stays 0. */
export const MASKED = -1e9;

/**
 * Additive attention bias `[batch, 1, queries, keys]`, or `[batch, 1, 1, keys]` where all queries see the same.
 * It depends on the mask alone, so that all layers of a graph share it.
 * @param mask Name of `[batch, keys]` integers.
 * @param first Name of the place of the first query among the keys, a scalar; default: queries are all the keys.
 */
export function lowerBias(
  to: Lowering,
  mask: string,
  { causal, window, documents }: Visibility,
  first?: string,
): string {
  const integer = (value: number): string => to.constant("int64", [], [value]);
  const along = (axes: readonly number[]): string => to.node("Unsqueeze", [mask, to.ints(axes)]);
  const unequal = (a: string, b: string): string => to.node("Not", [to.node("Equal", [a, b])]);
  const hidden = [documents ? unequal(along([1, 3]), along([1, 2])) : to.node("Equal", [along([1, 2]), integer(0)])];
  if (causal || window !== undefined) {
    const count = to.node("Gather", [to.node("Shape", [mask]), integer(1)]);
    const keys = to.node("Range", [integer(0), count, integer(1)]);
    const queries = first === undefined ? keys : to.node("Range", [first, count, integer(1)]);
    const ahead = to.node("Sub", [keys, to.node("Unsqueeze", [queries, to.ints([1])])]);
    if (causal) hidden.push(to.node("Greater", [ahead, integer(0)]));
    if (window !== undefined) hidden.push(to.node("Greater", [to.node("Abs", [ahead]), integer(window)]));
  }
  return to.node("Where", [hidden.reduce((a, b) => to.node("Or", [a, b])), to.scalar(MASKED), to.scalar(0)]);
}

/** True when the query at place `i` of row `row` of the batch sees the key at place `j`. */
export function sees(
  mask: Tensor,
  row: number,
  i: number,
  j: number,
  { causal, window, documents }: Visibility,
): boolean {
  const [from, of] = [mask.data[row * mask.shape[1]! + i], mask.data[row * mask.shape[1]! + j]];
  if (documents ? from !== of : of === 0) return false;
  return !(causal && j > i) && !(window !== undefined && Math.abs(i - j) > window);
}
