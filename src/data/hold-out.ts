import { DataError } from "../errors.ts";
import type { Random } from "../random.ts";
import type { Row, Rows } from "./row.ts";

/** Rows of a training split that are held back for validation. */
export interface HoldOut {
  /** 1 for each row that is held back, 0 for each that is trained on, `[rows]`, in their order. */
  readonly mask: Uint8Array;
  /** Rows held back. */
  readonly count: number;
}

/** Share of the rows to hold back, and what decides which. */
export interface HoldOutOptions {
  /** Labels of a row; none where rows have no labels. */
  labelsOf(row: Row): readonly unknown[];
  /** Percent of the rows. */
  readonly percentage: number;
  readonly random: Random;
}

/** Rows with the same only label; those with none or several are one stratum. */
interface Stratum {
  size: number;
  /** Numbers of the rows that may be held back. */
  readonly free: number[];
}

/**
 * Chooses rows to hold back, at least one: at random, with the same share of each label. The first row of a label is trained on,
 * so that no label is met in validation alone.
 * @throws {DataError} when every row is the first of a label, or there is only one.
 */
export async function holdOut(rows: Rows, { labelsOf, percentage, random }: HoldOutOptions): Promise<HoldOut> {
  const strata = new Map<string | undefined, Stratum>();
  const seen = new Set<string>();
  let size = 0;
  for await (const row of rows) {
    const labels = [...new Set(labelsOf(row).map(String))];
    const key = labels.length === 1 ? labels[0] : undefined;
    const stratum = strata.get(key) ?? { size: 0, free: [] };
    strata.set(key, stratum);
    stratum.size++;
    if (labels.every((label) => seen.has(label))) stratum.free.push(size);
    for (const label of labels) seen.add(label);
    size++;
  }
  const all = [...strata.values()];
  const free = sum(all.map((stratum) => stratum.free.length));
  const count = Math.min(Math.max(1, Math.round((size * percentage) / 100)), free, size - 1);
  if (count === 0) {
    throw new DataError("no row can be held back for validation", {
      where: "validation_split_percentage",
      expected: "at least two rows and, where they have labels, a label that more than one row has",
      ...(size > 1 && { hint: "if each label is a number to predict, set problem_type: regression." }),
    });
  }
  const mask = new Uint8Array(size);
  for (const [i, share] of shares(all, count).entries()) {
    const { free } = all[i] as Stratum;
    random.shuffle(free);
    for (const row of free.slice(0, share)) mask[row] = 1;
  }
  return { mask, count };
}

/** Rows to hold back of each stratum, by the largest remainders; their sum is `count`. */
function shares(strata: readonly Stratum[], count: number): number[] {
  const size = sum(strata.map((stratum) => stratum.size));
  const room = strata.map(({ free }) => free.length);
  const taken = strata.map((stratum, i) => Math.min(Math.floor((stratum.size * count) / size), room[i] as number));
  const remainder = (i: number): number => ((strata[i] as Stratum).size * count) % size;
  const order = [...strata.keys()].sort((a, b) => remainder(b) - remainder(a));
  for (let left = count - sum(taken); left > 0; ) {
    for (const i of order) {
      if (left === 0 || taken[i] === room[i]) continue;
      taken[i] = (taken[i] as number) + 1;
      left--;
    }
  }
  return taken;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** The rows that are held back, or those that are trained on. */
export const rowsOfSide = (rows: Rows, { mask }: HoldOut, isHeldBack: boolean): Rows => ({
  async *[Symbol.asyncIterator]() {
    let place = 0;
    for await (const row of rows) {
      if (mask[place++] === Number(isHeldBack)) yield row;
    }
  },
});
