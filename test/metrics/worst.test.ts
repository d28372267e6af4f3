import { expect, test } from "vitest";
import { confusedPairs } from "../../src/metrics/confusions.ts";
import { Worst } from "../../src/metrics/worst.ts";

const found = (order: readonly number[]) => {
  const badness = [0.5, 2, 0.5, 0, 2, 0.1, 3];
  const worst = new Worst<string>(4);
  for (const row of order) worst.offer(row, badness[row]!, () => `row ${row}`);
  return worst.list.map(({ row, item }) => [row, item]);
};

test("the worst are kept whatever the order, of equally bad ones the lower rows; what is not wrong is left out", () => {
  const wanted = [[6, "row 6"], [1, "row 1"], [4, "row 4"], [0, "row 0"]]; // biome-ignore format: rows
  for (const order of [
    [0, 1, 2, 3, 4, 5, 6],
    [6, 5, 4, 3, 2, 1, 0],
    [2, 4, 0, 6, 1, 3, 5],
  ]) {
    expect(found(order)).toEqual(wanted);
  }
  expect(found([3])).toEqual([]);
});

test("items are made only of those that are kept", () => {
  const worst = new Worst<number>(2);
  let made = 0;
  for (let row = 0; row < 1000; row++) worst.offer(row, 1000 - row, () => made++);
  expect(made).toBe(2);
});

test("confused pairs: by count, then by class, with their share of the label's examples", () => {
  const [labels, predictions] = [[0, 0, 0, 0, 1, 1, 2, 2], [0, 2, 2, 1, 0, 0, 1, 2]]; // biome-ignore format: columns
  expect(confusedPairs(labels, predictions, 3)).toEqual([
    { label: 0, prediction: 2, count: 2, share: 0.5 },
    { label: 1, prediction: 0, count: 2, share: 1 },
    { label: 0, prediction: 1, count: 1, share: 0.25 },
  ]);
});
