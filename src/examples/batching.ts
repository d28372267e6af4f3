import type { Random } from "../random.ts";
import { iterable } from "./examples.ts";
import { sortedByKey } from "./stable-sort.ts";
import { TypedList } from "./typed-list.ts";

/** Options for batching the rows of an epoch. */
export interface BatchingOptions {
  /** Rows of a batch. */
  readonly batchSize: number;
  /** Tokens that a batch may hold, padding included, however many rows that makes: takes the place of `batchSize`. */
  readonly maxTokens?: number | undefined;
  /** Rows of about the same length share a batch, so that little of it is padding. */
  readonly groupByLength: boolean;
  /** A new order every time; needs `random`. */
  readonly shuffle: boolean;
  readonly random: Random;
  /**
   * Move the batch that takes the most memory to the second place, so that a run that does not fit fails at once: for
   * the first epoch. Second, because a first step of average length shows sooner that all is well.
   */
  readonly longestSecond?: boolean;
}

/** The batches of one epoch, as two arrays of numbers: a million rows take 4 MB, and a batch is an array only once it is asked for. */
export interface Batches extends Iterable<number[]> {
  readonly length: number;
  /** Row numbers of a batch. */
  at(batch: number): number[];
}

/** Lengths are blurred by up to this share before sorting, so that neighbours differ from epoch to epoch. */
const BLUR = 0.04;

/**
 * Row numbers of each batch of one epoch; every row exactly once, one batch possibly smaller. With `maxTokens`, as many
 * rows as fit: only a row that is longer by itself goes over it, alone.
 *
 * Without `shuffle` and `groupByLength` the rows stay in order. Grouped, rows are sorted by their blurred length and
 * cut into batches, the batches then shuffled: a step sees texts of one length, an epoch sees lengths in random order.
 *
 * @param lengths Tokens (or characters, as an estimate) of each row.
 */
export function planBatches(lengths: ArrayLike<number>, options: BatchingOptions): Batches {
  const { groupByLength, shuffle, random, longestSecond } = options;
  const shuffled = numbersTo(lengths.length);
  if (shuffle) random.shuffle(shuffled);
  const rows = groupByLength ? sortedByKey(shuffled, blurred(lengths, options)) : shuffled;
  const ends = options.maxTokens === undefined ? cut(rows, options) : fill(rows, lengths, options.maxTokens);
  const batch = (number: number): Int32Array => rows.subarray(number > 0 ? ends[number - 1] : 0, ends[number]);
  const order = groupByLength ? ordered(numbersTo(ends.length), batch, options) : numbersTo(ends.length);
  if (longestSecond && (shuffle || groupByLength)) {
    toSecond(order, (number) => {
      const of = batch(number);
      return of.length * of.reduce((longest, row) => Math.max(longest, lengths[row]!), 0);
    });
  }
  const at = (place: number): number[] => Array.from(batch(order[place]!));
  return { length: order.length, at, ...iterable(order.length, at) };
}

/** `0` to `count − 1`. */
const numbersTo = (count: number): Int32Array => new Int32Array(count).map((_, number) => number);

/** Sort keys of the rows. */
function blurred(lengths: ArrayLike<number>, { shuffle, random }: BatchingOptions): Float64Array {
  const keys = new Float64Array(lengths.length);
  for (let row = 0; row < keys.length; row++) {
    keys[row] = lengths[row]! * (1 + (shuffle ? BLUR * (2 * random.uniform() - 1) : 0));
  }
  return keys;
}

/** Batches of grouped rows in random order, or in that of the first row of each. */
function ordered(
  batches: Int32Array,
  rowsOf: (batch: number) => Int32Array,
  { shuffle, random }: BatchingOptions,
): Int32Array {
  if (!shuffle) return sortedByKey(batches, batches.map((batch) => rowsOf(batch).reduce((a, b) => Math.min(a, b)))); // biome-ignore format: one line
  random.shuffle(batches);
  return batches;
}

/** The end of each batch of `batchSize` rows; of grouped and shuffled rows, what is left over makes a batch at a random place. */
function cut(rows: Int32Array, { batchSize, groupByLength, shuffle, random }: BatchingOptions): Int32Array {
  const whole = Math.floor(rows.length / batchSize);
  const rest = rows.length % batchSize;
  const small = groupByLength && shuffle ? random.int(whole + 1) : whole;
  const ends = numbersTo(whole + (rest > 0 ? 1 : 0));
  return ends.map((batch) => (batch + 1) * batchSize - (rest > 0 && batch >= small ? batchSize - rest : 0));
}

/** The end of each batch, which holds at most `maxTokens`, padding included, or one row. */
function fill(rows: Int32Array, lengths: ArrayLike<number>, maxTokens: number): Int32Array {
  const ends = new TypedList(Int32Array);
  let [begin, longest] = [0, 0];
  for (let at = 0; at < rows.length; at++) {
    const length = lengths[rows[at]!]!;
    longest = Math.max(longest, length);
    if (at === begin || (at + 1 - begin) * longest <= maxTokens) continue;
    ends.push(at);
    [begin, longest] = [at, length];
  }
  if (rows.length > 0) ends.push(rows.length);
  return ends.view();
}

/** Moves the heaviest of numbered things to the second place; of equals the first. */
function toSecond(order: Int32Array, weightOf: (number: number) => number): void {
  let [heaviest, most] = [0, Number.NEGATIVE_INFINITY];
  order.forEach((number, place) => {
    const weight = weightOf(number);
    if (weight > most) [heaviest, most] = [place, weight];
  });
  if (order.length < 2 || heaviest === 1) return;
  const moved = order[heaviest]!;
  if (heaviest === 0) order[0] = order[1]!;
  else order.copyWithin(2, 1, heaviest);
  order[1] = moved;
}
