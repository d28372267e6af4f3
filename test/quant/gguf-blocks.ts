import { createHash } from "node:crypto";
import { GGML_TYPES, type GgmlType } from "../../src/formats/gguf/blocks/types.ts";

/** As in `test/parity/make_gguf_fixtures.py`. */
const BLOCKS = 320;
const HALVES = [0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x3c00, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfd55];
const HEADS: Readonly<Partial<Record<GgmlType, readonly number[]>>> = {
  F16: [0], Q4_0: [0], Q4_1: [0, 2], Q5_0: [0], Q5_1: [0, 2], Q8_0: [0], Q4_K: [0, 2], Q5_K: [0, 2], Q6_K: [208],
}; // biome-ignore format: a table

/** `length` bytes that follow from `seed`. */
export function stream(seed: string, length: number): Uint8Array {
  const count = Math.ceil(length / 32);
  const digests = Array.from({ length: count }, (_, i) => createHash("sha256").update(`${seed}/${i}`).digest());
  return new Uint8Array(Buffer.concat(digests).subarray(0, length));
}

/** 320 blocks of a type: bytes of every kind, the first blocks with half floats that a quantizer never writes. */
export function blocksOf(type: GgmlType): Uint8Array {
  const { blockBytes } = GGML_TYPES[type];
  const bytes = stream(type, blockBytes * BLOCKS);
  (HEADS[type] ?? []).forEach((at, head) => {
    HALVES.forEach((half, i) => {
      const start = (head * HALVES.length + i) * blockBytes + at;
      bytes[start] = half & 255;
      bytes[start + 1] = half >> 8;
    });
  });
  return bytes;
}

/** The digest of float32 values, all NaNs alike: their sign and payload depend on the machine. */
export const digestOf = (x: Float32Array | Uint8Array): string => {
  const alike = x instanceof Float32Array ? x.map((value) => (Number.isNaN(value) ? Number.NaN : value)) : x;
  return createHash("sha256")
    .update(new Uint8Array(alike.buffer, alike.byteOffset, alike.byteLength))
    .digest("hex");
};
