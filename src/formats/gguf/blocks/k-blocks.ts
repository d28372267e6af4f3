import type { ScaledBlocks } from "../../../quant/scaled-blocks.ts";
import { halfTable } from "./half.ts";

/** Parts of 32 values in a block of 256, each with a six-bit scale and a six-bit minimum in Q4_K and Q5_K. */
const PARTS = 8;

/** Two half floats, 12 bytes of part scales and minimums, which they multiply, 128 of codes. */
export function decodeQ4K(bytes: Uint8Array, blocks: ScaledBlocks): void {
  for (let at = 0, first = 0; at < bytes.length; at += 144, first += PARTS) {
    partScales(bytes, at, blocks, first);
    for (let part = 0; part < PARTS; part++) {
      const from = at + 16 + 32 * (part >> 1);
      const shift = 4 * (part & 1);
      const to = 32 * (first + part);
      for (let i = 0; i < 32; i++) blocks.codes[to + i] = (bytes[from + i]! >> shift) & 15;
    }
  }
}

/** Decodes Q5_K: Q4_K with 32 bytes of fifth bits before the codes: bit `p` of byte `i` belongs to value `i` of part `p`. */
export function decodeQ5K(bytes: Uint8Array, blocks: ScaledBlocks): void {
  for (let at = 0, first = 0; at < bytes.length; at += 176, first += PARTS) {
    partScales(bytes, at, blocks, first);
    for (let part = 0; part < PARTS; part++) {
      const from = at + 48 + 32 * (part >> 1);
      const shift = 4 * (part & 1);
      const to = 32 * (first + part);
      for (let i = 0; i < 32; i++) {
        const fifth = ((bytes[at + 16 + i]! >> part) & 1) << 4;
        blocks.codes[to + i] = ((bytes[from + i]! >> shift) & 15) | fifth;
      }
    }
  }
}

/**
 * 16 parts of 16 values: 128 bytes of the codes' four lower bits, 64 of their two upper ones, which count from −32,
 * 16 signed part scales, and the half float that multiplies them.
 */
export function decodeQ6K(bytes: Uint8Array, { codes, scales }: ScaledBlocks): void {
  const half = halfTable();
  for (let at = 0, first = 0; at < bytes.length; at += 210, first += 2 * PARTS) {
    const scale = half[bytes[at + 208]! | (bytes[at + 209]! << 8)]!;
    for (let part = 0; part < 2 * PARTS; part++) scales[first + part] = scale * ((bytes[at + 192 + part]! << 24) >> 24);
    for (let row = 0; row < PARTS; row++) {
      const low = at + 64 * (row >> 2) + 32 * (row & 1);
      const lowShift = 4 * ((row >> 1) & 1);
      const high = at + 128 + 32 * (row >> 2);
      const highShift = 2 * (row & 3);
      const to = 16 * first + 32 * row;
      for (let i = 0; i < 32; i++) {
        const code = ((bytes[low + i]! >> lowShift) & 15) | (((bytes[high + i]! >> highShift) & 3) << 4);
        codes[to + i] = code - 32;
      }
    }
  }
}

/** Scales and offsets of a block's parts, from its first 16 bytes. */
function partScales(bytes: Uint8Array, at: number, { scales, offsets }: ScaledBlocks, first: number): void {
  const half = halfTable();
  const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
  const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
  for (let part = 0; part < PARTS; part++) {
    scales[first + part] = scale * partScale(bytes, at + 4, part);
    offsets[first + part] = -minimum * partMinimum(bytes, at + 4, part);
  }
}

/** Six bits of the scale of one part: bytes 0–3 hold parts 0–3, the last four bytes and spare bits hold the others. */
const partScale = (bytes: Uint8Array, at: number, part: number): number =>
  part < 4 ? bytes[at + part]! & 63 : (bytes[at + 4 + part]! & 15) | ((bytes[at + part - 4]! >> 6) << 4);

/** Six bits of the minimum of one part, stored likewise from byte 4 on. */
const partMinimum = (bytes: Uint8Array, at: number, part: number): number =>
  part < 4 ? bytes[at + 4 + part]! & 63 : (bytes[at + 4 + part]! >> 4) | ((bytes[at + part]! >> 6) << 4);
