import { halfTable } from "./gguf-half.ts";

/** Bytes of codes in a block of 32: the low halves are its first 16 values, the high halves the others. */
const HALF = 16;

/** `scale · (code − 8)`: a half float, 16 bytes of codes. */
export function dequantizeQ4_0(bytes: Uint8Array, out: Float32Array): void {
  const half = halfTable();
  for (let at = 0, to = 0; at < bytes.length; at += 18, to += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let i = 0; i < HALF; i++) {
      const pair = bytes[at + 2 + i]!;
      out[to + i] = scale * ((pair & 15) - 8);
      out[to + HALF + i] = scale * ((pair >> 4) - 8);
    }
  }
}

/** `scale · code + minimum`: two half floats, 16 bytes of codes. */
export function dequantizeQ4_1(bytes: Uint8Array, out: Float32Array): void {
  const half = halfTable();
  for (let at = 0, to = 0; at < bytes.length; at += 20, to += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let i = 0; i < HALF; i++) {
      const pair = bytes[at + 4 + i]!;
      out[to + i] = scale * (pair & 15) + minimum;
      out[to + HALF + i] = scale * (pair >> 4) + minimum;
    }
  }
}

/** `scale · (code − 16)`: a half float, the 32 fifth bits, 16 bytes of the four lower ones. */
export function dequantizeQ5_0(bytes: Uint8Array, out: Float32Array): void {
  const half = halfTable();
  for (let at = 0, to = 0; at < bytes.length; at += 22, to += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const fifth = fifthBits(bytes, at + 2);
    for (let i = 0; i < HALF; i++) {
      const pair = bytes[at + 6 + i]!;
      out[to + i] = scale * (((pair & 15) | (((fifth >>> i) & 1) << 4)) - 16);
      out[to + HALF + i] = scale * (((pair >> 4) | (((fifth >>> (HALF + i)) & 1) << 4)) - 16);
    }
  }
}

/** `scale · code + minimum`: two half floats, the 32 fifth bits, 16 bytes of the four lower ones. */
export function dequantizeQ5_1(bytes: Uint8Array, out: Float32Array): void {
  const half = halfTable();
  for (let at = 0, to = 0; at < bytes.length; at += 24, to += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    const fifth = fifthBits(bytes, at + 4);
    for (let i = 0; i < HALF; i++) {
      const pair = bytes[at + 8 + i]!;
      out[to + i] = scale * ((pair & 15) | (((fifth >>> i) & 1) << 4)) + minimum;
      out[to + HALF + i] = scale * ((pair >> 4) | (((fifth >>> (HALF + i)) & 1) << 4)) + minimum;
    }
  }
}

/** `scale · code`: a half float, 32 signed bytes. */
export function dequantizeQ8_0(bytes: Uint8Array, out: Float32Array): void {
  const half = halfTable();
  for (let at = 0, to = 0; at < bytes.length; at += 34, to += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let i = 0; i < 32; i++) out[to + i] = scale * ((bytes[at + 2 + i]! << 24) >> 24);
  }
}

/** 32 bits, the first in the lowest place. */
const fifthBits = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
