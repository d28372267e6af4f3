import type { Lowering } from "../../ir/lowering.ts";
import type { Tensor } from "../../ir/types.ts";
import { barrier } from "../core/barrier.ts";
import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";
import { timesTransposed } from "../core/loops.ts";
import { matMul } from "../nn/matmul.ts";

/**
 * `y = x · wᵀ + bias`, the frozen weight in eight bits, a scale for each output row.
 *
 * Shapes: `x [rows, in]`, `codes [out, in]` int8, `absmax [out]` → `y [rows, out]`; `w = codes · absmax / 127`.
 * The activations stay float32, as bitsandbytes does when it trains on a CPU.
 * @see Dettmers et al. 2022, "LLM.int8()", arXiv:2208.07339.
 */
export const linear8bit: OpFunction<["x", "codes", "absmax", "bias?"]> = defineOp({
  name: "Linear8bit",
  operands: ["x", "codes", "absmax", "bias?"],
  sameDtype: ["x", "absmax", "bias"],
  rowwise: ["x"],
  infer: ({ x, codes }) => ({ dtype: x.dtype, shape: [x.shape[0] as number | string, codes.shape[0] as number] }),
  vjp: {
    x: (dy, { codes, absmax }) => matMul(dy, dequantize8bit(barrier(codes, dy), absmax), {}),
    codes: nonDifferentiable,
    absmax: nonDifferentiable,
    bias: (dy) => dy,
  },
  reference: ({ x, codes, absmax, bias }) => timesTransposed(x, dequantized(codes, absmax), bias),
  lower(to, { x, codes, absmax, bias }) {
    const w = lowerDequantized(to, codes, absmax);
    return to.node("Gemm", bias ? [x, w, bias] : [x, w], { attrs: { transB: 1 } });
  },
});

/** Dequantizes eight-bit weights: `codes · absmax / 127`, row by row. Shapes as `linear8bit`'s → `w [out, in]`. */
export const dequantize8bit: OpFunction<["codes", "absmax"]> = defineOp({
  name: "Dequantize8bit",
  operands: ["codes", "absmax"],
  infer: ({ codes, absmax }) => ({ dtype: absmax.dtype, shape: codes.shape }),
  vjp: { codes: nonDifferentiable, absmax: nonDifferentiable },
  reference: ({ codes, absmax }) => dequantized(codes, absmax),
  lower: (to, { codes, absmax }) => lowerDequantized(to, codes, absmax),
});

const dequantized = (codes: Tensor, absmax: Tensor): Float64Array =>
  codes.data.map((code, i) => (code * absmax.data[Math.floor(i / codes.shape[1]!)]!) / 127);

const lowerDequantized = (to: Lowering, codes: string, absmax: string): string =>
  to.node("DequantizeRows", [codes, to.node("Div", [absmax, to.scalar(127)])]);
