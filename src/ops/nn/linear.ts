import { OperandError } from "../../errors.ts";
import { defineOp, type OpFunction } from "../core/define.ts";
import { timesTransposed } from "../core/loops.ts";
import { matMul } from "./matmul.ts";

/**
 * `y = x · wᵀ + bias`, with the weight as checkpoints store it.
 *
 * Shapes: `x [rows, in]`, `w [out, in]`, `bias [out]` → `y [rows, out]`.
 * Stays whole until lowering, so that a pass matches one node.
 * @throws {OperandError} when inner dims or dtypes differ.
 */
export const linear: OpFunction<["x", "w", "bias?"]> = defineOp({
  name: "Linear",
  operands: ["x", "w", "bias?"],
  rowwise: ["x"],
  sameDtype: ["x", "w", "bias"],
  infer({ x, w, bias }) {
    const [rows, inn] = x.shape;
    const [out, inn2] = w.shape;
    if (x.shape.length !== 2 || w.shape.length !== 2 || inn !== inn2) {
      throw new OperandError("Linear", `inner dims differ: x [${x.shape}] · w [${w.shape}]ᵀ needs ${inn} = ${inn2}`);
    }
    if (bias && bias.shape.join() !== `${out}`)
      throw new OperandError("Linear", `bias [${bias.shape}] is not [${out}]`);
    return { dtype: x.dtype, shape: [rows!, out!] };
  },
  vjp: {
    x: (dy, { w }) => matMul(dy, w, {}), // [rows, out] · [out, in]
    w: (dy, { x }) => matMul(dy, x, { transA: true }), // [out, rows] · [rows, in]
    bias: (dy) => dy,
  },
  reference: ({ x, w, bias }) => timesTransposed(x, w.data, bias),
  lower: (to, { x, w, bias }) => to.node("Gemm", bias ? [x, w, bias] : [x, w], { attrs: { transB: 1 } }),
});
