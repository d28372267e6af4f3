import { defineOp, type OpFunction } from "./define.ts";

/** ONNX's numbers of the half types. */
const HALVES: Readonly<Record<string, number>> = { float16: 10, bfloat16: 16 };
const FLOAT = 1;

/**
 * A half-precision value as float32, exactly. Where the backward pass reads it, it is widened again: between the passes
 * a weight lies in half precision only.
 */
export const widen: OpFunction<["x"]> = defineOp({
  name: "Widen",
  operands: ["x"],
  cheap: true,
  infer: ({ x }) => ({ dtype: "float32", shape: x.shape }),
  vjp: { x: (dy) => dy },
  reference: ({ x }) => x.data,
  // Half floats travel as their bits: not every Node version has an array for them, none has one for bfloat16.
  lower(to, { x }, { types }) {
    const half = to.node("BitCast", [x], { attrs: { to: HALVES[types.x.dtype] as number } });
    return to.node("Cast", [half], { attrs: { to: FLOAT } });
  },
});
