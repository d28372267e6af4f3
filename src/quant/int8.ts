import { BlockSizeError } from "../errors.ts";
import { largestMagnitude } from "./absmax.ts";

const { fround } = Math;

/** A weight matrix `[rows, n / rows]` in 8-bit integers, one scale a row (`weight` and `SCB` in bitsandbytes). */
export interface Int8Rows {
  /** `[n]`, row-major, from -127 to 127. */
  readonly codes: Int8Array;
  /** `[rows]`, the largest magnitude of each row. */
  readonly absmax: Float32Array;
}

/**
 * Quantizes each row of a weight matrix to 8-bit integers: `round(x · 127 / absmax)`, ties to even.
 *
 * Bit-equal to `bitsandbytes.functional.int8_vectorwise_quant` in float32 and without a threshold. (Its
 * `Linear8bitLt` rounds the weights to float16 before it calls that.)
 *
 * @param weights `[n]`, float32, row-major. Not changed.
 * @param rows    Output features; must divide `n`.
 * @throws {BlockSizeError} when `rows` does not divide `n`.
 * @throws {CheckpointError} when a weight is infinite or NaN.
 * @see Dettmers et al. 2022, "LLM.int8()", arXiv:2208.07339, section 2.
 */
export function quantizeInt8(weights: Float32Array, rows: number): Int8Rows {
  const columns = columnsOf(weights.length, rows);
  const codes = new Int8Array(weights.length);
  const absmax = new Float32Array(rows);
  for (let row = 0, start = 0; row < rows; row++, start += columns) {
    const largest = largestMagnitude(weights, start, start + columns);
    absmax[row] = largest;
    if (largest === 0) continue;
    const scale = fround(fround(1 / largest) * 127);
    for (let i = start; i < start + columns; i++) codes[i] = roundToEven(fround(weights[i]! * scale));
  }
  return { codes, absmax };
}

/**
 * Restores a weight matrix as `code · absmax / 127` in float32, into `out` if given.
 * Each weight comes back within absmax / 254.
 *
 * @throws {BlockSizeError} when the codes cannot be split into as many rows as there are scales.
 */
export function dequantizeInt8(
  { codes, absmax }: Int8Rows,
  out: Float32Array = new Float32Array(codes.length),
): Float32Array {
  const columns = columnsOf(codes.length, absmax.length);
  for (let row = 0, start = 0; row < absmax.length; row++, start += columns) {
    const scale = absmax[row]!;
    for (let i = start; i < start + columns; i++) out[i] = fround(codes[i]! * scale) * ONE_127TH;
  }
  return out;
}

const ONE_127TH = fround(1 / 127);

/** Float32 has no fraction bits left from here on, so adding it rounds, ties to even. */
const NO_FRACTION = 1.5 * 2 ** 23;

const roundToEven = (x: number): number => fround(x + NO_FRACTION) - NO_FRACTION;

function columnsOf(n: number, rows: number): number {
  const columns = rows === 0 && n === 0 ? 0 : n / rows;
  if (Number.isInteger(columns) && Number.isInteger(rows) && rows >= 0) return columns;
  throw new BlockSizeError(`${n} weights cannot be split into ${rows} rows.`, {
    expected: "a number of rows that divides the number of weights",
  });
}
