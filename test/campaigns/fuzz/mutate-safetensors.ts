import type { Random } from "../../../src/random.ts";
import { chance, type Mutation, pick } from "./format.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateJsonText } from "./mutate-json.ts";

const LENGTHS = [
  0n,
  1n,
  7n,
  8n,
  2n ** 31n,
  2n ** 32n,
  100_000_000n,
  100_000_001n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const SPECIAL = [
  [0, 0, 0xc0, 0x7f],
  [0, 0, 0x80, 0x7f],
  [0xff, 0xff, 0x7f, 0x7f],
  [1, 0, 0, 0],
]; // NaN, infinity, the largest, the smallest
const headers = new WeakMap<Uint8Array, Uint8Array>();

/** Changes the header as JSON and puts its length right, or lies about that, or changes weights or bytes. */
export function mutateSafetensors(bytes: Uint8Array, random: Random): Mutation {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = Number(file.readBigUInt64LE(0));
  const draw = random.uniform();
  if (draw < 0.1) return mutateBytes(bytes, random);
  const data = file.subarray(8 + length);
  if (draw < 0.15) {
    const claimed = chance(random, 0.5) ? pick(random, LENGTHS) : BigInt(Math.max(0, length + random.int(64) - 32));
    const changed = Buffer.from(file);
    changed.writeBigUInt64LE(claimed);
    return { bytes: changed, changes: `header of ${claimed} bytes` };
  }
  if (draw < 0.25 && data.length >= 4) {
    const changed = Buffer.from(file);
    const at = 8 + length + 4 * random.int(Math.floor(data.length / 4));
    const value = pick(random, SPECIAL);
    changed.set(value, at);
    return { bytes: changed, changes: `data at ${at} = ${value}` };
  }
  const header = headers.get(bytes) ?? file.subarray(8, 8 + length);
  headers.set(bytes, header); // the same object, which is parsed once
  const { text, changes } = mutateJsonText(header, random);
  const written = Buffer.from(text);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(written.length));
  const kept = chance(random, 0.95) ? data : data.subarray(0, random.int(data.length + 1));
  return { bytes: Buffer.concat([prefix, written, kept]), changes };
}
