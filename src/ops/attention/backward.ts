import type { Lowering } from "../../ir/lowering.ts";
import { lowerAfter } from "../core/barrier.ts";
import { defineOp, nonDifferentiable, notTwice, type OpFunction } from "../core/define.ts";
import { type AttentionAttrs, kvHeadsOf } from "./attrs.ts";
import { lowerBlocks, lowerInside, summed, together } from "./blocks.ts";
import { lowerMerge, lowerOuter, lowerProduct, splitLike } from "./heads.ts";
import { lowerBias } from "./mask.ts";
import { attentionGradients } from "./reference.ts";
import { lowerProbabilities, lowerThroughSoftcap } from "./scores.ts";

/** Settings of a gradient of attention. */
export interface AttentionBackwardAttrs extends AttentionAttrs {
  /** The operand it is the gradient by. The engine computes once what the three have in common. */
  readonly of: "q" | "k" | "v";
}

type Operands = ["dy", "q", "k", "v", "mask", "y", "dropoutMask?"];

/**
 * The gradient of attention by one of its operands, given its result `y`: `P ∘ (dP − rowsum(dY∘Y))` by scores. The
 * probabilities `P` are computed again: `[batch, heads, seq, seq]` is too wide to keep.
 *
 * Shapes: as `attention`'s, `dy` and `y` alike → as the operand.
 * @see `rowsum(dP∘P) = rowsum(dY∘Y)`: Dao et al. 2022, arXiv:2205.14135, appendix B.
 */
export const attentionBackward: OpFunction<Operands, AttentionBackwardAttrs> = defineOp({
  name: "AttentionBackward",
  operands: ["dy", "q", "k", "v", "mask", "y", "dropoutMask?"],
  infer: (x, { of }) => ({ dtype: x[of].dtype, shape: x[of].shape }),
  vjp: {
    dy: notTwice,
    q: notTwice,
    k: notTwice,
    v: notTwice,
    mask: nonDifferentiable,
    y: notTwice,
    dropoutMask: nonDifferentiable,
  },
  reference: (x, _, attrs) => attentionGradients(x, attrs)[attrs.of],
  lower(to, { dy, q, k, v, mask, y, dropoutMask }, { types, y: { shape }, attrs }) {
    const { heads, scale, keep = 1, of } = attrs;
    const headDim = (types.q.shape[1] as number) / heads;
    const inside = lowerInside(to, mask, attrs.causal);
    const ofQueries = (x: string): string => splitLike(inside, x, types.mask, heads, headDim);
    const ofKeys = (x: string): string => splitLike(inside, x, types.mask, kvHeadsOf(attrs), headDim);
    const bias = lowerBias(to, mask, attrs);

    const parts = lowerBlocks(to, mask, attrs.causal).map((block) => {
      const [queries, keys, upstream] = [
        block.queries(ofQueries(q)),
        block.keys(ofKeys(k)),
        block.queries(ofQueries(dy)),
      ];
      const dropped = (x: string, after: string, rank: number): string => {
        if (!dropoutMask) return x;
        const late = block.pairs(lowerAfter(inside, dropoutMask, "uint8", after, rank)); // else the engine unpacks every mask first
        return to.node("Mul", [x, to.node("DequantizeLinear", [late, to.scalar(1 / keep)])]);
      };
      const p = lowerProbabilities(inside, queries, keys, block.pairs(bias), attrs);
      if (of === "v") return block.spread(lowerOuter(inside, dropped(p, dy, 2), upstream, attrs));
      const along = splitLike(inside, lowerRowProducts(to, dy, y, headDim), types.mask, heads, 1);
      const dp = dropped(lowerProduct(inside, upstream, block.keys(ofKeys(v)), attrs, { transB: true }), along, 4);
      const dcapped = to.node("Mul", [p, to.node("Sub", [dp, block.queries(along)])]);
      const ds = lowerThroughSoftcap(inside, dcapped, queries, keys, attrs);
      if (of === "q") return lowerProduct(inside, ds, keys, attrs, { alpha: scale });
      return block.spread(lowerOuter(inside, ds, queries, attrs, scale));
    });
    return lowerMerge(to, of === "q" ? together(to, parts, mask) : summed(to, parts), shape);
  },
});

/** `⟨dy, y⟩` of each head of each row. */
export const lowerRowProducts = (to: Lowering, dy: string, y: string, headDim: number): string =>
  to.node("ReduceSum", [to.node("Reshape", [to.node("Mul", [dy, y]), to.ints([-1, headDim])]), to.ints([1])]);
