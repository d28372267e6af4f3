import { doubleQuantize, undoubleQuantize } from "../quant/doublequant.ts";
import { dequantize4, quantize4 } from "../quant/fourbit.ts";
import { float16ToFloat32, float32ToFloat16 } from "../quant/half.ts";
import { dequantizeInt8, quantizeInt8 } from "../quant/int8.ts";

/** How a frozen weight was packed in training. */
export type Packing =
  | { readonly type: "nf4" | "fp4"; readonly blockSize: number; readonly doubleQuant: boolean }
  | { readonly type: "int8" };

/**
 * The weight that `w` was in training: packed as bitsandbytes does it, and unpacked again.
 * @param w    `[rows, n / rows]`, row-major. Not changed.
 * @throws {BlockSizeError | CheckpointError} as the codecs do.
 */
export function throughQuantization(w: Float32Array, rows: number, packing: Packing): Float32Array {
  // bitsandbytes takes the weights of int8 in half precision first
  if (packing.type === "int8") return dequantizeInt8(quantizeInt8(float16ToFloat32(float32ToFloat16(w)), rows));
  const blocks = quantize4(w, packing);
  const absmax = packing.doubleQuant ? undoubleQuantize(doubleQuantize(blocks.absmax)) : blocks.absmax;
  return dequantize4({ ...blocks, absmax }, w.length);
}
