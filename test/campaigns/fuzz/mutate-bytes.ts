import type { Random } from "../../../src/random.ts";
import { chance, type Mutation, pick } from "./format.ts";

const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x22, 0x5b, 0x7b];

type Change = (bytes: Buffer, random: Random) => readonly [Uint8Array, string];

const CHANGES: readonly Change[] = [
  (bytes, random) => {
    const [at, bit] = [random.int(bytes.length), random.int(8)];
    bytes[at]! ^= 1 << bit;
    return [bytes, `bit ${bit} of byte ${at} flipped`];
  },
  (bytes, random) => {
    const [at, value] = [random.int(bytes.length), chance(random, 0.5) ? pick(random, INTERESTING) : random.int(256)];
    bytes[at] = value;
    return [bytes, `byte ${at} set to ${value}`];
  },
  (bytes, random) => {
    const [at, length] = [random.int(bytes.length), 1 + random.int(Math.min(16, bytes.length))];
    return [Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]), `${length} bytes cut out at ${at}`];
  },
  (bytes, random) => {
    const at = random.int(bytes.length + 1);
    const more = Uint8Array.from({ length: 1 + random.int(16) }, () => random.int(256));
    return [Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]), `${more.length} bytes put in at ${at}`];
  },
  (bytes, random) => {
    const length = random.int(bytes.length);
    return [bytes.subarray(0, length), `truncated to ${length} bytes`];
  },
  (bytes, random) => {
    const [from, to] = [random.int(bytes.length), random.int(bytes.length)];
    const piece = bytes.subarray(from, from + 1 + random.int(Math.min(64, bytes.length - from)));
    const moved = Buffer.concat([bytes.subarray(0, to), piece, bytes.subarray(to)]);
    return [moved, `${piece.length} bytes of ${from} copied to ${to}`];
  },
  (bytes, random) => {
    const width = pick(random, [2, 4, 8]);
    if (bytes.length < width) return [bytes, "nothing"];
    const at = random.int(bytes.length - width + 1);
    const value = pick(random, [0, 1, 0x7f, 0x80, 0xff]);
    bytes.fill(value, at, at + width);
    return [bytes, `${width} bytes at ${at} filled with ${value}`];
  },
];

/** A file with one to four of its bytes or runs of bytes changed. */
export function mutateBytes(original: Uint8Array, random: Random): Mutation {
  let bytes: Uint8Array = original;
  const changes: string[] = [];
  for (let i = 0, count = 1 + random.int(4); i < count && bytes.length > 0; i++) {
    const [changed, what] = pick(random, CHANGES)(Buffer.from(bytes), random);
    bytes = changed;
    changes.push(what);
  }
  return { bytes, changes: changes.join("; ") };
}
