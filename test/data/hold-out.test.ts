import { describe, expect, test } from "vitest";
import { type HoldOut, holdOut, rowsOfSide } from "../../src/data/hold-out.ts";
import type { Row } from "../../src/data/row.ts";
import { Random } from "../../src/random.ts";
import { collected } from "./collected.ts";

const rowsWith = (labels: readonly unknown[]): Row[] =>
  labels.map((label, i) => ({ values: { label }, where: `a:${i}` }));
const labelsOf = ({ values }: Row): readonly unknown[] => [values.label].flat().filter((label) => label !== undefined);

const held = (labels: readonly unknown[], percentage: number, seed = 0): Promise<HoldOut> =>
  holdOut(rowsWith(labels), { labelsOf, percentage, random: Random.seed(seed).stream("validation split") });

/** Labels of the rows that are held back, counted. */
async function counts(labels: readonly unknown[], percentage: number, seed = 0): Promise<Record<string, number>> {
  const { mask } = await held(labels, percentage, seed);
  const counted: Record<string, number> = {};
  for (const [i, side] of mask.entries())
    if (side === 1) counted[String(labels[i])] = (counted[String(labels[i])] ?? 0) + 1;
  return counted;
}

const times = (count: number, label: unknown): unknown[] => Array.from({ length: count }, () => label);

describe("rows that are held back", () => {
  test("are the same share of each label, the shares adding up by largest remainders", async () => {
    const labels = [...times(60, "a"), ...times(30, "b"), ...times(10, "c")];
    expect(await counts(labels, 10)).toEqual({ a: 6, b: 3, c: 1 });
    expect(await counts([...times(14, "a"), ...times(7, "b"), ...times(3, "c")], 25)).toEqual({ a: 3, b: 2, c: 1 });
    expect(await counts([...times(13, 0), ...times(9, 1)], 50)).toEqual({ 0: 7, 1: 4 }); // of 6.5 and 4.5 the first is rounded up
  });

  test("depend on the seed alone, and are not the first of each label", async () => {
    const labels = Array.from({ length: 90 }, (_, i) => i % 3);
    const [once, again, other] = [await held(labels, 20, 7), await held(labels, 20, 7), await held(labels, 20, 8)];
    expect(again).toEqual(once);
    expect(other.mask).not.toEqual(once.mask);
    expect(other.count).toBe(18);
    const places = [...once.mask.keys()].filter((i) => once.mask[i] === 1);
    expect(Math.max(...places)).toBeGreaterThan(45);
  });

  test.each([1, 10, 50, 99])(
    "at %i percent each label stays in training, and every row is on one side",
    async (percent) => {
      const labels = [...times(5, "a"), "once", ...times(2, "b"), ["x", "y"], ["x"], ["y", "z"], [], []];
      const all = rowsWith(labels);
      const split = await holdOut(all, { labelsOf, percentage: percent, random: Random.seed(percent) });
      const [kept, back] = [await collected(asAsync(all, split, false)), await collected(asAsync(all, split, true))];
      expect(back.length).toBe(split.count);
      expect(back.length).toBeGreaterThan(0);
      expect([...kept, ...back].map(({ where }) => where).sort()).toEqual(all.map(({ where }) => where).sort());
      const trained = new Set(kept.flatMap(labelsOf));
      for (const label of all.flatMap(labelsOf)) expect(trained).toContain(label);
    },
  );

  test("without labels are a share of all rows, at least one, and leave at least one", async () => {
    const none = (count: number) => times(count, undefined);
    expect((await held(none(50), 10)).count).toBe(5);
    expect((await held(none(3), 10)).count).toBe(1);
    expect((await held(none(2), 99)).count).toBe(1);
  });

  test("must be possible", async () => {
    await expect(held([3, 6, 9], 10)).rejects.toThrow("hint: if each label is a number to predict, set problem_type: regression."); // biome-ignore format: a row
    for (const labels of [["a"], ["a", "b", "c"], [undefined]]) {
      await expect(held(labels, 10)).rejects.toThrow("no row can be held back for validation\n  at: validation_split_percentage"); // biome-ignore format: a row
    }
  });
});

const asAsync = (rows: Row[], split: HoldOut, isHeldBack: boolean) =>
  rowsOfSide(rows, split, isHeldBack) as AsyncIterable<Row>;
