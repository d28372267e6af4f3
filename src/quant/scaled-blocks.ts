/** Format of weights in blocks, each with its own scale. */
export interface ScaledFormat {
  /** Bits that a code takes: 4, two codes a byte, or 8. */
  readonly bits: 4 | 8;
  /** Weights that share a scale. */
  readonly blockSize: number;
  /** True when blocks also have an offset: codes are then unsigned, otherwise signed. */
  readonly offsets: boolean;
  /** The narrowest type that holds scales and offsets exactly. */
  readonly scaleType: "float16" | "float32";
}

/** Weights `[n]` in blocks: weight `i` is `codes[i] · scales[b] + offsets[b]`, in block `b = ⌊i / blockSize⌋`. */
export interface ScaledBlocks {
  /** `[n]`, one each, whatever their bits. */
  readonly codes: Int8Array;
  /** `[n / blockSize]`. */
  readonly scales: Float32Array;
  /** Offsets, like `scales`; empty when blocks have none. */
  readonly offsets: Float32Array;
}

/** Blocks of zeros, to be filled. */
export function emptyBlocks(n: number, { blockSize, offsets }: ScaledFormat): ScaledBlocks {
  const blocks = n / blockSize;
  return { codes: new Int8Array(n), scales: new Float32Array(blocks), offsets: new Float32Array(offsets ? blocks : 0) };
}

/** The weights, each rounded once. */
export function scaledValues({ codes, scales, offsets }: ScaledBlocks, blockSize: number): Float32Array {
  const out = new Float32Array(codes.length);
  for (let block = 0, at = 0; at < codes.length; block++) {
    const [scale, offset] = [scales[block]!, offsets[block]];
    const end = at + blockSize;
    if (offset === undefined) for (; at < end; at++) out[at] = codes[at]! * scale;
    else for (; at < end; at++) out[at] = codes[at]! * scale + offset;
  }
  return out;
}

/** Codes of four bits, two a byte, the first in the low half; signed ones as two's complement. An even number of them. */
export function packNibbles(codes: Int8Array): Uint8Array {
  const packed = new Uint8Array(codes.length / 2);
  for (let i = 0; i < packed.length; i++) packed[i] = (codes[2 * i]! & 15) | ((codes[2 * i + 1]! & 15) << 4);
  return packed;
}

/** `[rows, n / rows]` weights whose row `i` is row `from(i)` of `blocks`. Rows must be whole numbers of blocks. */
export function reorderedRows(
  { codes, scales, offsets }: ScaledBlocks,
  rows: number,
  from: (row: number) => number,
): ScaledBlocks {
  return {
    codes: reordered(codes, rows, from),
    scales: reordered(scales, rows, from),
    offsets: reordered(offsets, rows, from),
  };
}

/** A copy of `x [rows, n / rows]` whose row `i` is row `from(i)`. */
export function reordered<T extends Int8Array | Float32Array>(x: T, rows: number, from: (row: number) => number): T {
  const width = x.length / rows;
  const out = x.slice() as T;
  for (let row = 0; row < rows; row++) out.set(x.subarray(from(row) * width, (from(row) + 1) * width), row * width);
  return out;
}
