import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { ClassScoresOfRow, LanguageScoresOfRow } from "../../src/events/reports.ts";
import { Random } from "../../src/random.ts";
import { scoresWithIntervals, writePredictions } from "../../src/training/predictions-file.ts";
import { readJson, temporary } from "../running.ts";

const ABC = ["a", "b", "c"];

const found = (
  classes: string[],
  labels: number[],
  predictions: number[],
  examples: number[] = [...labels.keys()],
) => ({ classes, examples, labels, predictions });

test("says what was predicted, in the data's order", async () => {
  const folder = temporary();
  await writePredictions(folder, found(["no", "yes"], [0, 1, 1], [0, 1, 0]));
  expect(readJson(`${folder}/eval_predictions.json`)).toEqual({
    classes: ["no", "yes"],
    examples: [0, 1, 2],
    labels: [0, 1, 1],
    predictions: [0, 1, 0],
  });
});

test("the interval holds the score, and is a point when all is right", async () => {
  const folder = temporary();
  const labels = Array.from({ length: 60 }, (_, i) => i % 3);
  await writePredictions(folder, found(ABC, labels, labels.map((label, i) => (i % 4 === 0 ? 0 : label)))); // biome-ignore format: one call
  const { microF1, microF1Interval } = (await scoresWithIntervals(folder, Random.seed(0))) as ClassScoresOfRow;
  expect(microF1).toBeCloseTo(50 / 60, 9);
  expect(microF1Interval[0]).toBeLessThan(50 / 60);
  expect(microF1Interval[1]).toBeGreaterThan(50 / 60);
  await writePredictions(folder, found(ABC, labels, labels));
  expect(await scoresWithIntervals(folder, Random.seed(0))).toEqual({
    microF1: 1,
    macroF1: 1,
    microF1Interval: [1, 1],
    macroF1Interval: [1, 1],
  });
});

test("examples are drawn whole: two of many tokens leave three outcomes", async () => {
  const folder = temporary();
  const right = Array.from({ length: 40 }, () => 1);
  const guesses = [...right.slice(20), ...right.slice(20).map(() => 0)];
  await writePredictions(folder, found(["a", "b"], right, guesses, right.map((_, i) => (i < 20 ? 0 : 1)))); // biome-ignore format: one call
  expect(await scoresWithIntervals(folder, Random.seed(1))).toMatchObject({ microF1: 0.5, microF1Interval: [0, 1] });
});

test("names the list that a file lacks", async () => {
  const folder = temporary();
  writeFileSync(`${folder}/eval_predictions.json`, '{"classes": [], "examples": []}');
  await expect(scoresWithIntervals(folder, Random.seed(0))).rejects.toThrow(
    /eval_predictions\.json has no list labels/,
  );
});

test("of a language model: perplexity, and the share of examples that are right as a whole", async () => {
  const folder = temporary();
  await writePredictions(folder, { losses: [2, 4, 0.5], tokens: [2, 2, 1], correct: [2, 1, 1] });
  const scores = (await scoresWithIntervals(folder, Random.seed(0))) as LanguageScoresOfRow;
  expect(scores.exactMatch).toBeCloseTo(2 / 3, 9);
  expect(scores.perplexity).toBeCloseTo(Math.exp(6.5 / 5), 9);
  expect(scores.exactMatchInterval).toEqual([0, 1]);
  expect(scores.perplexityInterval[0]).toBeCloseTo(Math.exp(0.5), 1);
  expect(scores.perplexityInterval[1]).toBeCloseTo(Math.exp(2), 1);
});
