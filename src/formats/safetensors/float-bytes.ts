import { float32ToBfloat16, float32ToFloat16 } from "../../quant/half.ts";

/** Types that a float32 tensor can be rounded to, as safetensors spells them. */
export type FloatDtype = keyof typeof ROUND;

const ROUND = {
  F64: (x: Float32Array) => new Float64Array(x),
  F32: (x: Float32Array) => x,
  F16: float32ToFloat16,
  BF16: float32ToBfloat16,
} as const;

/** True when a tensor of that type can be read as float32 and written back. */
export const isFloatDtype = (dtype: string): dtype is FloatDtype => Object.hasOwn(ROUND, dtype);

/** The bytes of `x [n]` in another type, rounded to nearest, ties to even; float32 itself is viewed, not copied. */
export function bytesOf(x: Float32Array, dtype: FloatDtype): Uint8Array {
  const { buffer, byteOffset, byteLength } = ROUND[dtype](x);
  return new Uint8Array(buffer, byteOffset, byteLength);
}
