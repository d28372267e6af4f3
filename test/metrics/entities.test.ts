import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { areEntityTags, entityScores } from "../../src/metrics/entities.ts";

interface Case {
  labels: string[][];
  predictions: string[][];
  f1: number;
  precision: number;
  recall: number;
}
const file = new URL("../parity/fixtures/optim/entities.json", import.meta.url);
const cases: Case[] = JSON.parse(readFileSync(file, "utf8")).cases;

describe("entityScores", () => {
  test.each(cases)("agrees with seqeval: F1 $f1", ({ labels, predictions, ...expected }) => {
    const scores = entityScores(labels, predictions);
    for (const score of ["f1", "precision", "recall"] as const) {
      expect(scores[score], score).toBeCloseTo(expected[score], 12);
    }
  });

  test("an entity counts only whole, and I without B begins one", () => {
    const labels = [["B-PER", "I-PER", "O", "I-LOC", "B-LOC"]];
    expect(entityScores(labels, labels)).toMatchObject({ precision: 1, recall: 1, f1: 1, support: 3 });
    const half = [["B-PER", "O", "O", "I-LOC", "I-LOC"]];
    expect(entityScores(labels, half)).toMatchObject({ precision: 0, recall: 0, f1: 0, support: 3 });
  });

  /** seqeval's conditions (`end_of_chunk`, `start_of_chunk`), as they stand in it. */
  function goesOn(before: string, tag: string, isSameType: boolean): boolean {
    const ends =
      "ES".includes(before) || ("BI".includes(before) && "BSO".includes(tag)) || (before !== "O" && !isSameType);
    const starts = "BS".includes(tag) || ("ESO".includes(before) && "EI".includes(tag)) || (tag !== "O" && !isSameType);
    return !ends && !starts;
  }

  const PREFIXES = ["B", "I", "E", "S", "O"];
  const pairs = PREFIXES.flatMap((a) => PREFIXES.flatMap((b) => ["A", "B"].map((type) => [a, b, type] as const)));
  test.each(pairs)("%s-A then %s-%s are as many entities as in seqeval", (before, tag, type) => {
    const tags = [before === "O" ? "O" : `${before}-A`, tag === "O" ? "O" : `${tag}-${type}`];
    const each = (before === "O" ? 0 : 1) + (tag === "O" ? 0 : 1);
    const joined = before !== "O" && tag !== "O" && goesOn(before, tag, type === "A");
    expect(entityScores([tags], [tags]).support).toBe(each - (joined ? 1 : 0));
  });

  test("tags of entities are told from other classes", () => {
    expect(areEntityTags(["O", "B-PER", "I-PER"])).toBe(true);
    expect(areEntityTags(["O", "S-PER", "E-PER", "B-A-B", "I-PER"])).toBe(true);
    expect(areEntityTags(["O", "PER"])).toBe(false);
    expect(areEntityTags(["I-PER", "O"])).toBe(false);
    expect(areEntityTags(["NOUN", "B-PER"])).toBe(false);
    expect(areEntityTags([])).toBe(false);
  });

  test("sequences do not run into each other", () =>
    expect(entityScores([["B-A"], ["I-A"]], [["B-A"], ["I-A"]]).support).toBe(2));

  test("says which sequence has tags missing", () =>
    expect(() => entityScores([["O"], ["O", "O"]], [["O"], ["O"]])).toThrow(
      "There are 2 labels but 1 predicted tags.\n  at: sequence 1",
    ));
});
