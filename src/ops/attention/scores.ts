import type { Lowering } from "../../ir/lowering.ts";
import type { AttentionAttrs } from "./attrs.ts";
import { lowerProduct } from "./heads.ts";

/**
 * `softmax(scale · q·kᵀ + bias)`. Shapes: `q [batch, heads, queries, headDim]`, `k [batch, kvHeads, keys, headDim]` →
 * `[batch, heads, queries, keys]`.
 */
export function lowerProbabilities(to: Lowering, q: string, k: string, bias: string, attrs: AttentionAttrs): string {
  const { scale, softcap } = attrs;
  const scores =
    softcap === undefined
      ? lowerProduct(to, q, k, attrs, { transB: true, alpha: scale })
      : to.node("Mul", [lowerTanh(to, q, k, attrs, softcap), to.scalar(softcap)]);
  return to.node("Softmax", [to.node("Add", [scores, bias])], { attrs: { axis: -1 } });
}

/** The gradient by scaled scores, given that by what a softcap made of them. Shapes as `lowerProbabilities`. */
export function lowerThroughSoftcap(to: Lowering, ds: string, q: string, k: string, attrs: AttentionAttrs): string {
  if (attrs.softcap === undefined) return ds;
  const tanh = lowerTanh(to, q, k, attrs, attrs.softcap);
  return to.node("Mul", [ds, to.node("Sub", [to.scalar(1), to.node("Mul", [tanh, tanh])])]);
}

const lowerTanh = (to: Lowering, q: string, k: string, attrs: AttentionAttrs, softcap: number): string =>
  to.node("Tanh", [lowerProduct(to, q, k, attrs, { transB: true, alpha: attrs.scale / softcap })]);
