import type { Tensor } from "../../ir/types.ts";
import { eachRow } from "../core/loops.ts";
import type { AttentionAttrs } from "./attrs.ts";
import { MASKED, sees } from "./mask.ts";

/** One query of one head and one key: flat index of the pair, and where query and key begin in their data. */
interface Pair {
  readonly at: number;
  readonly query: number;
  readonly key: number;
  readonly visible: boolean;
}

/**
 * The softmax of scores, in float64. Shapes: `q [batch*queries, heads·headDim]`, `k [batch*keys, kvHeads·headDim]`,
 * `mask [batch, keys]`, `bias` as the result → `[batch, heads, queries, keys]`. Queries are the last of the keys.
 */
export function softmaxScores(q: Tensor, k: Tensor, mask: Tensor, attrs: AttentionAttrs, bias?: Tensor): Float64Array {
  const { scale, softcap } = attrs;
  const p = products(q, k, mask, attrs);
  eachPair(q, mask, attrs, ({ at, visible }) => {
    const score = scale * p[at]! + (bias?.data[at] ?? 0);
    p[at] = !visible ? MASKED : softcap === undefined ? score : softcap * Math.tanh(score / softcap);
  });
  eachRow({ data: p, shape: [p.length, mask.shape[1]!] }, (row) => {
    const top = Math.max(...row);
    const sum = row.reduce((total, score) => total + Math.exp(score - top), 0);
    row.forEach((score, i) => {
      row[i] = Math.exp(score - top) / sum;
    });
  });
  return p;
}

/** `weights · v`. Shapes: `weights [batch, heads, queries, keys]`, `v` as `k` → as `q`. */
export function weighted(
  weights: Float64Array,
  q: Tensor,
  v: Tensor,
  mask: Tensor,
  attrs: AttentionAttrs,
): Float64Array {
  const y = new Float64Array(q.data.length);
  const headDim = q.shape[1]! / attrs.heads;
  eachPair(q, mask, attrs, ({ at, query, key }) => {
    for (let d = 0; d < headDim; d++) y[query + d]! += weights[at]! * v.data[key + d]!;
  });
  return y;
}

/** Operands of the gradients of attention. Shapes as the op's. */
interface Operands {
  readonly dy: Tensor;
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly mask: Tensor;
  readonly bias?: Tensor;
  readonly y: Tensor;
  readonly dropoutMask: Tensor | undefined;
}

/** The gradients by all operands, in float64; that by a bias is that by the scores. */
export function attentionGradients(
  { dy, q, k, v, mask, bias, y, dropoutMask }: Operands,
  attrs: AttentionAttrs,
): Readonly<Record<"q" | "k" | "v" | "bias", Float64Array>> {
  const { heads, scale, softcap, keep = 1 } = attrs;
  const headDim = q.shape[1]! / heads;
  const p = softmaxScores(q, k, mask, attrs, bias);
  const [raw, dp] = [products(q, k, mask, attrs), products(dy, v, mask, attrs)];
  const zeros = ({ data }: Tensor): Float64Array => new Float64Array(data.length);
  const [dq, dk, dv, dbias] = [zeros(q), zeros(k), zeros(v), new Float64Array(p.length)];
  eachPair(q, mask, attrs, ({ at, query, key }) => {
    const kept = dropoutMask ? dropoutMask.data[at]! / keep : 1;
    let along = 0;
    for (let d = 0; d < headDim; d++) along += dy.data[query + d]! * y.data[query + d]!;
    const derivative = softcap === undefined ? 1 : 1 - Math.tanh((scale * raw[at]!) / softcap) ** 2;
    dbias[at] = derivative * p[at]! * (dp[at]! * kept - along);
    const ds = scale * dbias[at];
    for (let d = 0; d < headDim; d++) {
      dq[query + d]! += ds * k.data[key + d]!;
      dk[key + d]! += ds * q.data[query + d]!;
      dv[key + d]! += kept * p[at]! * dy.data[query + d]!;
    }
  });
  return { q: dq, k: dk, v: dv, bias: dbias };
}

/** `q·kᵀ` of every pair. */
function products(q: Tensor, k: Tensor, mask: Tensor, attrs: AttentionAttrs): Float64Array {
  const headDim = q.shape[1]! / attrs.heads;
  const y = new Float64Array((q.shape[0]! * attrs.heads * mask.data.length) / mask.shape[0]!);
  eachPair(q, mask, attrs, ({ at, query, key }) => {
    for (let d = 0; d < headDim; d++) y[at]! += q.data[query + d]! * k.data[key + d]!;
  });
  return y;
}

function eachPair(q: Tensor, mask: Tensor, attrs: AttentionAttrs, visit: (pair: Pair) => void): void {
  const { heads, kvHeads = heads } = attrs;
  const [batch, keys] = mask.shape as [number, number];
  const queries = q.shape[0]! / batch;
  const headDim = q.shape[1]! / heads;
  for (let at = 0; at < batch * heads * queries * keys; at++) {
    const [j, i] = [at % keys, Math.floor(at / keys) % queries];
    const head = Math.floor(at / (keys * queries)) % heads;
    const row = Math.floor(at / (keys * queries * heads));
    const shared = Math.floor((head * kvHeads) / heads);
    visit({
      at,
      query: ((row * queries + i) * heads + head) * headDim,
      key: ((row * keys + j) * kvHeads + shared) * headDim,
      visible: sees(mask, row, keys - queries + i, j, attrs),
    });
  }
}
