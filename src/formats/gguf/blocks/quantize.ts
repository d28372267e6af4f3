import { largestMagnitude } from "../../../quant/absmax.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../../../quant/half.ts";
import { GGML_TYPES, type GgmlType, wholeBlocks } from "./types.ts";

const { fround, trunc, floor, abs, min, max, sign } = Math;

/** Types that values can be written in. */
export type GgmlTarget = Extract<GgmlType, "F32" | "F16" | "BF16" | "Q8_0" | "Q4_0" | "Q4_1">;

/** Turns `x[start … start + 32)` into 32 codes, and returns the block's scale, with its minimum where it has one. */
type Encode = (x: Float32Array, start: number, codes: Uint8Array) => readonly [scale: number, minimum?: number];

const ENCODE: Readonly<Record<"Q8_0" | "Q4_0" | "Q4_1", Encode>> = {
  Q8_0(x, start, codes) {
    const scale = fround(largestMagnitude(x, start, start + 32) / 127);
    const inverse = inverseOf(scale);
    for (let i = 0; i < 32; i++) codes[i] = roundHalfAway(fround(x[start + i]! * inverse));
    return [scale];
  },
  Q4_0(x, start, codes) {
    const largest = largestMagnitude(x, start, start + 32);
    let first = start;
    while (abs(x[first]!) !== largest) first++;
    const scale = fround(x[first]! / -8);
    const inverse = inverseOf(scale);
    for (let i = 0; i < 32; i++) codes[i] = nibble(fround(fround(x[start + i]! * inverse) + 8.5));
    return [scale];
  },
  Q4_1(x, start, codes) {
    largestMagnitude(x, start, start + 32); // refuses what is not finite
    let [low, high] = [x[start]!, x[start]!];
    for (let i = start + 1; i < start + 32; i++) {
      low = min(low, x[i]!);
      high = max(high, x[i]!);
    }
    const scale = fround(fround(high - low) / 15);
    const inverse = inverseOf(scale);
    for (let i = 0; i < 32; i++) codes[i] = nibble(fround(fround(fround(x[start + i]! - low) * inverse) + 0.5));
    return [scale, low];
  },
};

/**
 * Quantizes values to ggml blocks, one after the other as a GGUF file holds them.
 *
 * Bit-equal to `gguf.quants.quantize`, but for blocks whose largest magnitude is below 1e-36, where that one's codes
 * depend on the machine: their scale rounds to zero, and here their codes are those of zero too.
 *
 * @param x Row-major, float32. Not changed.
 * @throws {BlockSizeError} when they are no whole number of blocks.
 * @throws {CheckpointError} when a value to be quantized to 4 or 8 bits is infinite or NaN.
 */
export function quantizeGgml(type: GgmlTarget, x: Float32Array): Uint8Array {
  switch (type) {
    case "F32":
      return new Uint8Array(x.slice().buffer);
    case "F16":
      return new Uint8Array(float32ToFloat16(x).buffer);
    case "BF16":
      return new Uint8Array(float32ToBfloat16(x).buffer);
    default:
      return quantizeBlocks(type, x);
  }
}

function quantizeBlocks(type: keyof typeof ENCODE, x: Float32Array): Uint8Array {
  const blocks = wholeBlocks(type, x.length, "blockSize");
  const { blockBytes } = GGML_TYPES[type];
  const bytes = new Uint8Array(blocks * blockBytes);
  const halves = [new Float32Array(blocks), new Float32Array(blocks)];
  const heads = type === "Q4_1" ? 2 : 1;
  const codes = new Uint8Array(32);
  for (let block = 0; block < blocks; block++) {
    const [scale, minimum = 0] = ENCODE[type](x, 32 * block, codes);
    halves[0]![block] = scale;
    halves[1]![block] = minimum;
    const at = block * blockBytes + 2 * heads;
    if (type === "Q8_0") bytes.set(codes, at);
    else for (let i = 0; i < 16; i++) bytes[at + i] = codes[i]! | (codes[16 + i]! << 4);
  }
  for (let head = 0; head < heads; head++) {
    const rounded = float32ToFloat16(halves[head]!);
    for (let block = 0, at = 2 * head; block < blocks; block++, at += blockBytes) {
      bytes[at] = rounded[block]! & 255;
      bytes[at + 1] = rounded[block]! >> 8;
    }
  }
  return bytes;
}

/** 0 where `1 / scale` is no float32: such a scale is 0 as a half float. */
function inverseOf(scale: number): number {
  const inverse = fround(1 / scale);
  return Number.isFinite(inverse) ? inverse : 0;
}

const nibble = (x: number): number => min(15, max(0, trunc(x)));

function roundHalfAway(x: number): number {
  const whole = floor(abs(x));
  return sign(x) * (whole + floor(2 * (abs(x) - whole)));
}
