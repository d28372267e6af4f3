import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BatchingOptions, planBatches as batchesOf } from "../../src/examples/batching.ts";
import { Random } from "../../src/random.ts";

const planBatches = (lengths: readonly number[], given: BatchingOptions) => [...batchesOf(lengths, given)];

const options = (given: Partial<BatchingOptions> = {}): BatchingOptions => ({
  batchSize: 4,
  groupByLength: true,
  shuffle: true,
  random: Random.seed(0).stream("order"),
  ...given,
});

/** Lengths as texts have them: many short, few long, the longest truncated to one length. */
const skewed = (count: number): number[] => {
  const random = Random.seed(7);
  return Array.from({ length: count }, () => Math.min(256, Math.ceil(60 * Math.exp(0.8 * random.normal()))));
};

function paddingShare(lengths: readonly number[], batches: readonly (readonly number[])[]): number {
  const padded = batches.reduce((sum, batch) => sum + batch.length * Math.max(...batch.map((row) => lengths[row]!)), 0);
  return 1 - lengths.reduce((sum, length) => sum + length, 0) / padded;
}

const anyOptions = fc.record({
  batchSize: fc.integer({ min: 1, max: 9 }),
  groupByLength: fc.boolean(),
  shuffle: fc.boolean(),
  longestSecond: fc.boolean(),
  random: fc.nat().map((seed) => Random.seed(seed)),
});
const anyLengths = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 });

describe("planBatches", () => {
  test("every row exactly once, no batch over its size, only one below it", () =>
    fc.assert(
      fc.property(anyLengths, anyOptions, (lengths, given) => {
        const batches = planBatches(lengths, given);
        expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, row) => row));
        expect(batches.length).toBe(Math.ceil(lengths.length / given.batchSize));
        expect(batches.filter((batch) => batch.length !== given.batchSize).length).toBeLessThanOrEqual(1);
      }),
    ));

  test("file order without shuffling and grouping", () =>
    fc.assert(
      fc.property(anyLengths, anyOptions, (lengths, given) => {
        const batches = planBatches(lengths, { ...given, shuffle: false, groupByLength: false });
        expect(batches.flat()).toEqual(lengths.map((_, row) => row));
      }),
    ));

  test("the same seed gives the same plan, another seed another", () => {
    const lengths = skewed(200);
    const plan = (seed: number) => planBatches(lengths, options({ random: Random.seed(seed) }));
    expect(plan(3)).toEqual(plan(3));
    expect(plan(4)).not.toEqual(plan(3));
  });

  test("grouping without shuffling draws nothing", () => {
    const random = Random.seed(0);
    const before = random.state();
    planBatches(skewed(50), options({ shuffle: false, random }));
    expect(random.state()).toEqual(before);
  });

  test("grouping leaves less than 5 % padding where a random order leaves more than half", () => {
    const lengths = skewed(3657);
    const grouped = planBatches(lengths, options({ batchSize: 16 }));
    expect(paddingShare(lengths, grouped)).toBeLessThan(0.05);
    const ungrouped = planBatches(lengths, options({ batchSize: 16, groupByLength: false }));
    expect(paddingShare(lengths, ungrouped)).toBeGreaterThan(0.5);
  });

  test("rows meet other rows in each epoch, and lengths come in random order", () => {
    const lengths = skewed(3200);
    const random = Random.seed(1);
    const [first, second] = [0, 1].map(() => planBatches(lengths, options({ batchSize: 16, random })));
    const mates = new Map(first!.flatMap((batch) => batch.map((row) => [row, new Set(batch)])));
    const kept = second!.flatMap((batch) =>
      batch.map((row) => batch.filter((other) => mates.get(row)!.has(other)).length - 1),
    );
    expect(kept.reduce((sum, n) => sum + n, 0) / kept.length).toBeLessThan(4); // of 15
    const longest = first!.map((batch) => Math.max(...batch.map((row) => lengths[row]!)));
    const rises = longest.filter((length, at) => at > 0 && length > longest[at - 1]!).length;
    expect(rises / longest.length).toBeGreaterThan(0.35);
    expect(rises / longest.length).toBeLessThan(0.65);
  });

  test("the batch that is not full is now of short rows, now of long ones", () => {
    const lengths = Array.from({ length: 102 }, (_, row) => row + 1);
    const random = Random.seed(2);
    const small = Array.from(
      { length: 20 },
      () => planBatches(lengths, options({ random })).find((batch) => batch.length < 4)!,
    );
    expect(Math.min(...small.flat())).toBeLessThan(30);
    expect(Math.max(...small.flat())).toBeGreaterThan(70);
  });

  test("the batch that takes the most memory comes second when asked", () =>
    fc.assert(
      fc.property(anyLengths, anyOptions, (lengths, given) => {
        fc.pre(lengths.length > 0 && (given.shuffle || given.groupByLength));
        const batches = planBatches(lengths, { ...given, longestSecond: true });
        const cells = batches.map((batch) => batch.length * Math.max(...batch.map((row) => lengths[row]!)));
        expect(cells[Math.min(1, cells.length - 1)]).toBe(Math.max(...cells));
      }),
    ));

  test("a budget of tokens: every row once an epoch, no batch over it but a single row, the same for the same seed", () =>
    fc.assert(
      fc.property(
        anyLengths,
        anyOptions,
        fc.integer({ min: 1, max: 900 }),
        fc.nat(),
        (lengths, given, maxTokens, seed) => {
          const plan = () => planBatches(lengths, { ...given, maxTokens, random: Random.seed(seed) });
          const batches = plan();
          expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, row) => row));
          for (const batch of batches) {
            const padded = batch.length * Math.max(...batch.map((row) => lengths[row]!));
            if (batch.length > 1) expect(padded).toBeLessThanOrEqual(maxTokens);
          }
          expect(plan()).toEqual(batches);
          if (!given.shuffle && !given.groupByLength) expect(batches.flat()).toEqual(lengths.map((_, row) => row));
        },
      ),
    ));

  test("a budget of tokens is filled: short texts make large batches", () => {
    const lengths = skewed(400);
    const grouped = planBatches(lengths, options({ maxTokens: 1024 }));
    const tokens = (batch: readonly number[]) => batch.length * Math.max(...batch.map((row) => lengths[row]!));
    const full = grouped.filter((batch) => tokens(batch) > 0.7 * 1024).length;
    expect(full / grouped.length).toBeGreaterThan(0.9);
    const sizes = grouped.map(({ length }) => length);
    expect(Math.max(...sizes)).toBeGreaterThan(3 * Math.min(...sizes.filter((size) => size > 1)));
    expect(planBatches([10, 10, 10, 30, 5], options({ maxTokens: 20, shuffle: false, groupByLength: false }))).toEqual([
      [0, 1],
      [2],
      [3],
      [4],
    ]);
  });
});
