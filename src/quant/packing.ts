import { doubleQuantize, undoubleQuantize } from "./doublequant.ts";
import { dequantize4, quantize4 } from "./fourbit.ts";
import { float16ToFloat32, float32ToFloat16 } from "./half.ts";
import { dequantizeInt8, quantizeInt8 } from "./int8.ts";

/** How a frozen weight is packed. */
export type Packing =
  | { readonly type: "nf4" | "fp4"; readonly blockSize: number; readonly doubleQuant: boolean }
  | { readonly type: "int8" };

/** All arrays that stand for one packed weight; those that its packing does not need are empty. */
export interface Packed {
  readonly codes: Uint8Array | Int8Array;
  /** Scales of blocks or rows; with double quantization their codes. */
  readonly absmax: Float32Array | Uint8Array;
  readonly nestedAbsmax: Float32Array;
  readonly nestedOffset: Float32Array;
}

/**
 * Packs a weight as bitsandbytes does.
 * @param w `[rows, n / rows]`, row-major. Not changed.
 * @throws {BlockSizeError | CheckpointError} as the codecs do.
 */
export function packWeight(w: Float32Array, rows: number, packing: Packing): Packed {
  const none = { nestedAbsmax: new Float32Array(0), nestedOffset: new Float32Array(0) };
  // bitsandbytes takes the weights of int8 in half precision first
  if (packing.type === "int8") return { ...quantizeInt8(float16ToFloat32(float32ToFloat16(w)), rows), ...none };
  const { codes, absmax } = quantize4(w, packing);
  if (!packing.doubleQuant) return { codes, absmax, ...none };
  const nested = doubleQuantize(absmax);
  return { codes, absmax: nested.codes, nestedAbsmax: nested.absmax, nestedOffset: Float32Array.of(nested.offset) };
}

/**
 * The weight that packed arrays stand for.
 * @param n Its elements.
 */
export function unpackWeight(
  { codes, absmax, nestedAbsmax, nestedOffset }: Packed,
  packing: Packing,
  n: number,
): Float32Array {
  const floats = absmax as Float32Array;
  if (packing.type === "int8") return dequantizeInt8({ codes: codes as Int8Array, absmax: floats });
  const { type, blockSize, doubleQuant } = packing;
  const nested = { codes: absmax as Uint8Array, absmax: nestedAbsmax, offset: Number(nestedOffset[0]) };
  const scales = doubleQuant ? undoubleQuantize(nested) : floats;
  return dequantize4({ codes: codes as Uint8Array, absmax: scales, type, blockSize }, n);
}

/** The weight that `w [rows, n / rows]` is once packed: what a model with a packed base computes with. */
export const throughPacking = (w: Float32Array, rows: number, packing: Packing): Float32Array =>
  unpackWeight(packWeight(w, rows, packing), packing, w.length);
