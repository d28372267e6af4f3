import { float, type Lowering } from "../../ir/lowering.ts";
import type { Dim, Shape, TensorType } from "../../ir/types.ts";
import { type AttentionAttrs, kvHeadsOf } from "./attrs.ts";

const SWAP_HEADS = { attrs: { perm: [0, 2, 1, 3] } } as const;

/** `[batch*seq, heads·width]` → `[batch, heads, seq, width]`. @param shape Name of the vector `[batch, seq, heads, width]`. */
export const lowerSplit = (to: Lowering, x: string, shape: string): string =>
  to.node("Transpose", [to.node("Reshape", [x, shape])], SWAP_HEADS);

/** `lowerSplit` of rows like those of the mask, each of `heads·width` numbers. */
export function splitLike(to: Lowering, x: string, mask: TensorType, heads: number, width: number): string {
  const [batch, seq] = mask.shape as [Dim, Dim];
  return lowerSplit(to, x, to.shape([batch, seq, heads, width]));
}

/** `[batch, heads, seq, width]` → `[batch*seq, heads·width]`, of the given shape. */
export const lowerMerge = (to: Lowering, x: string, shape: Shape): string =>
  to.node("Reshape", [to.node("Transpose", [x], SWAP_HEADS), to.shape(shape)]);

/**
 * `alpha · a · b` head by head, where a group of `a`'s heads shares a head of `b`. The group becomes one matrix with
 * the rows of all its heads, so that `b` is not repeated. Shapes: `a [batch, heads, m, k]`, `b [batch, kvHeads, k, n]`
 * (last two swapped when `transB`) → `[batch, heads, m, n]`.
 */
export function lowerProduct(
  to: Lowering,
  a: string,
  b: string,
  attrs: AttentionAttrs,
  { transB = false, alpha = 1 } = {},
): string {
  const { heads } = attrs;
  const options = { attrs: { transB: transB ? 1 : 0, alpha: float(alpha) }, domain: "com.microsoft" } as const;
  return fold(to, to.node("FusedMatMul", [grouped(to, a, attrs), b], options), heads, attrs);
}

/** `alpha · Σ aᵀ · b` over the heads of a group. Shapes: `a [batch, heads, m, k]`, `b [batch, heads, m, n]` → `[batch, kvHeads, k, n]`. */
export function lowerOuter(to: Lowering, a: string, b: string, attrs: AttentionAttrs, alpha = 1): string {
  const options = { attrs: { transA: 1, alpha: float(alpha) }, domain: "com.microsoft" } as const;
  return to.node("FusedMatMul", [grouped(to, a, attrs), grouped(to, b, attrs)], options);
}

const grouped = (to: Lowering, x: string, attrs: AttentionAttrs): string => fold(to, x, kvHeadsOf(attrs), attrs);

/** The same rows in another number of heads: nothing moves. */
const fold = (to: Lowering, x: string, heads: number, attrs: AttentionAttrs): string =>
  kvHeadsOf(attrs) === attrs.heads ? x : to.node("Reshape", [x, to.ints([0, heads, -1, 0])]);
