import { BlockSizeError, CheckpointError } from "../errors.ts";
import { largestMagnitude } from "./absmax.ts";
import { FOUR_BIT_CODEBOOKS, type FourBitType } from "./codebooks.ts";

const { fround } = Math;

/** Block size and codebook of weights in four bits. */
export interface FourBitFormat {
  readonly type: FourBitType;
  /** Weights that share one `absmax`; the last block may be shorter. */
  readonly blockSize: number;
}

/** Weights `[n]` in 4 bits, laid out as bitsandbytes stores them. */
export interface FourBitBlocks extends FourBitFormat {
  /** `[ceil(n / 2)]`, two codes a byte, the first in the high half. Odd `n`: the last low half encodes 0. */
  readonly codes: Uint8Array;
  /** `[ceil(n / blockSize)]`, the largest magnitude of each block. */
  readonly absmax: Float32Array;
}

const BLOCK_SIZES: readonly number[] = [32, 64, 128, 256, 512, 1024, 2048, 4096];

/** The float32 floor under a divisor, so that a block of zeros divides by something. */
const SMALLEST_ABSMAX = fround(1e-38);

/**
 * Quantizes weights to 4 bits, one scale for each block of the flattened tensor (blocks run across rows).
 *
 * @param weights `[n]`, float32, row-major. Not changed.
 * @returns Size: 4 + 32 / blockSize bits a weight (4.5 at 64). Bit-equal to `bitsandbytes.functional.quantize_4bit` on
 *          the CPU: whole blocks are multiplied by 1 / absmax, a shorter last block is divided by its absmax, which is
 *          then at least 1e-38; a value halfway between two codes takes the lower one.
 * @throws {BlockSizeError} when `blockSize` is not a power of two from 32 to 4096.
 * @throws {CheckpointError} when a weight is infinite or NaN.
 * @see Dettmers et al. 2023, "QLoRA", arXiv:2305.14314, section 3.
 */
export function quantize4(
  weights: Float32Array,
  { type, blockSize = 64 }: { readonly type: FourBitType; readonly blockSize?: number },
): FourBitBlocks {
  if (!BLOCK_SIZES.includes(blockSize)) {
    throw new BlockSizeError(`blockSize ${blockSize} is not supported.`, {
      expected: `one of ${BLOCK_SIZES.join(", ")}`,
      hint: "the QLoRA paper uses 64.",
    });
  }
  const n = weights.length;
  const codes = new Uint8Array(Math.ceil(n / 2));
  const absmax = new Float32Array(Math.ceil(n / blockSize));
  const encoder = ENCODERS[type];
  for (let block = 0, start = 0; start < n; block++, start += blockSize) {
    const end = Math.min(start + blockSize, n);
    const largest = largestMagnitude(weights, start, end);
    const floored = Math.max(largest, SMALLEST_ABSMAX);
    const whole = end - start === blockSize;
    const inverse = fround(1 / floored);
    absmax[block] = whole ? largest : floored;
    for (let i = start; i < end; i++) {
      const scaled = fround(whole ? weights[i]! * inverse : weights[i]! / floored);
      codes[i >> 1]! |= encode(scaled, encoder) << (i & 1 ? 0 : 4);
    }
  }
  if (n % 2 === 1) codes[codes.length - 1]! |= encode(0, encoder);
  return { type, blockSize, codes, absmax };
}

/**
 * Restores `n` weights as `codebook[code] · absmax` in float32, into `out` if given.
 *
 * Each comes back within absmax × 0.152 (nf4) or absmax × 0.167 (fp4): half the widest gap in the codebook.
 * @throws {CheckpointError} when `codes` or `absmax` have another length than `n` weights need.
 */
export function dequantize4(blocks: FourBitBlocks, n: number, out: Float32Array = new Float32Array(n)): Float32Array {
  const { type, blockSize, codes, absmax } = blocks;
  const bytes = Math.ceil(n / 2);
  const scales = Math.ceil(n / blockSize);
  if (codes.length !== bytes || absmax.length !== scales) {
    throw new CheckpointError(`${n} weights do not fit ${codes.length} bytes of codes and ${absmax.length} scales.`, {
      expected: `${bytes} bytes and ${scales} scales in blocks of ${blockSize}`,
    });
  }
  const codebook = FOUR_BIT_CODEBOOKS[type];
  for (let block = 0, start = 0; start < n; block++, start += blockSize) {
    const end = Math.min(start + blockSize, n);
    const scale = absmax[block]!;
    for (let i = start; i < end; i++) {
      const pair = codes[i >> 1]!;
      out[i] = codebook[i & 1 ? pair & 15 : pair >> 4]! * scale;
    }
  }
  return out;
}

/**
 * Finds the nearest code of a value in [-1, 1] without a search: a cell of [-1, 1] holds at most one bound, so the
 * code's rank is the number of bounds below the cell, plus one if the value is above the next bound.
 */
interface Encoder {
  /** `[2 · CELLS + 1]`, the number of bounds below each cell. */
  readonly ranks: Uint8Array;
  /** `[16]`, ascending: midway between neighbouring codes, then infinity. */
  readonly bounds: Float32Array;
  /** `[16]`, the code of each rank. */
  readonly order: Uint8Array;
}

/** Cells on each side of zero. */
const CELLS = 1024;

const ENCODERS = Object.fromEntries(
  Object.entries(FOUR_BIT_CODEBOOKS).map(([type, codebook]) => [type, encoderOf(codebook)]),
) as Readonly<Record<FourBitType, Encoder>>;

function encoderOf(codebook: Float32Array): Encoder {
  const order = Uint8Array.from(codebook.keys()).sort((a, b) => codebook[a]! - codebook[b]! || a - b);
  const sorted = Float32Array.from(order, (code) => codebook[code]!);
  const bounds = sorted.map((x, i) => (i < 15 ? fround(x + sorted[i + 1]!) / 2 : Number.POSITIVE_INFINITY));
  const ranks = Uint8Array.from({ length: 2 * CELLS + 1 }, (_, cell) => {
    const edge = cell / CELLS - 1;
    return bounds.filter((bound) => bound < edge).length;
  });
  return { ranks, bounds, order };
}

/** The nearest code of `x`, which is in [-1, 1] or a rounding beyond. */
function encode(x: number, { ranks, bounds, order }: Encoder): number {
  const rank = ranks[((x + 1) * CELLS) | 0]!;
  return order[x > bounds[rank]! ? rank + 1 : rank]!;
}
