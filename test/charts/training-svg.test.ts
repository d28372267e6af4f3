import { expect, test } from "vitest";
import { MOST_POINTS, smoothed, thinned } from "../../src/charts/curves.ts";
import { type TrainingLog, trainingSvg } from "../../src/charts/training-svg.ts";
import { all, collisions, parsed } from "./drawing.ts";

/** A run of `count` steps, evaluated each `every`. */
function logOf(count: number, every = count): TrainingLog {
  const stepAt = (i: number) => ({ step: i + 1, loss: 2 / (1 + i) + 0.1 * (i % 3), learningRate: 1e-3 * (1 - i / count), gradNorm: 1 + (i % 5) }); // biome-ignore format: a step
  const evaluations = Array.from({ length: Math.floor(count / every) }, (_, i) => ({
    step: (i + 1) * every,
    loss: 1 / (i + 1),
    score: i / count,
  }));
  return {
    method: "lora",
    scoreName: "eval_macro_f1",
    steps: Array.from({ length: count }, (_, i) => stepAt(i)),
    evaluations,
    final: { step: count, loss: 0.5, score: 0.75 },
  };
}

test("draws a run as it did when last looked at", async () => {
  await expect(trainingSvg(logOf(8, 4))).toMatchFileSnapshot("golden/training.svg");
});

test.each([1, 2, 3, 7, 40, 999, 12_345])("a run of %i steps is well-formed, finite, and no text lies over another", (count) => {
  for (const log of [logOf(count), { method: "full", steps: logOf(count).steps, evaluations: [] }]) {
    const text = trainingSvg(log);
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
    expect(collisions(parsed(text))).toEqual([]);
  }
}); // biome-ignore format: a test

test("has a panel for each figure, and none for a score that is not there", () => {
  const titles = (log: TrainingLog) => all(parsed(trainingSvg(log)), "text").filter(({ attributes }) => attributes.class === "strong").map(({ text }) => text); // biome-ignore format: a chain
  expect(titles(logOf(5))).toEqual(["Training with lora", "loss", "eval_macro_f1", "learning rate", "gradient norm"]);
  expect(titles({ ...logOf(5), evaluations: [], final: { step: 5, loss: 1 } })).toEqual([
    ...["Training with lora", "loss", "learning rate", "gradient norm"],
  ]);
});

test("figures that are not finite are left out", () => {
  const log = logOf(4);
  const steps = log.steps.map((step) => (step.step === 2 ? { ...step, loss: Number.NaN, gradNorm: Infinity } : step));
  expect(trainingSvg({ ...log, steps })).not.toMatch(/NaN|Infinity/);
});

test("100,000 steps stay below 100 kB, and their highest peak is drawn", () => {
  const log = logOf(100_000, 50);
  const steps = log.steps.map((step) => (step.step === 61_803 ? { ...step, loss: 50 } : step));
  const text = trainingSvg({ ...log, steps });
  expect(text.length).toBeLessThan(100_000);
  const paths = all(parsed(text), "path").map(({ attributes }) => attributes.d!.match(/[ML]/g)!.length);
  expect(Math.max(...paths)).toBeLessThanOrEqual(MOST_POINTS);
  const kept = thinned(steps.map(({ step, loss }) => ({ x: step, y: loss })));
  expect(kept).toContainEqual({ x: 61_803, y: 50 });
  expect([kept[0]!.x, kept.at(-1)!.x]).toEqual([1, 100_000]);
  expect(kept.map(({ x }) => x)).toEqual(kept.map(({ x }) => x).sort((a, b) => a - b));
});

test("smoothing keeps a constant, and begins at the first point", () => {
  const points = Array.from({ length: 300 }, (_, i) => ({ x: i, y: 3 }));
  for (const { y } of smoothed(points)) expect(y).toBeCloseTo(3, 9);
  expect(smoothed([2, 9, 1, 4, 3].map((y, x) => ({ x, y })))[0]).toEqual({ x: 0, y: expect.closeTo(2, 9) });
  expect(smoothed(points.slice(0, 4))).toEqual([]);
});
