import { OperandError } from "../../errors.ts";
import type { Value } from "../../ir/graph.ts";
import { barrier } from "../core/barrier.ts";
import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";
import { headDimOf } from "./attrs.ts";
import { type BiasedAttentionAttrs, biasedAttentionBackward } from "./biased-backward.ts";
import { lowerInside } from "./blocks.ts";
import { lowerMerge, lowerProduct, splitLike } from "./heads.ts";
import { lowerBias } from "./mask.ts";
import { softmaxScores, weighted } from "./reference.ts";
import { lowerProbabilities } from "./scores.ts";

/**
 * Multi-head attention with a bias for each pair of tokens: `softmax(scale · q·kᵀ + bias + mask) · v`, head by head.
 *
 * Shapes: `q`, `k`, `v` `[batch*seq, heads·headDim]`; `mask [batch, seq]`, 1 for real tokens; `bias`
 * `[batch, heads, seq, seq]`; `dropoutMask` as `bias` → `y` as `q`.
 * @throws {OperandError} when widths, heads or rows do not fit.
 */
export const biasedAttention: OpFunction<["q", "k", "v", "mask", "bias", "dropoutMask?"], BiasedAttentionAttrs> =
  defineOp({
    name: "BiasedAttention",
    operands: ["q", "k", "v", "mask", "bias", "dropoutMask?"],
    sameDtype: ["q", "k", "v", "bias"],
    infer({ q, k, v, mask, bias }, attrs) {
      const rows = [mask.shape.join("*"), headDimOf("BiasedAttention", q, attrs) * attrs.heads].join();
      const pairs = [mask.shape[0], attrs.heads, mask.shape[1], mask.shape[1]].join();
      if ([q, k, v].some(({ shape }) => shape.join() !== rows) || bias.shape.join() !== pairs) {
        const found = `q [${q.shape}], k [${k.shape}], v [${v.shape}], mask [${mask.shape}], bias [${bias.shape}]`;
        throw new OperandError("BiasedAttention", `${found} do not fit: the bias needs [${pairs}]`);
      }
      return { dtype: q.dtype, shape: q.shape };
    },
    vjp: {
      q: (dy, x, attrs) => gradient("q", dy, x, attrs),
      k: (dy, x, attrs) => gradient("k", dy, x, attrs),
      v: (dy, x, attrs) => gradient("v", dy, x, attrs),
      mask: nonDifferentiable,
      bias: (dy, x, attrs) => gradient("bias", dy, x, attrs),
      dropoutMask: nonDifferentiable,
    },
    reference({ q, k, v, mask, bias, dropoutMask }, _, attrs) {
      const p = softmaxScores(q, k, mask, attrs, bias);
      const weights = dropoutMask ? p.map((p, at) => (p * dropoutMask.data[at]!) / (attrs.keep ?? 1)) : p;
      return weighted(weights, q, v, mask, attrs);
    },
    lower(outside, { q, k, v, mask, bias, dropoutMask }, { types, y: { shape }, attrs }) {
      const { heads, keep = 1 } = attrs;
      const to = lowerInside(outside, mask, true);
      const split = (x: string): string => splitLike(to, x, types.mask, heads, (shape[1] as number) / heads);
      const added = to.node("Add", [bias, lowerBias(to, mask, {})]);
      const p = lowerProbabilities(to, split(q), split(k), added, attrs);
      const weights = dropoutMask
        ? to.node("Mul", [p, to.node("DequantizeLinear", [dropoutMask, to.scalar(1 / keep)])])
        : p;
      return lowerMerge(to, lowerProduct(to, weights, split(v), attrs), shape);
    },
  });

interface Operands {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly mask: Value;
  readonly bias: Value;
  readonly dropoutMask: Value | undefined;
  readonly y: Value;
}

/** The barrier delays the probabilities until `dy` is known. Otherwise ONNX Runtime keeps those of the forward pass. */
const gradient = (of: "q" | "k" | "v" | "bias", dy: Value, x: Operands, attrs: BiasedAttentionAttrs): Value =>
  biasedAttentionBackward(dy, barrier(x.q, dy), x.k, x.v, x.mask, x.bias, x.y, x.dropoutMask, { ...attrs, of });
