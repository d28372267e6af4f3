import type { Random } from "../../../src/random.ts";
import { chance, type Mutate, pick } from "./format.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { NUMBERS, STRINGS } from "./mutate-json.ts";

const TOKENS = /\w+|[^\S\n]+|\n|[^\w\s]/g;
const SCALARS = [
  ...NUMBERS,
  ...STRINGS,
  ...STRINGS.map((quoted) => quoted.slice(1, -1)),
  "null",
  "~",
  "true",
  "no",
  "\r",
  "\0",
  "\t",
];

const tokens = new WeakMap<Uint8Array, readonly string[]>();

function tokensOf(bytes: Uint8Array): readonly string[] {
  const known = tokens.get(bytes) ?? new TextDecoder().decode(bytes).match(TOKENS) ?? [""];
  tokens.set(bytes, known);
  return known;
}

const repeated = (random: Random, piece: string): string =>
  piece.repeat(Math.min(pick(random, [2, 10, 1_000, 30_000]), Math.ceil(300_000 / (piece.length || 1))));

/**
 * Changes a text at the borders of its words, signs and lines.
 * @param dictionary Pieces that mean something in the format, which are put in here and there.
 */
export const mutateText =
  (dictionary: readonly string[]): Mutate =>
  (bytes, random) => {
    if (chance(random, 0.1)) return mutateBytes(bytes, random);
    const parts = [...tokensOf(bytes)];
    const changes: string[] = [];
    for (let i = 0, count = pick(random, [1, 1, 2, 3, 4]); i < count; i++) {
      const at = random.int(parts.length);
      const old = parts[at] as string;
      const other = pick(random, parts);
      const draw = random.uniform();
      if (draw < 0.2) parts[at] = "";
      else if (draw < 0.35) parts[at] = old + old;
      else if (draw < 0.5) parts[at] = other;
      else if (draw < 0.65) parts[at] = pick(random, SCALARS);
      else if (draw < 0.85) parts[at] = old + pick(random, dictionary);
      else if (draw < 0.9) parts[at] = repeated(random, old);
      else if (draw < 0.93) parts[at] = repeated(random, pick(random, dictionary));
      else {
        const from = random.int(parts.length);
        const piece = parts.slice(from, from + 1 + random.int(20));
        parts.splice(at, chance(random, 0.5) ? piece.length : 0, ...piece);
      }
      changes.push(`token ${at} ${JSON.stringify(old.slice(0, 20))} to ${JSON.stringify(parts[at]?.slice(0, 40))}`);
    }
    return { bytes: Buffer.from(parts.join("")), changes: changes.join("; ") };
  };
