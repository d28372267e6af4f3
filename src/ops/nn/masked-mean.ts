import type { Lowering } from "../../ir/lowering.ts";
import type { Dim } from "../../ir/types.ts";
import { defineOp, nonDifferentiable, notTwice, type OpFunction } from "../core/define.ts";

/**
 * The mean of each row's real tokens. Shapes: `x [batch*seq, hidden]`, `mask [batch, seq]`, 1 for real tokens →
 * `y [batch, hidden]`.
 */
export const maskedMean: OpFunction<["x", "mask"]> = defineOp({
  name: "MaskedMean",
  operands: ["x", "mask"],
  infer: ({ x, mask }) => ({ dtype: x.dtype, shape: [mask.shape[0] as Dim, x.shape[1] as Dim] }),
  vjp: { x: (dy, { mask }) => maskedMeanBackward(dy, mask), mask: nonDifferentiable },
  reference({ x, mask }, { shape }) {
    const [batch, hidden] = shape as [number, number];
    const seq = mask.shape[1]!;
    const y = new Float64Array(batch * hidden);
    const weights = weightsOf(mask.data, seq);
    weights.forEach((weight, i) => {
      for (let j = 0; j < hidden; j++) y[Math.floor(i / seq) * hidden + j]! += weight * x.data[i * hidden + j]!;
    });
    return y;
  },
  lower(to, { x, mask }, { types }) {
    const [batch, hidden] = [types.mask.shape[0] as Dim, types.x.shape[1] as Dim];
    const rows = to.node("Reshape", [x, to.shape([...types.mask.shape, hidden])]);
    const weights = to.node("Unsqueeze", [normalized(to, mask), to.ints([1])]);
    return to.node("Reshape", [to.node("MatMul", [weights, rows]), to.shape([batch, hidden])]);
  },
});

/** `dx[row, token] = dy[row] / (number of real tokens)` for real tokens, else 0. */
export const maskedMeanBackward: OpFunction<["dy", "mask"]> = defineOp({
  name: "MaskedMeanBackward",
  operands: ["dy", "mask"],
  infer: ({ dy, mask }) => ({ dtype: dy.dtype, shape: [mask.shape.join("*"), dy.shape[1] as Dim] }),
  vjp: { dy: notTwice, mask: nonDifferentiable },
  reference({ dy, mask }, { shape }) {
    const hidden = shape[1]!;
    const seq = mask.shape[1]!;
    const dx = new Float64Array(mask.data.length * hidden);
    weightsOf(mask.data, seq).forEach((weight, i) => {
      for (let j = 0; j < hidden; j++) dx[i * hidden + j] = weight * dy.data[Math.floor(i / seq) * hidden + j]!;
    });
    return dx;
  },
  lower(to, { dy, mask }, { y: { shape } }) {
    const weights = to.node("Unsqueeze", [normalized(to, mask), to.ints([2])]);
    const spread = to.node("Mul", [weights, to.node("Unsqueeze", [dy, to.ints([1])])]);
    return to.node("Reshape", [spread, to.shape(shape)]);
  },
});

function normalized(to: Lowering, mask: string): string {
  const real = to.node("Cast", [mask], { attrs: { to: 1 } });
  return to.node("Div", [real, to.node("ReduceSum", [real, to.ints([1])], { attrs: { keepdims: 1 } })]);
}

function weightsOf(mask: Float64Array, seq: number): Float64Array {
  const weights = Float64Array.from(mask);
  for (let start = 0; start < mask.length; start += seq) {
    const row = weights.subarray(start, start + seq);
    const count = row.reduce((sum, real) => sum + real, 0);
    for (let i = 0; i < seq; i++) row[i]! /= count;
  }
  return weights;
}
