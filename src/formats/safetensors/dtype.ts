/**
 * Bits of one element of each type that a safetensors file may hold, in the format's own order:
 * writers place tensors from the last of these to the first, so that each begins aligned.
 *
 * @see huggingface/safetensors, `enum Dtype`
 */
export const DTYPE_BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

/** Element type of a stored tensor, as safetensors spells it. */
export type Dtype = keyof typeof DTYPE_BITS;

/** True when `name` is an element type that safetensors knows. */
export const isDtype = (name: unknown): name is Dtype => typeof name === "string" && Object.hasOwn(DTYPE_BITS, name);

/**
 * Bits of a tensor of that type and shape.
 * @returns `undefined` when the count is not exact in a double: past 2⁵³.
 */
export function tensorBits(dtype: Dtype, shape: readonly number[]): number | undefined {
  let bits: number = DTYPE_BITS[dtype];
  for (const dim of shape) {
    bits *= dim;
    if (!Number.isSafeInteger(bits)) return undefined;
  }
  return bits;
}
