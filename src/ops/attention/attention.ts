import { OperandError } from "../../errors.ts";
import type { Value } from "../../ir/graph.ts";
import { barrier } from "../core/barrier.ts";
import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";
import { type AttentionAttrs, headDimOf, kvHeadsOf } from "./attrs.ts";
import { attentionBackward } from "./backward.ts";
import { lowerBlocks, lowerInside, together } from "./blocks.ts";
import { lowerMerge, lowerProduct, splitLike } from "./heads.ts";
import { lowerBias } from "./mask.ts";
import { softmaxScores, weighted } from "./reference.ts";
import { lowerProbabilities } from "./scores.ts";

/**
 * Multi-head attention: `softmax(scale · q·kᵀ + mask) · v`, head by head.
 *
 * Shapes: `q [batch*seq, heads·headDim]`; `k`, `v` `[batch*seq, kvHeads·headDim]`; `mask [batch, seq]`, 1 for real
 * tokens (with `documents`: their numbers); `dropoutMask [batch, heads, seq, seq]` → `y` as `q`.
 * @throws {OperandError} when widths, heads, rows or dtypes do not fit.
 * @see Vaswani et al. 2017, arXiv:1706.03762; shared heads: Ainslie et al. 2023, arXiv:2305.13245; softcap: Gemma 2,
 * arXiv:2408.00118.
 */
export const attention: OpFunction<["q", "k", "v", "mask", "dropoutMask?"], AttentionAttrs> = defineOp({
  name: "Attention",
  operands: ["q", "k", "v", "mask", "dropoutMask?"],
  sameDtype: ["q", "k", "v"],
  infer({ q, k, v, mask }, attrs) {
    const [rows] = q.shape;
    const shared = [rows, headDimOf("Attention", q, attrs) * kvHeadsOf(attrs)].join();
    if (k.shape.join() !== shared || v.shape.join() !== shared || rows !== mask.shape.join("*")) {
      throw new OperandError(
        "Attention",
        `q [${q.shape}], k [${k.shape}], v [${v.shape}], mask [${mask.shape}] do not fit: k and v need [${shared}]`,
      );
    }
    return { dtype: q.dtype, shape: q.shape };
  },
  vjp: {
    q: (dy, x, attrs) => gradient("q", dy, x, attrs),
    k: (dy, x, attrs) => gradient("k", dy, x, attrs),
    v: (dy, x, attrs) => gradient("v", dy, x, attrs),
    mask: nonDifferentiable,
    dropoutMask: nonDifferentiable,
  },
  reference({ q, k, v, mask, dropoutMask }, _, attrs) {
    const p = softmaxScores(q, k, mask, attrs);
    const weights = dropoutMask ? p.map((p, at) => (p * dropoutMask.data[at]!) / (attrs.keep ?? 1)) : p;
    return weighted(weights, q, v, mask, attrs);
  },
  lower(to, { q, k, v, mask, dropoutMask }, { types, y: { shape }, attrs }) {
    const { heads, keep = 1, causal } = attrs;
    const inside = lowerInside(to, mask, causal);
    const split = (x: string, count: number): string =>
      splitLike(inside, x, types.mask, count, (shape[1] as number) / heads);
    const [queries, keys, values] = [split(q, heads), split(k, kvHeadsOf(attrs)), split(v, kvHeadsOf(attrs))];
    const bias = lowerBias(to, mask, attrs);
    const parts = lowerBlocks(to, mask, causal).map((block) => {
      const p = lowerProbabilities(inside, block.queries(queries), block.keys(keys), block.pairs(bias), attrs);
      const weights = dropoutMask
        ? to.node("Mul", [p, to.node("DequantizeLinear", [block.pairs(dropoutMask), to.scalar(1 / keep)])])
        : p;
      return lowerProduct(inside, weights, block.keys(values), attrs);
    });
    return lowerMerge(to, together(to, parts, mask), shape);
  },
});

interface Operands {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly mask: Value;
  readonly dropoutMask: Value | undefined;
  readonly y: Value;
}

/**
 * The barrier puts the probabilities off until `dy` is known: the engine would else keep those of the forward pass. So
 * it would the parts of keys and values that blocks read.
 */
function gradient(of: "q" | "k" | "v", dy: Value, x: Operands, attrs: AttentionAttrs): Value {
  const [k, v] = attrs.causal ? [barrier(x.k, dy), barrier(x.v, dy)] : [x.k, x.v];
  return attentionBackward(dy, barrier(x.q, dy), k, v, x.mask, x.y, x.dropoutMask, { ...attrs, of });
}
