import { expect, test } from "vitest";
import { RecipeError } from "../../src/errors.ts";
import { entriesOf, entriesOfWords } from "../../src/tasks/reports/entries.ts";
import { withOwnMetrics } from "../../src/verbs/own-metrics.ts";

const metrics = { eval_loss: 0.5, eval_samples: 3 };
const evaluated = { predictions: [0, 1, 1], labels: [0, 1, 0], classes: ["a", "b"] };

test("figures are merged under eval_, also those of a promise and those that have the prefix", async () => {
  const merged = await withOwnMetrics(metrics, evaluated, async ({ predictions, labels }) => ({
    right: predictions.filter((prediction, row) => prediction === labels[row]).length,
    eval_kappa: -0.25,
  }));
  expect(merged).toEqual({ ...metrics, eval_right: 2, eval_kappa: -0.25 });
  expect(await withOwnMetrics(metrics, evaluated, () => ({}))).toEqual(metrics);
});

test.each([
  [{ loss: 1 }, "it returned loss, and the evaluation has its own eval_loss"],
  [{ eval_samples: 1 }, "it returned eval_samples, and the evaluation has its own eval_samples"],
  [{ kappa: Number.NaN }, "its kappa is NaN"],
  [{ kappa: Number.POSITIVE_INFINITY }, "its kappa is Infinity"],
  [{ kappa: "0.8" }, 'its kappa is "0.8"'],
  [{ kappa: undefined }, "its kappa is undefined"],
  [{ kappa: { of: 1 } }, 'its kappa is {"of":1}'],
  [undefined, "it returned undefined"],
  [null, "it returned null"],
  [[1], "it returned [1]"],
  [0.5, "it returned 0.5"],
])("%j is refused", async (own, message) => {
  const merged = withOwnMetrics(metrics, evaluated, () => own as never);
  await expect(merged).rejects.toThrow(RecipeError);
  await expect(merged).rejects.toThrow(`computeMetrics: ${message}\n  at: computeMetrics\n  expected: an object of`);
});

test("an error of the function comes through as it is", async () => {
  const broken = (): never => {
    throw new RangeError("no such class");
  };
  await expect(withOwnMetrics(metrics, evaluated, broken)).rejects.toThrow(new RangeError("no such class"));
});

test("entries are those of the scores, of words by example", () => {
  const predictions = { examples: [0, 0, 2, 2, 2], labels: [1, 0, 0, 1, 2], predictions: [1, 1, 0, 1, 1] };
  const scores = { metrics, predictions: { ...predictions, classes: ["O", "A", "B"] } };
  const words = { predictions: [[1, 1], [0, 1, 1]], labels: [[1, 0], [0, 1, 2]], classes: ["O", "A", "B"] }; // biome-ignore format: rows
  expect(entriesOfWords(scores)).toEqual(words);
  const values = { metrics, predictions: { labels: [0.5, 1], predictions: [0.25, 1] } };
  expect(entriesOf(values)).toEqual({ predictions: [0.25, 1], labels: [0.5, 1], classes: [] });
});
