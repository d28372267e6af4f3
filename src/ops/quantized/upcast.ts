import type { Lowering } from "../../ir/lowering.ts";
import type { DType } from "../../ir/types.ts";
import { defineOp, type OpFunction } from "../core/define.ts";

/** ONNX's numbers of the half types. */
const HALVES: Readonly<Record<string, number>> = { float16: 10, bfloat16: 16 };

/**
 * A half-precision value as float32, exactly. Where the backward pass reads it, it is upcast again: between the passes
 * a weight lies in half precision only.
 */
export const upcast: OpFunction<["x"]> = defineOp({
  name: "Upcast",
  operands: ["x"],
  cheap: true,
  infer: ({ x }) => ({ dtype: "float32", shape: x.shape }),
  vjp: { x: (dy) => dy },
  reference: ({ x }) => x.data,
  lower: (to, { x }, { types }) => lowerUpcast(to, x, types.x.dtype),
});

/**
 * The ONNX form of `x` as float32; `x` itself if it is that already. Half floats travel as their bits: not every Node
 * version has an array for them, none has one for bfloat16.
 */
export function lowerUpcast(to: Lowering, x: string, dtype: DType): string {
  const half = HALVES[dtype];
  if (half === undefined) return x;
  return to.node("UpcastHalf", [x], { attrs: { from: half } });
}
