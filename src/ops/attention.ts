import { OperandError } from "../errors.ts";
import type { Value } from "../ir/graph.ts";
import { float, type Lowering } from "../ir/lowering.ts";
import type { Dim, Shape, Tensor, TensorType } from "../ir/types.ts";
import { barrier } from "./barrier.ts";
import { defineOp, nonDifferentiable, notTwice, type OpFunction } from "./define.ts";
import { dropout } from "./dropout.ts";
import { mul, sub } from "./elementwise.ts";
import { matMul } from "./matmul.ts";
import { reduceSum, reshape, transpose } from "./shape.ts";

/** Settings of attention. */
export interface AttentionAttrs {
  readonly heads: number;
  /** Scores are multiplied by this; `1 / √headDim` as a rule. */
  readonly scale: number;
  /** Tokens further apart than this do not see each other; absent: all do. */
  readonly window?: number;
  /** With a dropout mask: the probability that it keeps. */
  readonly keep?: number;
}

/** Added to a masked score. Finite: a row with nothing to see stays a number, and 0 · it stays 0. */
const MASKED = -1e9;

/**
 * Multi-head attention: `softmax(scale · q·kᵀ + mask) · v`, head by head.
 *
 * Shapes: `q`, `k`, `v` `[batch*seq, heads·headDim]`; `mask [batch, seq]`, 1 for real tokens; `dropoutMask`
 * `[batch, heads, seq, seq]` → `y [batch*seq, heads·headDim]`.
 * @see Vaswani et al. 2017, arXiv:1706.03762. The backward pass uses `rowsum(dP∘P) = rowsum(dY∘Y)`, from Dao et al.
 * 2022, arXiv:2205.14135, appendix B.
 */
export const attention: OpFunction<["q", "k", "v", "mask", "dropoutMask?"], AttentionAttrs> = defineOp({
  name: "Attention",
  operands: ["q", "k", "v", "mask", "dropoutMask?"],
  infer({ q, k, v, mask }, { heads }) {
    const [rows, width] = q.shape;
    if (k.shape.join() !== q.shape.join() || v.shape.join() !== q.shape.join() || rows !== mask.shape.join("*")) {
      throw new OperandError(
        "Attention",
        `q [${q.shape}], k [${k.shape}], v [${v.shape}], mask [${mask.shape}] do not fit`,
      );
    }
    if (typeof width !== "number" || width % heads !== 0) {
      throw new OperandError("Attention", `width ${width} is not divisible into ${heads} heads`);
    }
    return { dtype: q.dtype, shape: q.shape };
  },
  vjp: {
    q: (dy, x, attrs) => merge(matMul(scoresGradient(dy, x, attrs), split(x.k, x.mask, attrs), { alpha: attrs.scale })),
    k: (dy, x, attrs) =>
      merge(matMul(scoresGradient(dy, x, attrs), split(x.q, x.mask, attrs), { transA: true, alpha: attrs.scale })),
    v: (dy, x, attrs) =>
      merge(matMul(dropped(probabilities(x, dy, attrs), x, attrs), split(dy, x.mask, attrs), { transA: true })),
    mask: nonDifferentiable,
    dropoutMask: nonDifferentiable,
  },
  reference({ q, k, v, mask, dropoutMask }, _, attrs) {
    const p = softmaxScores(q, k, mask, attrs);
    const y = new Float64Array(q.data.length);
    const headDim = q.shape[1]! / attrs.heads;
    eachPair(mask, attrs.heads, (at, row, column, head) => {
      const weight = p[at]! * (dropoutMask ? dropoutMask.data[at]! / (attrs.keep ?? 1) : 1);
      for (let d = 0; d < headDim; d++) {
        const j = head * headDim + d;
        y[row * q.shape[1]! + j]! += weight * v.data[column * q.shape[1]! + j]!;
      }
    });
    return y;
  },
  lower(to, { q, k, v, mask, dropoutMask }, { types }, attrs) {
    const heads = (x: string): string => splitHeads(to, x, types.q, types.mask, attrs);
    const p = scores(to, heads(q), heads(k), mask, attrs);
    const keep = to.scalar(1 / (attrs.keep ?? 1));
    const weights = dropoutMask ? to.node("Mul", [p, to.node("DequantizeLinear", [dropoutMask, keep])]) : p;
    const y = to.node("FusedMatMul", [weights, heads(v)], { domain: "com.microsoft" });
    return to.node("Reshape", [to.node("Transpose", [y], { attrs: { perm: [0, 2, 1, 3] } }), to.shape(types.q.shape)]);
  },
});

/** `softmax(scale · q·kᵀ + mask)`. Shapes as `attention`'s → `[batch, heads, seq, seq]`. */
export const attentionProbabilities: OpFunction<["q", "k", "mask"], AttentionAttrs> = defineOp({
  name: "AttentionProbabilities",
  operands: ["q", "k", "mask"],
  infer({ q, mask }, { heads }) {
    const [batch, seq] = mask.shape as [Dim, Dim];
    return { dtype: q.dtype, shape: [batch, heads, seq, seq] };
  },
  vjp: { q: notTwice, k: notTwice, mask: nonDifferentiable },
  reference: ({ q, k, mask }, _, attrs) => softmaxScores(q, k, mask, attrs),
  lower(to, { q, k, mask }, { types }, attrs) {
    const heads = (x: string): string => splitHeads(to, x, types.q, types.mask, attrs);
    return scores(to, heads(q), heads(k), mask, attrs);
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

/** The probabilities again, once `dy` is known: `[batch, heads, seq, seq]` is too wide to keep for the backward pass. */
const probabilities = ({ q, k, mask }: Operands, dy: Value, attrs: AttentionAttrs): Value =>
  attentionProbabilities(barrier(q, dy), k, mask, attrs);

const dropped = (p: Value, { dropoutMask }: Operands, { keep = 1 }: AttentionAttrs): Value =>
  dropoutMask ? dropout(p, dropoutMask, { keep }) : p;

/** `[batch*seq, heads·headDim]` → `[batch, heads, seq, headDim]`. */
function split(x: Value, mask: Value, { heads }: AttentionAttrs): Value {
  return transpose(reshape(x, { shape: headShape(x.shape, mask.shape, heads) }), { perm: [0, 2, 1, 3] });
}

/** `[batch, heads, seq, headDim]` → `[batch*seq, heads·headDim]`. */
function merge(x: Value): Value {
  const [batch, heads, seq, headDim] = x.shape as [string, number, string, number];
  const shape = [typeof batch === "number" ? batch * Number(seq) : `${batch}*${seq}`, heads * headDim];
  return reshape(transpose(x, { perm: [0, 2, 1, 3] }), { shape });
}

const headShape = ([, width]: Shape, [batch, seq]: Shape, heads: number): Shape =>
  [batch, seq, heads, (width as number) / heads] as Shape;

/** Gradient of the loss by `scale · q·kᵀ`: `P ∘ (dP − rowsum(dY∘Y))`. */
function scoresGradient(dy: Value, x: Operands, attrs: AttentionAttrs): Value {
  const dyHeads = split(dy, x.mask, attrs);
  const dp = dropped(matMul(dyHeads, split(x.v, x.mask, attrs), { transB: true }), x, attrs);
  const [batch, seq] = x.mask.shape as [Dim, Dim];
  const along = reduceSum(reshape(mul(dy, x.y), { shape: headShape(dy.shape, x.mask.shape, attrs.heads) }), {
    axes: [3],
  });
  const column = reshape(transpose(along, { perm: [0, 2, 1] }), { shape: [batch, attrs.heads, seq, 1] });
  return mul(probabilities(x, dy, attrs), sub(dp, column));
}

function splitHeads(to: Lowering, x: string, type: TensorType, mask: TensorType, { heads }: AttentionAttrs): string {
  const apart = to.node("Reshape", [x, to.shape(headShape(type.shape, mask.shape, heads))]);
  return to.node("Transpose", [apart], { attrs: { perm: [0, 2, 1, 3] } });
}

function scores(to: Lowering, q: string, k: string, mask: string, { scale, window }: AttentionAttrs): string {
  const attrs = { transB: 1, alpha: float(scale) };
  const products = to.node("FusedMatMul", [q, k], { attrs, domain: "com.microsoft" });
  const padding = to.node("Cast", [to.node("Sub", [to.constant("int64", [], [1]), mask])], { attrs: { to: 1 } });
  const keys = to.node("Unsqueeze", [to.node("Mul", [padding, to.scalar(MASKED)]), to.ints([1, 2])]);
  const bias = window === undefined ? keys : to.node("Add", [keys, outside(to, mask, window)]);
  return to.node("Softmax", [to.node("Add", [products, bias])], { attrs: { axis: -1 } });
}

/** `[seq, seq]`: 0 where two tokens are at most `window` apart, else `MASKED`. */
function outside(to: Lowering, mask: string, window: number): string {
  const integer = (value: number): string => to.constant("int64", [], [value]);
  const seq = to.node("Gather", [to.node("Shape", [mask]), integer(1)]);
  const place = to.node("Range", [integer(0), seq, integer(1)]);
  const distance = to.node("Abs", [to.node("Sub", [to.node("Unsqueeze", [place, to.ints([1])]), place])]);
  return to.node("Where", [to.node("Greater", [distance, integer(window)]), to.scalar(MASKED), to.scalar(0)]);
}

/** Visits every (query, key) of every head: flat index of the pair, row of `q`, row of `k`, head. */
function eachPair(mask: Tensor, heads: number, visit: (at: number, row: number, column: number, head: number) => void) {
  const [batch, seq] = mask.shape as [number, number];
  for (let at = 0; at < batch * heads * seq * seq; at++) {
    const block = Math.floor(at / (seq * seq));
    const start = Math.floor(block / heads) * seq;
    visit(at, start + (Math.floor(at / seq) % seq), start + (at % seq), block % heads);
  }
}

function softmaxScores(q: Tensor, k: Tensor, mask: Tensor, { heads, scale, window }: AttentionAttrs): Float64Array {
  const [batch, seq] = mask.shape as [number, number];
  const width = q.shape[1]!;
  const headDim = width / heads;
  const p = new Float64Array(batch * heads * seq * seq);
  eachPair(mask, heads, (at, row, column, head) => {
    let score = mask.data[column] === 0 ? MASKED : 0;
    if (window !== undefined && Math.abs(row - column) > window) score += MASKED;
    for (let d = head * headDim; d < (head + 1) * headDim; d++) {
      score += scale * q.data[row * width + d]! * k.data[column * width + d]!;
    }
    p[at] = score;
  });
  for (let start = 0; start < p.length; start += seq) {
    const row = p.subarray(start, start + seq);
    const top = Math.max(...row);
    const sum = row.reduce((total, score) => total + Math.exp(score - top), 0);
    row.forEach((score, i) => {
      row[i] = Math.exp(score - top) / sum;
    });
  }
  return p;
}
