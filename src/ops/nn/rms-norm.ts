import { float, type Lowering, type OnnxNodeOptions } from "../../ir/lowering.ts";
import { defineOp, notTwice, type OpFunction } from "../core/define.ts";
import { countOf, eachRow } from "../core/loops.ts";

/** Settings of a normalisation by the root of the mean square. */
export interface RmsNormAttrs {
  /** Added to the mean square. */
  readonly epsilon: number;
  /** Added to the weight: 1 where the checkpoint stores it around 0, as Gemma's does. Default 0. */
  readonly offset?: number;
}

/**
 * `y = x / √(mean(x²) + epsilon) · (w + offset)`, over the last dim.
 *
 * Shapes: `x [..., hidden]`, `w [hidden]` → as `x`.
 * @see Zhang and Sennrich 2019, arXiv:1910.07467.
 */
export const rmsNorm: OpFunction<["x", "w"], RmsNormAttrs> = defineOp({
  name: "RmsNorm",
  operands: ["x", "w"],
  sameDtype: ["x", "w"],
  rowwise: ["x"],
  infer: ({ x }) => ({ dtype: x.dtype, shape: x.shape }),
  vjp: {
    x: (dy, { x, w }, attrs) => rmsNormBackward(dy, x, w, inverseRms(x, w, attrs), attrs),
    w: (dy, { x, w }, attrs) => rmsNormWeightBackward(dy, x, inverseRms(x, w, attrs)),
  },
  reference({ x, w }, _, { epsilon, offset = 0 }) {
    const inverse = inverses(x, epsilon);
    const length = w.data.length;
    return x.data.map((x, i) => x * inverse[Math.floor(i / length)]! * (w.data[i % length]! + offset));
  },
  lower: (to, { x, w }, { attrs }) => to.node("SimplifiedLayerNormalization", ...normalization(to, x, w, attrs)),
});

/** `1 / √(mean(x²) + epsilon)`, over the last dim, which becomes 1: the engine gives it along with `rmsNorm(x, w)`. */
export const inverseRms: OpFunction<["x", "w"], RmsNormAttrs> = defineOp({
  name: "InverseRms",
  operands: ["x", "w"],
  infer: ({ x }) => ({ dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] }),
  vjp: { x: notTwice, w: notTwice },
  reference: ({ x }, _, { epsilon }) => inverses(x, epsilon),
  lower: (to, { x, w }, { attrs }) => to.node("InverseRms", ...normalization(to, x, w, attrs)),
});

/** `dx = r · (dy∘w − x · r² · mean(dy∘w∘x))`, where `r` is the inverse rms and `w` has its offset. */
export const rmsNormBackward: OpFunction<["dy", "x", "w", "inverseRms"], RmsNormAttrs> = defineOp({
  name: "RmsNormBackward",
  operands: ["dy", "x", "w", "inverseRms"],
  infer: ({ x }) => ({ dtype: x.dtype, shape: x.shape }),
  vjp: { dy: notTwice, x: notTwice, w: notTwice, inverseRms: notTwice },
  reference({ dy, x, w, inverseRms }, _, { offset = 0 }) {
    const dx = new Float64Array(x.data.length);
    const length = w.data.length;
    eachRow(x, (row, i) => {
      const r = inverseRms.data[i]!;
      const scaled = w.data.map((w, j) => dy.data[i * length + j]! * (w + offset));
      const along = row.reduce((sum, x, j) => sum + x * scaled[j]!, 0) / length;
      for (let j = 0; j < length; j++) dx[i * length + j] = r * (scaled[j]! - row[j]! * r * r * along);
    });
    return dx;
  },
  lower(to, { dy, x, w, inverseRms }, { attrs: { offset } }) {
    const scaled = to.node("Mul", [dy, shifted(to, w, offset)]);
    const along = to.node("ReduceMean", [to.node("Mul", [scaled, x]), to.ints([-1])], { attrs: { keepdims: 1 } });
    const share = to.node("Mul", [along, to.node("Mul", [inverseRms, inverseRms])]);
    const centred = to.node("Sub", [scaled, to.node("Mul", [x, share])]);
    return to.node("Mul", [centred, inverseRms]);
  },
});

/** `dw = Σ dy∘x∘r` over the rows: a product with the column `r` of inverse rms. Shapes: `dy`, `x` `[..., hidden]` → `[hidden]`. */
export const rmsNormWeightBackward: OpFunction<["dy", "x", "inverseRms"]> = defineOp({
  name: "RmsNormWeightBackward",
  operands: ["dy", "x", "inverseRms"],
  infer: ({ x }) => ({ dtype: x.dtype, shape: x.shape.slice(-1) }),
  vjp: { dy: notTwice, x: notTwice, inverseRms: notTwice },
  reference({ dy, x, inverseRms }, { shape }) {
    const dw = new Float64Array(countOf(shape));
    x.data.forEach((x, i) => {
      dw[i % dw.length]! += dy.data[i]! * x * inverseRms.data[Math.floor(i / dw.length)]!;
    });
    return dw;
  },
  lower(to, { dy, x, inverseRms }, { y: { shape } }) {
    const length = shape[0] as number;
    const rows = (x: string, width: number): string => to.node("Reshape", [x, to.ints([-1, width])]);
    const product = [rows(inverseRms, 1), rows(to.node("Mul", [dy, x]), length)];
    return to.node("Reshape", [to.node("Gemm", product, { attrs: { transA: 1 } }), to.ints([length])]);
  },
});

/** Inputs and settings of `SimplifiedLayerNormalization`, which is not of the standard, but stands in the standard's domain. */
function normalization(
  to: Lowering,
  x: string,
  w: string,
  attrs: RmsNormAttrs,
): [inputs: readonly string[], options: OnnxNodeOptions] {
  const settings = { attrs: { axis: -1, epsilon: float(attrs.epsilon), stash_type: 1 } };
  return [[x, shifted(to, w, attrs.offset)], settings];
}

const shifted = (to: Lowering, w: string, offset = 0): string =>
  offset === 0 ? w : to.node("Add", [w, to.scalar(offset)]);

function inverses(x: Parameters<typeof eachRow>[0], epsilon: number): Float64Array {
  const y = new Float64Array(x.data.length / x.shape.at(-1)!);
  eachRow(x, (row, i) => {
    y[i] = 1 / Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / row.length + epsilon);
  });
  return y;
}
