import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { entityScores } from "../../src/metrics/entities.ts";

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
    expect(entityScores(labels, labels)).toEqual({ precision: 1, recall: 1, f1: 1, support: 3 });
    const half = [["B-PER", "O", "O", "I-LOC", "I-LOC"]];
    expect(entityScores(labels, half)).toEqual({ precision: 0, recall: 0, f1: 0, support: 3 });
  });

  test("sequences do not run into each other", () =>
    expect(entityScores([["B-A"], ["I-A"]], [["B-A"], ["I-A"]]).support).toBe(2));

  test("says which sequence has tags missing", () =>
    expect(() => entityScores([["O"], ["O", "O"]], [["O"], ["O"]])).toThrow(
      "There are 2 labels but 1 predicted tags.\n  at: sequence 1",
    ));
});
