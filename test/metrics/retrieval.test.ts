import { expect, test } from "vitest";
import { retrievalReport } from "../../src/metrics/retrieval.ts";

const hits = (...places: number[]): boolean[] => Array.from({ length: 12 }, (_, i) => places.includes(i + 1));

test("a query whose answer comes third", () => {
  const { means, ndcg, reciprocalRanks } = retrievalReport([{ hits: hits(3), relevant: 1 }]);
  expect(ndcg[0]).toBeCloseTo(1 / 2, 12); // 1 ÷ log2(3 + 1)
  expect(reciprocalRanks).toEqual([1 / 3]);
  expect(means).toMatchObject({ "recall@1": 0, "recall@5": 1, "accuracy@1": 0, "accuracy@5": 1, "mrr@10": 1 / 3 });
});

test("of several answers each counts for recall, any for accuracy; those after the tenth count for nothing", () => {
  const { means } = retrievalReport([{ hits: hits(1, 7, 11), relevant: 3 }]);
  expect(means["recall@1"]).toBeCloseTo(1 / 3, 12);
  expect(means["recall@10"]).toBeCloseTo(2 / 3, 12);
  expect(means["accuracy@1"]).toBe(1);
  const best = 1 + 1 / Math.log2(3) + 1 / 2;
  expect(means["ndcg@10"]).toBeCloseTo((1 + 1 / 3) / best, 12); // log2(7 + 1) is 3
});

test("figures are means over queries", () => {
  const { means } = retrievalReport([
    { hits: hits(1), relevant: 1 },
    { hits: hits(12), relevant: 1 },
  ]);
  expect(means).toMatchObject({ "ndcg@10": 0.5, "mrr@10": 0.5, "accuracy@10": 0.5, "recall@10": 0.5 });
});
