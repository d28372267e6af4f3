import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Random } from "../../../src/random.ts";
import { f1Intervals, writePredictions } from "../../../src/trainer/loop/predictions-file.ts";
import { readJson, temporary } from "../running.ts";

const found = (labels: number[], predictions: number[], examples = [...labels.keys()]) => ({
  labels: Int32Array.from(labels),
  predictions: Int32Array.from(predictions),
  examples: Int32Array.from(examples),
  lossSum: 0,
});

test("says what was predicted, in the data's order", async () => {
  const folder = temporary();
  await writePredictions(folder, found([0, 1, 1], [0, 1, 0]), ["no", "yes"]);
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
  await writePredictions(folder, found(labels, labels.map((label, i) => (i % 4 === 0 ? 0 : label))), ["a", "b", "c"]); // biome-ignore format: one call
  const { microF1 } = await f1Intervals(folder, Random.seed(0));
  expect(microF1[0]).toBeLessThan(50 / 60);
  expect(microF1[1]).toBeGreaterThan(50 / 60);
  await writePredictions(folder, found(labels, labels), ["a", "b", "c"]);
  expect(await f1Intervals(folder, Random.seed(0))).toEqual({ microF1: [1, 1], macroF1: [1, 1] });
});

test("examples are drawn whole: two of many tokens leave three outcomes", async () => {
  const folder = temporary();
  const right = Array.from({ length: 40 }, () => 1);
  const guesses = [...right.slice(20), ...right.slice(20).map(() => 0)];
  await writePredictions(folder, found(right, guesses, right.map((_, i) => (i < 20 ? 0 : 1))), ["a", "b"]); // biome-ignore format: one call
  expect((await f1Intervals(folder, Random.seed(1))).microF1).toEqual([0, 1]);
});

test("names the list that a file lacks", async () => {
  const folder = temporary();
  writeFileSync(`${folder}/eval_predictions.json`, '{"classes": [], "examples": []}');
  await expect(f1Intervals(folder, Random.seed(0))).rejects.toThrow(/eval_predictions\.json has no list labels/);
});
