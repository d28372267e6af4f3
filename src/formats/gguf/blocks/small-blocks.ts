import type { ScaledBlocks } from "../../../quant/scaled-blocks.ts";
import { halfTable } from "./half.ts";

/** Bytes of codes in a block of 32: the low halves are its first 16 values, the high halves the others. */
const HALF = 16;

/** Codes from −8 on: a half float, 16 bytes of codes. */
export function decodeQ4_0(bytes: Uint8Array, { codes, scales }: ScaledBlocks): void {
  for (let at = 0, block = 0; at < bytes.length; at += 18, block++) {
    scales[block] = halfAt(bytes, at);
    for (let i = 0, to = 32 * block; i < HALF; i++, to++) {
      const pair = bytes[at + 2 + i]!;
      codes[to] = (pair & 15) - 8;
      codes[to + HALF] = (pair >> 4) - 8;
    }
  }
}

/** Two half floats, scale and minimum, 16 bytes of codes. */
export function decodeQ4_1(bytes: Uint8Array, { codes, scales, offsets }: ScaledBlocks): void {
  for (let at = 0, block = 0; at < bytes.length; at += 20, block++) {
    scales[block] = halfAt(bytes, at);
    offsets[block] = halfAt(bytes, at + 2);
    for (let i = 0, to = 32 * block; i < HALF; i++, to++) {
      const pair = bytes[at + 4 + i]!;
      codes[to] = pair & 15;
      codes[to + HALF] = pair >> 4;
    }
  }
}

/** Codes from −16 on: a half float, the 32 fifth bits, 16 bytes of the four lower ones. */
export function decodeQ5_0(bytes: Uint8Array, { codes, scales }: ScaledBlocks): void {
  for (let at = 0, block = 0; at < bytes.length; at += 22, block++) {
    scales[block] = halfAt(bytes, at);
    fiveBits(bytes, at + 2, codes, 32 * block, 16);
  }
}

/** Two half floats, scale and minimum, the 32 fifth bits, 16 bytes of the four lower ones. */
export function decodeQ5_1(bytes: Uint8Array, { codes, scales, offsets }: ScaledBlocks): void {
  for (let at = 0, block = 0; at < bytes.length; at += 24, block++) {
    scales[block] = halfAt(bytes, at);
    offsets[block] = halfAt(bytes, at + 2);
    fiveBits(bytes, at + 4, codes, 32 * block, 0);
  }
}

/** A half float, 32 signed bytes. */
export function decodeQ8_0(bytes: Uint8Array, { codes, scales }: ScaledBlocks): void {
  for (let at = 0, block = 0; at < bytes.length; at += 34, block++) {
    scales[block] = halfAt(bytes, at);
    for (let i = 0; i < 32; i++) codes[32 * block + i] = bytes[at + 2 + i]!;
  }
}

const halfAt = (bytes: Uint8Array, at: number): number => halfTable()[bytes[at]! | (bytes[at + 1]! << 8)]!;

/** 32 fifth bits, the first in the lowest place, then the four lower bits of each code; codes count from `-zero`. */
function fiveBits(bytes: Uint8Array, at: number, codes: Int8Array, to: number, zero: number): void {
  const fifth = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  for (let i = 0; i < HALF; i++) {
    const pair = bytes[at + 4 + i]!;
    codes[to + i] = ((pair & 15) | (((fifth >>> i) & 1) << 4)) - zero;
    codes[to + HALF + i] = ((pair >> 4) | (((fifth >>> (HALF + i)) & 1) << 4)) - zero;
  }
}
