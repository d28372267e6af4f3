import { halfTable } from "./gguf-half.ts";

/** Parts of 32 values in a block of 256, each with a six-bit scale and a six-bit minimum in Q4_K and Q5_K. */
const PARTS = 8;

/** `scale · part scale · code − minimum · part minimum`: two half floats, 12 bytes of part scales, 128 of codes. */
export function dequantizeQ4K(bytes: Uint8Array, out: Float32Array): void {
  const half = halfTable();
  for (let at = 0, to = 0; at < bytes.length; at += 144, to += 256) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let part = 0; part < PARTS; part++) {
      const step = scale * partScale(bytes, at + 4, part);
      const offset = minimum * partMinimum(bytes, at + 4, part);
      const codes = at + 16 + 32 * (part >> 1);
      const shift = 4 * (part & 1);
      const start = to + 32 * part;
      for (let i = 0; i < 32; i++) out[start + i] = step * ((bytes[codes + i]! >> shift) & 15) - offset;
    }
  }
}

/** As Q4_K, with 32 bytes of fifth bits before the codes: bit `p` of byte `i` belongs to value `i` of part `p`. */
export function dequantizeQ5K(bytes: Uint8Array, out: Float32Array): void {
  const half = halfTable();
  for (let at = 0, to = 0; at < bytes.length; at += 176, to += 256) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let part = 0; part < PARTS; part++) {
      const step = scale * partScale(bytes, at + 4, part);
      const offset = minimum * partMinimum(bytes, at + 4, part);
      const codes = at + 48 + 32 * (part >> 1);
      const shift = 4 * (part & 1);
      const start = to + 32 * part;
      for (let i = 0; i < 32; i++) {
        const fifth = ((bytes[at + 16 + i]! >> part) & 1) << 4;
        out[start + i] = step * (((bytes[codes + i]! >> shift) & 15) | fifth) - offset;
      }
    }
  }
}

/**
 * `scale · part scale · (code − 32)` with 16 parts of 16 values: 128 bytes of the codes' four lower bits, 64 of their
 * two upper ones, 16 signed part scales, a half float.
 */
export function dequantizeQ6K(bytes: Uint8Array, out: Float32Array): void {
  const half = halfTable();
  for (let at = 0, to = 0; at < bytes.length; at += 210, to += 256) {
    const scale = half[bytes[at + 208]! | (bytes[at + 209]! << 8)]!;
    for (let row = 0; row < 8; row++) {
      const low = at + 64 * (row >> 2) + 32 * (row & 1);
      const lowShift = 4 * ((row >> 1) & 1);
      const high = at + 128 + 32 * (row >> 2);
      const highShift = 2 * (row & 3);
      for (let i = 0; i < 32; i++) {
        const partScale = (bytes[at + 192 + 2 * row + (i >> 4)]! << 24) >> 24;
        const code = ((bytes[low + i]! >> lowShift) & 15) | (((bytes[high + i]! >> highShift) & 3) << 4);
        out[to + 32 * row + i] = scale * partScale * (code - 32);
      }
    }
  }
}

/** Six bits of the scale of one part: bytes 0–3 hold parts 0–3, the last four bytes and spare bits hold the others. */
const partScale = (bytes: Uint8Array, at: number, part: number): number =>
  part < 4 ? bytes[at + part]! & 63 : (bytes[at + 4 + part]! & 15) | ((bytes[at + part - 4]! >> 6) << 4);

/** Six bits of the minimum of one part, stored likewise from byte 4 on. */
const partMinimum = (bytes: Uint8Array, at: number, part: number): number =>
  part < 4 ? bytes[at + 4 + part]! & 63 : (bytes[at + 4 + part]! >> 4) | ((bytes[at + part]! >> 6) << 4);
