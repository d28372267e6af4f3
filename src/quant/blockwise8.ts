import { CheckpointError } from "../errors.ts";
import { dynamicMap } from "./codebooks.ts";

const { fround } = Math;

/** Values that share one `absmax` in 8-bit blocks: optimizer states, and the scales of 4-bit weights. */
export const BLOCK_SIZE_8 = 256;

/** Values `[n]` as codes of the dynamic 8-bit map, blocks of 256, laid out as bitsandbytes stores them. */
export interface Blocks8 {
  /** The codebook: `dynamicMap(signed)`. */
  readonly signed: boolean;
  /** `[n]`. */
  readonly codes: Uint8Array;
  /** `[ceil(n / 256)]`, the largest magnitude of each block. */
  readonly absmax: Float32Array;
}

/** Blocks that hold `n` zeros, to quantize into; the state of an optimizer before its first step. */
export const emptyBlocks8 = (n: number, signed: boolean): Blocks8 => ({
  signed,
  codes: new Uint8Array(n),
  absmax: new Float32Array(Math.ceil(n / BLOCK_SIZE_8)),
});

/**
 * Quantizes values to 8 bits with the codebook of `into`, which is overwritten and returned.
 *
 * Bit-equal to `bitsandbytes.functional.quantize_blockwise` on an x86 CPU, where a value divided by its absmax is first
 * rounded to one of 65,536 points of [-1, 1], none of them 0: what is nearer to 0 than 3e-5 × absmax, zeros included,
 * comes back as ±2.1e-5 × absmax (signed) or 1.6e-5 × absmax (unsigned). A block of zeros comes back as zeros.
 *
 * @param values `[n]`, finite; not negative when unsigned. Not changed.
 * @throws {CheckpointError} when `into` was made for another number of values.
 * @see Dettmers et al. 2022, "8-bit Optimizers via Block-wise Quantization", arXiv:2110.02861.
 */
export function quantizeBlockwise8(values: Float32Array, into: Blocks8): Blocks8 {
  checkLengths(values.length, into);
  const { codeOfPoint } = codecOf(into.signed);
  const n = values.length;
  for (let block = 0, start = 0; start < n; block++, start += BLOCK_SIZE_8) {
    const end = Math.min(start + BLOCK_SIZE_8, n);
    let absmax = 0;
    for (let i = start; i < end; i++) absmax = Math.max(absmax, Math.abs(values[i]!));
    into.absmax[block] = absmax;
    if (absmax === 0) {
      into.codes.fill(0, start, end);
      continue;
    }
    const inverse = fround(1 / absmax);
    for (let i = start; i < end; i++) {
      const scaled = Math.max(-1, Math.min(1, fround(values[i]! * inverse)));
      into.codes[i] = codeOfPoint[fround(fround(scaled + 1) * HALF_RANGE + 0.5) | 0]!;
    }
  }
  return into;
}

/**
 * Restores values `[n]` as `codebook[code] · absmax` in float32, into `out` if given.
 *
 * @throws {CheckpointError} when `absmax` or `out` has a length that does not fit the codes.
 */
export function dequantizeBlockwise8(
  blocks: Blocks8,
  out: Float32Array = new Float32Array(blocks.codes.length),
): Float32Array {
  checkLengths(out.length, blocks);
  const { codebook } = codecOf(blocks.signed);
  const { codes, absmax } = blocks;
  for (let i = 0; i < codes.length; i++) out[i] = codebook[codes[i]!]! * absmax[i >> 8]!;
  return out;
}

const POINTS = 65536;
const HALF_RANGE = (POINTS - 1) / 2;

interface Codec {
  /** `[256]`, ascending. */
  readonly codebook: Float32Array;
  /** `[65536]`, the code nearest to each point of [-1, 1]; the lower one when halfway. */
  readonly codeOfPoint: Uint8Array;
}

const codecs = new Map<boolean, Codec>();

function codecOf(signed: boolean): Codec {
  let codec = codecs.get(signed);
  if (!codec) {
    codec = buildCodec(dynamicMap(signed));
    codecs.set(signed, codec);
  }
  return codec;
}

function buildCodec(codebook: Float32Array): Codec {
  const codeOfPoint = new Uint8Array(POINTS);
  let code = 0;
  for (let i = 0; i < POINTS; i++) {
    const point = fround(fround(i / HALF_RANGE) - 1);
    while (code < 255 && fround(codebook[code]! + codebook[code + 1]!) / 2 < point) code++;
    codeOfPoint[i] = code;
  }
  return { codebook, codeOfPoint };
}

function checkLengths(n: number, { codes, absmax }: Blocks8): void {
  const scales = Math.ceil(n / BLOCK_SIZE_8);
  if (codes.length === n && absmax.length === scales) return;
  throw new CheckpointError(`${n} values do not fit ${codes.length} codes and ${absmax.length} scales.`, {
    expected: `${n} codes and ${scales} scales in blocks of ${BLOCK_SIZE_8}`,
  });
}
