import { dequantizeBlockwise8, emptyBlocks8, quantizeBlockwise8 } from "./blockwise8.ts";
import { meanOf } from "./mean.ts";

const { fround } = Math;

/** The scales `[n]` of 4-bit blocks, themselves quantized: codes of the signed dynamic map in blocks of 256. */
export interface DoubleQuantized {
  /** `[n]`, one for each 4-bit block. */
  readonly codes: Uint8Array;
  /** `[ceil(n / 256)]`, the scales of the scales. */
  readonly absmax: Float32Array;
  /** The mean that was taken off before quantizing; a float32 number. */
  readonly offset: number;
}

/**
 * Quantizes the scales of 4-bit blocks: 8 bits each instead of 32, which saves 0.37 bits a weight at `blockSize` 64.
 *
 * Bit-equal to what bitsandbytes does under `compress_statistics`, with torch on one thread.
 *
 * @param absmax `[n]`, `n` at least 1. Not changed.
 * @see Dettmers et al. 2023, "QLoRA", arXiv:2305.14314, section 3, "Double Quantization".
 */
export function doubleQuantize(absmax: Float32Array): DoubleQuantized {
  const offset = meanOf(absmax);
  const centred = absmax.map((x) => x - offset);
  const nested = quantizeBlockwise8(centred, emptyBlocks8(centred.length, true));
  return { codes: nested.codes, absmax: nested.absmax, offset };
}

/**
 * Restores the scales `[n]` of 4-bit blocks as `codebook[code] · absmax + offset` in float32.
 *
 * @throws {CheckpointError} when there is not one nested scale for each 256 codes.
 */
export function undoubleQuantize({ codes, absmax, offset }: DoubleQuantized): Float32Array {
  const scales = dequantizeBlockwise8({ signed: true, codes, absmax });
  const shift = fround(offset);
  for (let i = 0; i < scales.length; i++) scales[i]! += shift;
  return scales;
}
