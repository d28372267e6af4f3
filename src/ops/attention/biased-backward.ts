import { lowerAfter } from "../core/barrier.ts";
import { defineOp, nonDifferentiable, notTwice, type OpFunction } from "../core/define.ts";
import type { AttentionAttrs } from "./attrs.ts";
import { lowerRowProducts } from "./backward.ts";
import { lowerInside } from "./blocks.ts";
import { lowerMerge, lowerOuter, lowerProduct, splitLike } from "./heads.ts";
import { lowerBias } from "./mask.ts";
import { attentionGradients } from "./reference.ts";
import { lowerProbabilities } from "./scores.ts";

/** Settings of attention with a bias. */
export type BiasedAttentionAttrs = Pick<AttentionAttrs, "heads" | "scale" | "keep">;

/** Settings of a gradient of attention with a bias. */
export interface BiasedAttentionBackwardAttrs extends BiasedAttentionAttrs {
  /** The operand it is the gradient by. What the four have in common is emitted once. */
  readonly of: "q" | "k" | "v" | "bias";
}

type Operands = ["dy", "q", "k", "v", "mask", "bias", "y", "dropoutMask?"];

/**
 * The gradient of attention with a bias by one of its operands, given its result `y`: as `attentionBackward`. The
 * gradient by the bias is that by the scores.
 *
 * Shapes: as `biasedAttention`'s, `dy` and `y` alike → as the operand.
 */
export const biasedAttentionBackward: OpFunction<Operands, BiasedAttentionBackwardAttrs> = defineOp({
  name: "BiasedAttentionBackward",
  operands: ["dy", "q", "k", "v", "mask", "bias", "y", "dropoutMask?"],
  infer: (x, { of }) => ({ dtype: x[of].dtype, shape: x[of].shape }),
  vjp: {
    dy: notTwice,
    q: notTwice,
    k: notTwice,
    v: notTwice,
    mask: nonDifferentiable,
    bias: notTwice,
    y: notTwice,
    dropoutMask: nonDifferentiable,
  },
  reference: (x, _, attrs) => attentionGradients(x, attrs)[attrs.of],
  lower(outside, { dy, q, k, v, mask, bias, y, dropoutMask }, { types, y: { shape }, attrs }) {
    const { heads, scale, keep = 1, of } = attrs;
    const to = lowerInside(outside, mask, true);
    const headDim = (types.q.shape[1] as number) / heads;
    const split = (x: string): string => splitLike(to, x, types.mask, heads, headDim);
    const dropped = (x: string, after: string, rank: number): string => {
      if (!dropoutMask) return x;
      const late = lowerAfter(to, dropoutMask, "uint8", after, rank);
      return to.node("Mul", [x, to.node("DequantizeLinear", [late, to.scalar(1 / keep)])]);
    };
    const added = to.node("Add", [bias, lowerBias(to, mask, {})]);
    const p = lowerProbabilities(to, split(q), split(k), added, attrs);
    if (of === "v") return lowerMerge(to, lowerOuter(to, dropped(p, dy, 2), split(dy), attrs), shape);
    const along = splitLike(to, lowerRowProducts(to, dy, y, headDim), types.mask, heads, 1);
    const dp = dropped(lowerProduct(to, split(dy), split(v), attrs, { transB: true }), along, 4);
    const ds = to.node("Mul", [p, to.node("Sub", [dp, along])]);
    if (of === "bias") return ds;
    if (of === "q") return lowerMerge(to, lowerProduct(to, ds, split(k), attrs, { alpha: scale }), shape);
    return lowerMerge(to, lowerOuter(to, ds, split(q), attrs, scale), shape);
  },
});
