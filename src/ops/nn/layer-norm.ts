import { float, type Lowering } from "../../ir/lowering.ts";
import type { Tensor } from "../../ir/types.ts";
import { defineOp, notTwice, type OpFunction } from "../core/define.ts";
import { eachRow } from "../core/loops.ts";
import { mul } from "./elementwise.ts";

/** Settings of a normalisation. */
export interface NormAttrs {
  /** Added to the variance. */
  readonly epsilon: number;
}

/**
 * `y = (x − mean) / √(variance + epsilon) · w + bias`, over the last dim.
 *
 * Shapes: `x [..., hidden]`, `w [hidden]`, `bias [hidden]` → `y [..., hidden]`.
 * @see Ba et al. 2016, arXiv:1607.06450.
 */
export const layerNorm: OpFunction<["x", "w", "bias?"], NormAttrs> = defineOp({
  name: "LayerNorm",
  operands: ["x", "w", "bias?"],
  sameDtype: ["x", "w", "bias"],
  rowwise: ["x"],
  infer: ({ x }) => x,
  vjp: {
    x: (dy, { x, w }, attrs) => standardizeBackward(mul(dy, w), standardize(x, attrs), inverseStd(x, attrs)),
    w: (dy, { x }, attrs) => mul(dy, standardize(x, attrs)),
    bias: (dy) => dy,
  },
  reference({ x, w, bias }, _, { epsilon }) {
    const standard = standardized(x, epsilon);
    return standard.map((value, i) => value * w.data[i % w.data.length]! + (bias?.data[i % w.data.length] ?? 0));
  },
  lower: (to, { x, w, bias }, { attrs: { epsilon } }) =>
    to.node("LayerNormalization", bias ? [x, w, bias] : [x, w], { attrs: { axis: -1, epsilon: float(epsilon) } }),
});

/** `(x − mean) / √(variance + epsilon)`, over the last dim. */
export const standardize: OpFunction<["x"], NormAttrs> = defineOp({
  name: "Standardize",
  operands: ["x"],
  infer: ({ x }) => x,
  vjp: { x: (dy, { x, y }, attrs) => standardizeBackward(dy, y, inverseStd(x, attrs)) },
  reference: ({ x }, _, { epsilon }) => standardized(x, epsilon),
  lower: (to, { x }, { y: { shape }, attrs: { epsilon } }) =>
    to.output(0, ...normalization(to, x, shape.at(-1) as number, epsilon)),
});

/** `1 / √(variance + epsilon)`, over the last dim, which becomes 1. */
export const inverseStd: OpFunction<["x"], NormAttrs> = defineOp({
  name: "InverseStd",
  operands: ["x"],
  infer: ({ x }) => ({ dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] }),
  vjp: { x: notTwice },
  reference({ x }, { shape }, { epsilon }) {
    const y = new Float64Array(shape.reduce((n, length) => n * length, 1));
    eachRow(x, (row, i) => {
      y[i] = 1 / Math.sqrt(moments(row).variance + epsilon);
    });
    return y;
  },
  lower: (to, { x }, { types, attrs: { epsilon } }) =>
    to.output(2, ...normalization(to, x, types.x.shape.at(-1) as number, epsilon)),
});

/** `dx = inverseStd · (dy − mean(dy) − y · mean(dy · y))`, where `y` is the standardized `x`. */
export const standardizeBackward: OpFunction<["dy", "y", "inverseStd"]> = defineOp({
  name: "StandardizeBackward",
  operands: ["dy", "y", "inverseStd"],
  infer: ({ dy }) => dy,
  vjp: { dy: notTwice, y: notTwice, inverseStd: notTwice },
  reference({ dy, y, inverseStd }) {
    const dx = new Float64Array(dy.data.length);
    const length = dy.shape.at(-1)!;
    eachRow(dy, (row, i) => {
      const at = i * length;
      const mean = row.reduce((sum, d) => sum + d, 0) / length;
      const along = row.reduce((sum, d, j) => sum + d * y.data[at + j]!, 0) / length;
      for (let j = 0; j < length; j++) dx[at + j] = inverseStd.data[i]! * (row[j]! - mean - y.data[at + j]! * along);
    });
    return dx;
  },
  lower(to, { dy, y, inverseStd }, { y: { shape } }) {
    const length = shape.at(-1) as number;
    const average = to.constant("float32", [length, 1], new Array<number>(length).fill(1 / length));
    const mean = to.node("MatMul", [dy, average]);
    const along = to.node("MatMul", [to.node("Mul", [dy, y]), average]);
    const centred = to.node("Sub", [to.node("Sub", [dy, to.node("Mul", [y, along])]), mean]);
    return to.node("Mul", [centred, inverseStd]);
  },
});

/** The standard normalisation without scale; the engine gives mean and inverse deviation as further outputs. */
function normalization(to: Lowering, x: string, length: number, epsilon: number): Parameters<Lowering["node"]> {
  const ones = to.constant("float32", [length], new Array<number>(length).fill(1));
  return ["LayerNormalization", [x, ones], { attrs: { axis: -1, epsilon: float(epsilon) } }];
}

function moments(row: Float64Array): { mean: number; variance: number } {
  const mean = row.reduce((sum, x) => sum + x, 0) / row.length;
  return { mean, variance: row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length };
}

function standardized(x: Tensor, epsilon: number): Float64Array {
  const y = new Float64Array(x.data.length);
  eachRow(x, (row, i) => {
    const { mean, variance } = moments(row);
    for (let j = 0; j < row.length; j++) y[i * row.length + j] = (row[j]! - mean) / Math.sqrt(variance + epsilon);
  });
  return y;
}
