import type { Lowering } from "../../ir/lowering.ts";
import { barrier } from "../core/barrier.ts";
import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";
import { matMul } from "../nn/matmul.ts";

/**
 * `y = x · wᵀ + bias`, the frozen weight held in eight bits, a scale for each output row.
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
  reference({ x, codes, absmax, bias }, { shape }) {
    const [rows, out] = shape as [number, number];
    const inn = codes.shape[1]!;
    return new Float64Array(rows * out).map((_, at) => {
      const [i, j] = [Math.floor(at / out), at % out];
      let sum = 0;
      for (let k = 0; k < inn; k++) sum += x.data[i * inn + k]! * codes.data[j * inn + k]!;
      return (sum * absmax.data[j]!) / 127 + (bias?.data[j] ?? 0);
    });
  },
  lower(to, { x, codes, absmax, bias }) {
    const w = unpack(to, codes, absmax);
    return to.node("Gemm", bias ? [x, w, bias] : [x, w], { attrs: { transB: 1 } });
  },
});

/** Unpacks eight-bit weights: `codes · absmax / 127`, row by row. Shapes as `linear8bit`'s → `w [out, in]`. */
export const dequantize8bit: OpFunction<["codes", "absmax"]> = defineOp({
  name: "Dequantize8bit",
  operands: ["codes", "absmax"],
  infer: ({ codes, absmax }) => ({ dtype: absmax.dtype, shape: codes.shape }),
  vjp: { codes: nonDifferentiable, absmax: nonDifferentiable },
  reference: ({ codes, absmax }) =>
    codes.data.map((code, i) => (code * absmax.data[Math.floor(i / codes.shape[1]!)]!) / 127),
  lower: (to, { codes, absmax }) => unpack(to, codes, absmax),
});

const unpack = (to: Lowering, codes: string, absmax: string): string =>
  to.node("DequantizeLinear", [codes, to.node("Div", [absmax, to.scalar(127)])], { attrs: { axis: 0 } });
