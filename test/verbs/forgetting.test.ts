import { cpSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { AdapterError, InterruptedError } from "../../src/errors.ts";
import { writeTensors } from "../../src/formats/safetensors/tensors.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { evaluate } from "../../src/verbs/evaluate.ts";
import { maskedLoss } from "../../src/verbs/forgetting.ts";
import { fixture, type Keys, recipeOf, rowsOf, runHere, temporary, tensorsOf } from "../running.ts";

const TEXTS = rowsOf().test!.map(({ text }) => String(text));
const model: Keys = { model_name_or_path: fixture("masked/bert"), max_length: 32, lora_target_modules: "all-linear" };
const base = (keys: Keys = {}) => resolveRecipe(recipeOf({ ...model, ...keys }));

/** The output folder of a run that classifies. */
async function trained(keys: Keys): Promise<string> {
  const output_dir = temporary();
  await runHere({ ...model, output_dir, ...keys });
  return output_dir;
}

/** A copy of a run's folder with the tensors that match set to zero. */
async function without(folder: string, file: string, matching: RegExp): Promise<string> {
  const copy = temporary();
  cpSync(folder, copy, { recursive: true });
  const tensors = await tensorsOf(`${folder}/${file}`);
  const changed = [...tensors].map(([name, { shape, data }]) => [name, { shape, data: matching.test(name) ? data.map(() => 0) : data }] as const); // biome-ignore format: one step
  await writeTensors(`${copy}/${file}`, changed);
  return copy;
}

const before = await maskedLoss(base(), TEXTS);

describe("the base", () => {
  test("loses what an evaluation says that it does", async () => {
    const folder = temporary();
    writeFileSync(`${folder}/test.jsonl`, TEXTS.map((text) => JSON.stringify({ text })).join("\n"));
    const evaluated = await evaluate(recipeOf({ ...model, task_type: "MASKED_LM", dataset_name: folder }));
    expect(before).toBe(evaluated.eval_loss);
  });

  test("held in four bits loses a little else", async () => {
    const packed = await maskedLoss(base({ load_in_4bit: true }), TEXTS);
    expect(packed).not.toBe(before);
    expect(Math.abs(packed - before)).toBeLessThan(0.1 * before);
  });
});

describe("training", () => {
  test.each([
    ["lora", {}],
    ["lora", { use_rslora: true, init_lora_weights: "gaussian", per_device_train_batch_size: 3 }],
    ["full", {}],
    ["head", {}],
  ])("%s that has learned nothing has forgotten nothing, under any seed", async (method, keys) => {
    const folder = await trained({ method, learning_rate: 0, seed: 5, max_length: 16, ...keys });
    expect(await maskedLoss(base(), TEXTS, { folder })).toBe(before);
  });

  test.each([
    ["lora", "adapter_model.safetensors", /lora_B/],
    ["adapter", "adapter.safetensors", /adapter_up/],
  ])("%s changes the loss, and leaves it as it was once it is off", async (method, file, up) => {
    const folder = await trained({ method, learning_rate: 0.05 });
    expect(Math.abs((await maskedLoss(base(), TEXTS, { folder })) - before)).toBeGreaterThan(1e-3);
    expect(await maskedLoss(base(), TEXTS, { folder: await without(folder, file, up) })).toBe(before);
    expect(await maskedLoss(base(), TEXTS)).toBe(before);
  });

  test("full changes it for good; the head alone does not touch the encoder", async () => {
    const [full, head] = [await trained({ method: "full", learning_rate: 0.01 }), await trained({ method: "head" })];
    expect(Math.abs((await maskedLoss(base(), TEXTS, { folder: full })) - before)).toBeGreaterThan(1e-3);
    expect(await maskedLoss(base(), TEXTS, { folder: head })).toBe(before);
  });

  test("qlora that has learned nothing is its packed base", async () => {
    const folder = await trained({ method: "qlora", learning_rate: 0 });
    const packed = await maskedLoss(base({ load_in_4bit: true }), TEXTS);
    expect(await maskedLoss(base(), TEXTS, { folder })).toBe(packed);
  });
});

test("what was trained and cannot be measured is refused", async () => {
  const folder = await trained({ method: "full", max_steps: 1 });
  const tensors = await tensorsOf(`${folder}/model.safetensors`);
  const extra = [
    "bert.encoder.layer.7.attention.self.query.weight",
    { shape: [1], data: new Float32Array(1) },
  ] as const;
  await writeTensors(`${folder}/model.safetensors`, [...tensors, extra]);
  const measuring = maskedLoss(base(), TEXTS, { folder });
  await expect(measuring).rejects.toThrow(AdapterError);
  await expect(measuring).rejects.toThrow(/does not have bert\.encoder\.layer\.7/);
});

test("stops when it is told to", () =>
  expect(maskedLoss(base(), TEXTS, { signal: AbortSignal.abort() })).rejects.toThrow(InterruptedError));
