import { describe, expect, test } from "vitest";
import { collate } from "../../src/examples/collate.ts";
import { ExampleStore } from "../../src/examples/examples.ts";
import { areRanked, areScored, rankedRow, scoredRow, textsIn } from "../../src/examples/sentences.ts";

const row = (values: Record<string, unknown>) => ({ values, where: "data.jsonl:3" });

describe("rows of several texts", () => {
  test("query, answer and negatives, in the order of their numbers; a row may leave out negatives", () => {
    const values = { negative_10: "d", negative_2: "c", negative: "b", positive: "a", anchor: "q", negative_3: null };
    expect(rankedRow(row(values))).toEqual({ texts: ["q", "a", "b", "c", "d"], where: "data.jsonl:3" });
  });

  test.each(["score", "label"])("a pair and its %s", (name) => {
    const values = { sentence1: "a", sentence2: "b", [name]: "0.5" };
    expect(areScored(Object.keys(values))).toBe(true);
    expect(scoredRow(row(values))).toEqual({ texts: ["a", "b"], score: 0.5, where: "data.jsonl:3" });
  });

  test.each([undefined, null, "", "high", Infinity, true])("refuses %s for a score", (score) => {
    expect(() => scoredRow(row({ sentence1: "a", sentence2: "b", score }))).toThrow(/data\.jsonl:3/);
  });

  test("names a column that is missing, and those that are there", () => {
    expect(areRanked(["anchor", "text"])).toBe(false);
    expect(() => rankedRow(row({ anchor: "q", text: "a" }))).toThrow(/no column "positive"[\s\S]*anchor, text/);
  });
});

const examples = [
  { ids: Int32Array.of(2, 5, 3, 2, 6, 7, 3), ends: Int32Array.of(3, 7), where: "a:1", score: 0.25 },
  { ids: Int32Array.of(2, 8, 2, 9, 2, 4, 3), ends: Int32Array.of(2, 4, 7), where: "a:2" },
];

test.each([0, 2 ** 20])("a store that holds %i bytes gives back what it was given", (held) => {
  const store = new ExampleStore(held);
  for (const example of examples) store.add(example);
  expect([...store]).toEqual(examples);
  expect(textsIn(store.at(1) as (typeof examples)[0])).toEqual([[2, 8], [2, 9], [2, 4, 3]].map((ids) => Int32Array.from(ids))); // biome-ignore format: one line
  expect([store.texts, store.longest, store.labelled]).toEqual([[2, 3], [4, 3], [1, 1]].map((n) => Int32Array.from(n))); // biome-ignore format: one line
  store.close();
});

test("each text is a row of the batch, and its label the place of its answer", () => {
  const batch = collate(examples, 0);
  expect([batch.batch, batch.seq, batch.realTokens]).toEqual([5, 4, 14]);
  expect([...batch.inputIds].map(Number).slice(0, 8)).toEqual([2, 5, 3, 0, 2, 6, 7, 3]);
  expect(batch.parts).toEqual({
    anchors: BigInt64Array.of(0n, 2n),
    documents: BigInt64Array.of(1n, 3n, 4n), // both answers, then the negative
  });
  expect(batch.labels).toEqual(BigInt64Array.of(0n, 1n));
});
