import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bootstrapIntervals } from "../../src/metrics/bootstrap.ts";
import { classificationReport } from "../../src/metrics/classification.ts";
import { Random } from "../../src/random.ts";

const file = new URL("../parity/fixtures/optim/classification.json", import.meta.url);
const { cases, intervals } = JSON.parse(readFileSync(file, "utf8"));
const labels = Int32Array.from(cases[0].labels as number[]);
const predictions = Int32Array.from(cases[0].predictions as number[]);
const classes = ["a", "b", "c", "d", "e"];

const f1Intervals = (seed: number, resamples: number) =>
  bootstrapIntervals(
    labels.length,
    (rows) => {
      const [truth, guesses] = [rows.map((i) => labels[i]!), rows.map((i) => predictions[i]!)];
      const { microF1, macroF1 } = classificationReport(truth, guesses, classes);
      return { microF1, macroF1 };
    },
    { random: Random.seed(seed), resamples },
  );

describe("bootstrapIntervals", () => {
  test("agrees with scipy's percentile bootstrap, each with draws of its own", () => {
    const ours = f1Intervals(0, 10_000);
    for (const metric of ["microF1", "macroF1"] as const) {
      const [low, high] = intervals[metric] as [number, number];
      expect(Math.abs(ours[metric][0] - low), `${metric} low`).toBeLessThan(0.03 * (high - low) + 1 / labels.length);
      expect(Math.abs(ours[metric][1] - high), `${metric} high`).toBeLessThan(0.03 * (high - low) + 1 / labels.length);
    }
  });

  test("is the seed's", () => {
    expect(f1Intervals(1, 50)).toEqual(f1Intervals(1, 50));
    expect(f1Intervals(1, 50)).not.toEqual(f1Intervals(2, 50));
  });

  test("interpolates between percentiles as numpy", () => {
    let i = 0;
    const measure = () => ({ x: [10, 0, 5][i++]! });
    const { x } = bootstrapIntervals(1, measure, { random: Random.seed(0), resamples: 3, confidence: 0.5 });
    expect(x).toEqual([2.5, 7.5]);
  });

  test("a thousand resamples of 1,530 examples are quick", () => {
    const truth = new Int32Array(1530).map((_, i) => i % 100);
    const names = Array.from({ length: 100 }, (_, i) => String(i));
    const start = performance.now();
    const measure = (rows: Int32Array) => {
      const resampled = rows.map((i) => truth[i]!);
      return { macroF1: classificationReport(resampled, resampled, names).macroF1 };
    };
    expect(bootstrapIntervals(1530, measure, { random: Random.seed(0) })).toEqual({ macroF1: [1, 1] });
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
