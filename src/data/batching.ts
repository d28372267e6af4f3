import type { Random } from "../random.ts";

/** How the rows of an epoch are put into batches. */
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
export function planBatches(lengths: readonly number[], options: BatchingOptions): number[][] {
  const { batchSize, maxTokens, groupByLength, shuffle, random, longestSecond } = options;
  const rows = lengths.map((_, row) => row);
  if (shuffle) random.shuffle(rows);
  const inOrder = (): number[][] => (maxTokens === undefined ? cut(rows, batchSize) : fill(rows, lengths, maxTokens));
  const batches = groupByLength ? groups(rows, lengths, options) : inOrder();
  if (longestSecond && (shuffle || groupByLength)) {
    toSecond(batches, (batch) => batch.length * Math.max(...batch.map((row) => lengths[row]!)));
  }
  return batches;
}

function groups(
  rows: number[],
  lengths: readonly number[],
  { batchSize, maxTokens, shuffle, random }: BatchingOptions,
): number[][] {
  const keys = lengths.map((length) => length * (1 + (shuffle ? BLUR * (2 * random.uniform() - 1) : 0)));
  rows.sort((a, b) => keys[a]! - keys[b]!); // stable: rows of one length stay shuffled
  const whole = Math.floor(rows.length / batchSize);
  const batches =
    maxTokens === undefined
      ? cut(rows, batchSize, shuffle ? random.int(whole + 1) : whole)
      : fill(rows, lengths, maxTokens);
  if (shuffle) random.shuffle(batches);
  else batches.sort((a, b) => Math.min(...a) - Math.min(...b));
  return batches;
}

/** Cuts into batches of `size`; what is left over makes the batch after `whole` full ones (by default the last). */
function cut(rows: readonly number[], size: number, whole = Math.floor(rows.length / size)): number[][] {
  const batches: number[][] = [];
  for (let at = 0; at < rows.length; ) {
    const next = at + (batches.length === whole ? rows.length % size || size : size);
    batches.push(rows.slice(at, next));
    at = next;
  }
  return batches;
}

/** Cuts into batches that hold at most `maxTokens`, padding included, or one row. */
function fill(rows: readonly number[], lengths: readonly number[], maxTokens: number): number[][] {
  const batches: number[][] = [];
  let longest = 0;
  for (const row of rows) {
    const batch = batches.at(-1);
    longest = Math.max(longest, lengths[row]!);
    if (batch && (batch.length + 1) * longest <= maxTokens) batch.push(row);
    else {
      batches.push([row]);
      longest = lengths[row]!;
    }
  }
  return batches;
}

function toSecond<T>(items: T[], weight: (item: T) => number): void {
  const weights = items.map(weight);
  const heaviest = weights.reduce((best, value, at) => (value > weights[best]! ? at : best), 0);
  if (heaviest !== 1) items.splice(1, 0, ...items.splice(heaviest, 1));
}
