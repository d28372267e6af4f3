import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { classificationReport } from "../../src/metrics/classification.ts";

interface Case extends Record<string, unknown> {
  labels: number[];
  predictions: number[];
  classes: number;
}
const file = new URL("../parity/fixtures/optim/classification.json", import.meta.url);
const cases: Case[] = JSON.parse(readFileSync(file, "utf8")).cases;
const names = (count: number) => Array.from({ length: count }, (_, i) => `class ${i}`);

describe("classificationReport", () => {
  test.each(cases)("agrees with scikit-learn on $labels.length examples of $classes classes", (c) => {
    const report = classificationReport(Int32Array.from(c.labels), Int32Array.from(c.predictions), names(c.classes));
    for (const score of ["accuracy", "microF1", "macroF1", "weightedF1"] as const) {
      expect(report[score], score).toBeCloseTo(c[score] as number, 12);
    }
    for (const score of ["precision", "recall", "f1", "support"] as const) {
      report.classes.forEach((scores, i) => {
        expect(scores[score], `${scores.class} ${score}`).toBeCloseTo((c[score] as number[])[i]!, 12);
      });
    }
  });

  const report = (labels: number[], predictions: number[]) => () =>
    classificationReport(Int32Array.from(labels), Int32Array.from(predictions), ["a", "b"]);

  test("says what cannot be scored", () => {
    expect(report([], [])).toThrow("There are no examples to score.");
    expect(report([0], [0, 1])).toThrow("There are 1 labels but 2 predictions.");
    expect(report([0, 2], [0, 1])).toThrow(
      "The label 2 is not a class.\n  at: example 1\n  expected: an index from 0 to 1",
    );
    expect(report([0, 1], [-1, 1])).toThrow("The prediction -1 is not a class.\n  at: example 0");
  });
});
