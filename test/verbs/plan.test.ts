import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { METHODS } from "../../src/methods/keys/index.ts";
import type { plan as PlanRecipe } from "../../src/verbs/plan.ts";
import { fixture, readJson, recipeOf, runHere, temporary } from "../running.ts";

/** Compiled: it measures in a thread. */
const compiled = new URL("../../dist/verbs/plan.js", import.meta.url).href;
const { plan } = (await import(compiled)) as { plan: typeof PlanRecipe };

const keys = {
  dataset_name: fixture("data"),
  max_steps: undefined,
  num_train_epochs: 2,
  shuffle_dataset: true,
  group_by_length: true,
};

test("rows that are held back are not trained on, and their number is said", async () => {
  const { dataset_name, ...rest } = keys;
  const file = `${dataset_name}/train.jsonl`;
  const planned = await plan(
    recipeOf({ ...rest, dataset_name: file, method: "head", validation_split_percentage: 25 }),
  );
  expect(planned).toMatchObject({ examples: 36, heldBack: { percentage: 25, trainRows: 36, validationRows: 12 } });
});

test.each(METHODS)("%s: the plan's counts are the run's; nothing is written", async (method) => {
  const output_dir = `${temporary()}/out`;
  const planned = await plan(recipeOf({ ...keys, method, output_dir }));
  expect(existsSync(output_dir)).toBe(false);
  await runHere({ ...keys, method, output_dir });
  const ran = readJson(`${output_dir}/train_results.json`);
  expect(planned).toMatchObject({ method, trainablePercent: ran.trainable_percent, examples: 48, steps: ran.steps });
  expect(planned.numTokens).toBe(ran.num_tokens);
  expect(planned.trainableParameters).toBe(ran.trainable_parameters);
  const measured = ran.memory_bytes as Record<string, number>;
  const { weights, quantizedWeights, gradients, optimizer } = planned.memoryBytes;
  expect({ weights, quantized_weights: quantizedWeights, gradients, optimizer }).toEqual({
    weights: measured.weights,
    quantized_weights: measured.quantized_weights,
    gradients: measured.gradients,
    optimizer: measured.optimizer,
  });
  expect(Object.values(planned.memoryBytes).reduce((a, b) => a + b, 0)).toBe(planned.peakRssBytes);
  expect(planned.memoryBytes.activations).toBe((ran.planned_memory_bytes as Record<string, number>).activations);
  expect(planned.savedBytes).toBe(
    4 * planned[["full", "head"].includes(method) ? "totalParameters" : "trainableParameters"],
  );
  expect(planned.trainSeconds).toBeGreaterThan(0);
  expect(planned.trainSeconds).toBeLessThan(60);
});

test.each([
  ["an epoch that ends early", { num_train_epochs: undefined, max_steps: 8 }],
  ["batches of a budget of tokens", { num_train_epochs: 1.5, max_batch_tokens: 60 }],
])("%s: the plan counts the tokens of its own batches", async (_, given) => {
  const planned = await plan(recipeOf({ ...keys, ...given }));
  const { steps } = await runHere({ ...keys, ...given });
  expect(planned.steps).toBe(steps.length);
  expect(planned.numTokens).toBe(steps.at(-1)?.numTokens);
});

test("refuses what the run would refuse", async () => {
  await expect(plan(recipeOf({ ...keys, lora_target_modules: ["qeury"] }))).rejects.toThrow(/\[qeury\] matched none/);
  await expect(plan(recipeOf({ ...keys, unfreeze_schedule: [{ at: 0, layers: "top:9x" }] }))).rejects.toThrow(/top:9x/); // biome-ignore format: one line
});
