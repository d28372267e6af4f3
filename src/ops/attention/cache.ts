import { OperandError } from "../../errors.ts";
import type { Lowering } from "../../ir/lowering.ts";
import type { Dim, Tensor } from "../../ir/types.ts";
import { defineOp, nonDifferentiable, notTwice, type OpFunction } from "../core/define.ts";
import { countOf, eachIndex, readBroadcast } from "../core/loops.ts";
import { type AttentionAttrs, headDimOf, kvHeadsOf } from "./attrs.ts";
import { lowerMerge, lowerProduct, lowerSplit } from "./heads.ts";
import { lowerBias } from "./mask.ts";
import { softmaxScores, weighted } from "./reference.ts";
import { lowerProbabilities } from "./scores.ts";

/** Settings of attention to a cache. */
export type CachedAttentionAttrs = Omit<AttentionAttrs, "documents" | "keep">;

/**
 * Keys or values of earlier tokens with those of new tokens behind them.
 *
 * Shapes: `past [batch, kvHeads, past, headDim]`, `x [batch*seq, kvHeads·headDim]` → `[batch, kvHeads, total, headDim]`,
 * where `total` names `past + seq`: a dim of another input, the attention mask.
 * @throws {OperandError} when the width of `x` is not that of the cache.
 */
export const appendCache: OpFunction<["past", "x"], { readonly total: Dim }> = defineOp({
  name: "AppendCache",
  operands: ["past", "x"],
  sameDtype: ["past", "x"],
  infer({ past, x }, { total }) {
    const [batch, heads, , width] = past.shape as [Dim, number, Dim, number];
    if (past.shape.length !== 4 || x.shape[1] !== heads * width) {
      throw new OperandError(
        "AppendCache",
        `takes past [batch, kvHeads, past, headDim] and x [rows, kvHeads·headDim]; got [${past.shape}], [${x.shape}]`,
      );
    }
    return { dtype: x.dtype, shape: [batch, heads, total, width] };
  },
  vjp: { past: notTwice, x: notTwice },
  reference({ past, x }, { shape }) {
    const y = new Float64Array(countOf(shape));
    const [batch, heads, total, width] = shape as [number, number, number, number];
    const before = past.shape[2]!;
    const added = { data: x.data, shape: [batch, total - before, heads, width] };
    eachIndex(shape, ([row, head, place, d], flat) => {
      const at = place! - before;
      y[flat] = at < 0 ? readBroadcast(past, [row!, head!, place!, d!]) : readBroadcast(added, [row!, at, head!, d!]);
    });
    return y;
  },
  lower(to, { past, x }, { y: { shape } }) {
    const [batch, heads, , width] = shape as [Dim, number, Dim, number];
    return to.node("Concat", [past, lowerRows(to, x, batch, heads, width)], { attrs: { axis: 2 } });
  },
});

/**
 * `attention` of new tokens to all tokens so far: row `i` of the `seq` new ones stands at place `total − seq + i`.
 *
 * Shapes: `q [batch*seq, heads·headDim]`; `keys`, `values` `[batch, kvHeads, total, headDim]`; `mask [batch, total]`, 1
 * for real tokens → as `q`.
 * @throws {OperandError} when widths, heads or the mask do not fit.
 */
export const cachedAttention: OpFunction<["q", "keys", "values", "mask"], CachedAttentionAttrs> = defineOp({
  name: "CachedAttention",
  operands: ["q", "keys", "values", "mask"],
  sameDtype: ["q", "keys", "values"],
  infer({ q, keys, values, mask }, attrs) {
    const [batch, , total] = keys.shape;
    const shared = [batch, kvHeadsOf(attrs), total, headDimOf("CachedAttention", q, attrs)].join();
    if (keys.shape.join() !== shared || values.shape.join() !== shared || mask.shape.join() !== `${batch},${total}`) {
      const found = `keys [${keys.shape}], values [${values.shape}], mask [${mask.shape}]`;
      throw new OperandError(
        "CachedAttention",
        `q [${q.shape}], ${found} do not fit: keys and values need [${shared}]`,
      );
    }
    return { dtype: q.dtype, shape: q.shape };
  },
  vjp: { q: notTwice, keys: notTwice, values: notTwice, mask: nonDifferentiable },
  reference({ q, keys, values, mask }, _, attrs) {
    const p = softmaxScores(q, byRow(keys), mask, attrs);
    return weighted(p, q, byRow(values), mask, attrs);
  },
  lower(to, { q, keys, values, mask }, { types, y: { shape }, attrs }) {
    const [batch, total] = types.mask.shape as [Dim, Dim];
    const queries = lowerRows(to, q, batch, attrs.heads, (shape[1] as number) / attrs.heads);
    const count = to.node("Div", [lengthOf(to, shape[0] as Dim), lengthOf(to, batch)]);
    const first = to.node("Squeeze", [to.node("Sub", [lengthOf(to, total), count])]);
    const p = lowerProbabilities(to, queries, keys, lowerBias(to, mask, attrs, first), attrs);
    return lowerMerge(to, lowerProduct(to, p, values, attrs), shape);
  },
});

/** `[batch*seq, heads·width]` → `[batch, heads, seq, width]`, where `seq` follows from the others. */
function lowerRows(to: Lowering, x: string, batch: Dim, heads: number, width: number): string {
  const shape = to.node("Concat", [lengthOf(to, batch), to.ints([-1, heads, width])], { attrs: { axis: 0 } });
  return lowerSplit(to, x, shape);
}

/** The run-time length of a dim, a vector of one. A shape with one unknown would say −1: this one has two. */
const lengthOf = (to: Lowering, dim: Dim): string => to.node("Gather", [to.shape([dim, dim]), to.ints([0])]);

/** `[batch, heads, total, width]` → `[batch*total, heads·width]`. */
function byRow({ data, shape }: Tensor): Tensor {
  const [batch, heads, total, width] = shape as [number, number, number, number];
  const rows = new Float64Array(data.length);
  eachIndex(shape, ([row, head, place, d], flat) => {
    rows[((row! * total + place!) * heads + head!) * width + d!] = data[flat]!;
  });
  return { data: rows, shape: [batch * total, heads * width] };
}
