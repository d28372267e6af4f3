import { expect, test } from "vitest";
import { stepGraph } from "../../src/assemble/graphs.ts";
import { openBase, prepare, weightsOf } from "../../src/assemble/prepare.ts";
import { CPU } from "../../src/devices/engine.ts";
import { Random } from "../../src/random.ts";
import { optimizerOf } from "../../src/training/optimizer.ts";
import { accumulate, optimizerStep, type StepContext } from "../../src/training/steps.ts";
import { recipeOf } from "../../src/verbs/model.ts";
import { fixture } from "../running.ts";

const recipe = recipeOf({
  model_name_or_path: fixture("bert"),
  dataset_name: "none",
  lora_dropout: 0.3,
  optim: "sgd",
});
const example = (...ids: number[]) => ({ ids: Int32Array.from(ids), label: ids.length % 2, where: "" });
const batches = [
  [example(2, 7, 9, 3), example(2, 8, 3)],
  [example(2, 11, 12, 13, 3), example(2, 5, 6, 3)],
];
const masks = (microBatch: number): Random => Random.seed(4).stream(`dropout of step 0, micro-batch ${microBatch}`);

async function opened(): Promise<StepContext> {
  const model = prepare(recipe, await openBase(recipe), undefined, { 0: "no", 1: "yes" });
  const { weights } = await weightsOf(model, Random.seed(0));
  const graph = stepGraph(model.source);
  const optimizer = optimizerOf(recipe);
  const session = await CPU.compile(graph, weights);
  return { graph, session, weights, optimizer, recipe, padId: 0, masks, learningRateScale: () => 1 };
}

test("two processes, of which each takes a micro-batch, take the step that one takes with both", async () => {
  const [alone, shared] = [await opened(), await opened()];
  const one = await optimizerStep(alone, batches, 0.5);
  const second = await accumulate({ ...shared, masks: () => masks(1) }, batches.slice(1), 4);
  const first = { ...shared, masks: (at: number) => masks(at) };
  const labels = batches.flat().length;
  const both = await optimizerStep(first, batches.slice(0, 1), 0.5, async (own) => ({
    loss: own.loss * (2 / labels) + second.loss,
    realTokens: own.realTokens + second.realTokens,
    gradients: new Map(
      [...own.gradients].map(([name, gradient]) => [
        name,
        gradient.map((x, i) => x * (2 / labels) + (second.gradients.get(name)?.[i] ?? 0)),
      ]),
    ),
  }));
  expect(both.loss).toBeCloseTo(one.loss, 6);
  expect(both.gradNorm).toBeCloseTo(one.gradNorm, 5);
  expect(both.realTokens).toBe(one.realTokens);
  for (const [name, { data }] of alone.weights) {
    const other = shared.weights.get(name)?.data as Float32Array;
    data.forEach((x, i) => void expect(Math.abs(Number(x) - Number(other[i]))).toBeLessThan(1e-6));
  }
  await Promise.all([alone, shared].map(({ session }) => session.close()));
});
