import type { Random } from "../../../src/random.ts";

/** Valid files from which mutated ones are made. */
export interface Seed {
  readonly name: string;
  /** By name; written once. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Names of those that are mutated, one at a time. */
  readonly mutated: readonly string[];
}

/** A changed file, and the changes in words. */
export interface Mutation {
  readonly bytes: Uint8Array;
  readonly changes: string;
}

/** Changes a file; the same generator makes the same change. */
export type Mutate = (bytes: Uint8Array, random: Random, file: string) => Mutation;

/** A format under test. */
export interface Format {
  readonly name: string;
  readonly mutate: Mutate;
  /** @param scratch An empty folder for files that have to be made. */
  seeds(scratch: string): Promise<readonly Seed[]>;
  /**
   * Reads what lies in a folder with the library's own readers, and does what follows as far as it is cheap: opens the
   * model, builds its graph, tokenizes a line. Must return, or throw a `LowrankError`.
   * @param file The file of the folder that was mutated.
   */
  read(folder: string, file: string): Promise<unknown>;
  /**
   * The same in a process of its own, where the library has one as its protection and {@link read} does without to be fast: an
   * input that {@link read} does badly at is read again this way, and only that counts.
   */
  readApart?(folder: string, file: string): Promise<unknown>;
}

/** One of some items. */
export const pick = <T>(random: Random, items: readonly T[]): T => items[random.int(items.length)] as T;

/** Whether an event of that probability happens. */
export const chance = (random: Random, probability: number): boolean => random.uniform() < probability;
