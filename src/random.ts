import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import { CheckpointError, RecipeError } from "./errors.ts";

/** Everything a {@link Random} and its streams will ever draw, as plain JSON. */
export interface RandomState {
  /** The four words it started from; the keys of its streams derive from them. */
  readonly key: readonly number[];
  /** The generator's four words now. */
  readonly words: readonly number[];
  /** Normals come in pairs: the second of a pair whose first was drawn. */
  readonly spare: number | null;
  readonly streams: Readonly<Record<string, RandomState>>;
}

/**
 * The one source of random numbers: xoroshiro128+, with a named stream for each use.
 *
 * A stream depends on the seed and its name alone, not on what was drawn or made before it, so adding one use never
 * disturbs another. The state of a generator holds those of its streams: save the root, and everything resumes.
 */
export class Random {
  private generator: ReturnType<typeof xoroshiro128plusFromState>;
  private spare: number | null = null;
  private readonly streams = new Map<string, Random>();
  private key: readonly number[];

  private constructor(key: readonly number[]) {
    this.key = key;
    this.generator = xoroshiro128plusFromState(key);
  }

  /**
   * The root generator of a run.
   * @throws {RecipeError} when `seed` is not an integer.
   */
  static seed(seed: number): Random {
    if (!Number.isSafeInteger(seed)) {
      throw new RecipeError(`seed ${seed} is not an integer.`, { where: "seed", expected: "an integer such as 0" });
    }
    return new Random(derive([0, 0, 0, 0], String(seed)));
  }

  /** The stream of that name: made at the first call, the same object afterwards. */
  stream(name: string): Random {
    const known = this.streams.get(name);
    if (known) return known;
    const made = new Random(derive(this.key, name));
    this.streams.set(name, made);
    return made;
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    return uniformFloat64(this.generator);
  }

  /** Standard normal. Marsaglia's polar method, so two a round. */
  normal(): number {
    if (this.spare !== null) {
      const spare = this.spare;
      this.spare = null;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const radius = Math.sqrt((-2 * Math.log(s)) / s);
      this.spare = v * radius;
      return u * radius;
    }
  }

  /** Uniform integer in [0, below), without bias; `below` is an integer from 1 to 2³². */
  int(below: number): number {
    return uniformInt(this.generator, 0, below - 1);
  }

  /** Fisher–Yates, in place. */
  shuffle<T>(items: { readonly length: number; [index: number]: T }): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const item = items[i]!;
      items[i] = items[j]!;
      items[j] = item;
    }
  }

  /** Fills with uniform numbers from `low` to `high`. */
  fillUniform(array: Float32Array, low: number, high: number): void {
    for (let i = 0; i < array.length; i++) array[i] = low + (high - low) * this.uniform();
  }

  /** Fills with normal numbers of mean 0. */
  fillNormal(array: Float32Array, std: number): void {
    for (let i = 0; i < array.length; i++) array[i] = std * this.normal();
  }

  /**
   * Sets each byte to 1 with probability `keep`, else to 0. `keep` counts in steps of 2⁻³².
   *
   * Draws for 32 bytes at once: the bits of a word are one binary digit of 32 uniform numbers, compared with the digits
   * of `keep` from the first on. About 6 words decide all 32 comparisons, a fifth of a draw a byte.
   */
  dropoutMask(mask: Uint8Array, keep: number): void {
    if (keep >= 1) return void mask.fill(1);
    const threshold = Math.min(Math.round(keep * 2 ** 32), 2 ** 32 - 1) | 0;
    const words = new Uint32Array(1024);
    const bytes = new Uint8Array(words.buffer);
    for (let at = 0; at < mask.length; at += bytes.length) {
      const rest = Math.min(bytes.length, mask.length - at);
      for (let i = 0; 4 * i < rest; i += 8) {
        let kept = this.bernoulli32(threshold);
        for (let j = i; j < i + 8; j++) {
          words[j] = SPREAD[kept & 15]!;
          kept >>>= 4;
        }
      }
      mask.set(rest === bytes.length ? bytes : bytes.subarray(0, rest), at);
    }
  }

  /** 32 independent bits, each 1 where a fresh uniform number is below `threshold · 2⁻³²`. */
  private bernoulli32(threshold: number): number {
    let undecided = -1;
    let below = 0;
    for (let digits = threshold; digits !== 0 && undecided !== 0; digits <<= 1) {
      const draw = this.generator.next();
      if (digits < 0) {
        below |= undecided & ~draw;
        undecided &= draw;
      } else {
        undecided &= ~draw;
      }
    }
    return below;
  }

  /** A snapshot of this generator and its streams; survives `JSON.stringify`. */
  state(): RandomState {
    const streams = Object.fromEntries([...this.streams].map(([name, stream]) => [name, stream.state()]));
    return { key: this.key, words: this.generator.getState(), spare: this.spare, streams };
  }

  /**
   * Continues where {@link state} was taken, whatever the seed was here. Streams that the state lacks start afresh.
   * @throws {CheckpointError} when `state` is not one that `state()` made.
   */
  restore(state: RandomState): void {
    if (!isState(state)) {
      throw new CheckpointError("The saved random state is malformed.", {
        expected:
          "key and words: four 32-bit integers each; spare: a number or null; streams: states like this one by name",
        hint: "resume from another checkpoint, or start from the beginning.",
      });
    }
    this.key = state.key;
    this.generator = xoroshiro128plusFromState(state.words);
    this.spare = state.spare;
    for (const name of new Set([...this.streams.keys(), ...Object.keys(state.streams)])) {
      const key = derive(this.key, name);
      this.stream(name).restore(state.streams[name] ?? { key, words: key, spare: null, streams: {} });
    }
  }
}

/** Bit k of the index becomes byte k of the word. */
const SPREAD = Uint32Array.from({ length: 16 }, (_, bits) => Math.imul(bits, 0x00204081) & 0x01010101);

const isState = (value: unknown): boolean => {
  if (!isObject(value)) return false;
  const { key, words, spare, streams } = value;
  if (!isWords(key) || !isWords(words) || !isObject(streams)) return false;
  return (spare === null || Number.isFinite(spare)) && Object.values(streams).every(isState);
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isWords = (words: unknown): boolean => Array.isArray(words) && words.length === 4 && words.every(isWord);

/** Words are kept with a sign or without one. */
const isWord = (word: unknown): boolean => word === (Number(word) | 0) || word === Number(word) >>> 0;

/** The key of a named stream: MurmurHash3's mixing over the name, one lane for each word of the parent's key. */
function derive(key: readonly number[], name: string): readonly number[] {
  return key.map((word, lane) => {
    let h = word ^ Math.imul(lane + 1, 0x9e3779b9);
    for (let i = 0; i < name.length; i++) {
      h = Math.imul(h ^ name.charCodeAt(i), 0xcc9e2d51);
      h = Math.imul((h << 13) | (h >>> 19), 5) + 0x6b64e653;
    }
    h ^= name.length;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return h ^ (h >>> 16);
  });
}
