import { expect, test } from "vitest";
import { evaluationsWithoutImprovement } from "../../src/optim/early-stopping.ts";
import { fixture } from "./fixtures.ts";

interface Case {
  readonly lowerIsBetter: boolean;
  readonly patience: number;
  readonly threshold: number;
  readonly values: readonly number[];
  readonly stop: number | null;
}

test("stops where transformers' EarlyStoppingCallback does", () => {
  const cases: readonly Case[] = fixture("early-stopping");
  expect(cases.some(({ stop }) => stop === null)).toBe(true);
  for (const { patience, values, stop, ...options } of cases) {
    const ends = values.findIndex(
      (_, at) => evaluationsWithoutImprovement(values.slice(0, at + 1), options) >= patience,
    );
    expect(ends + 1, JSON.stringify(values)).toBe(stop ?? 0);
  }
});

test("slow progress, each step within the threshold, counts as none", () => {
  const options = { lowerIsBetter: true, threshold: 0.1 };
  expect(evaluationsWithoutImprovement([1, 0.95, 0.9, 0.85], options)).toBe(3);
  expect(evaluationsWithoutImprovement([1, 0.95, 0.8], options)).toBe(0);
  expect(evaluationsWithoutImprovement([], options)).toBe(0);
});
