import { existsSync, readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { DivergedError } from "../../src/errors.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import {
  fixture,
  type Keys,
  type Ran,
  readJson,
  readLines,
  recipeOf,
  rowsOf,
  runHere,
  temporary,
  tensorsOf,
} from "../running.ts";

const TOKENIZER = ["tokenizer.json", "tokenizer_config.json"];
const RUN = ["README.md", "config.json", "confusion.svg", "eval_predictions.json", "eval_results.json", "manifest.json", "metrics.jsonl", "recipe.yaml", "reliability.svg", "train_results.json", "trainer_state.json", "training.svg", ...TOKENIZER]; // biome-ignore format: a list

describe("the output folder", () => {
  const folder = temporary();
  const keys: Keys = {
    method: "lora",
    output_dir: folder,
    save_strategy: "steps",
    save_steps: 2,
    gradient_accumulation_steps: 2,
    per_device_train_batch_size: 4,
    lora_target_modules: ["query", "key"],
  };
  let ran: Ran;
  beforeAll(async () => {
    ran = await runHere(keys);
  });

  test("holds every file of the documentation and no other", () => {
    const weights = ["adapter_config.json", "adapter_model.safetensors"];
    expect(readdirSync(folder).sort()).toEqual([...RUN, ...weights, "checkpoint-2", "checkpoint-4"].sort());
    expect(readdirSync(`${folder}/checkpoint-4`).sort()).toEqual(
      [...weights, ...TOKENIZER, "config.json", "manifest.json", "optimizer.safetensors", "trainer_state.json"].sort(),
    );
    for (const name of TOKENIZER)
      expect(readFileSync(`${folder}/${name}`)).toEqual(readFileSync(fixture(`bert/${name}`)));
  });

  test("metrics.jsonl: one object a logged step, then evaluation and end", () => {
    const lines = readLines(`${folder}/metrics.jsonl`);
    expect(lines.map(({ event }) => event)).toEqual(["step", "step", "step", "step", "eval", "done"]);
    const step = ["event", "step", "epoch", "loss", "learning_rate", "grad_norm", "num_tokens", "tokens_per_second", "rss_bytes"]; // biome-ignore format: a list
    for (const line of lines.slice(0, 4)) expect(Object.keys(line)).toEqual(step);
    expect(lines.slice(0, 4).map(({ loss }) => loss)).toEqual(ran.losses);
    expect(lines[4]).toMatchObject({ event: "eval", step: 4, eval_samples: 16 });
    expect(lines[5]).toEqual({ event: "done", ...readJson(`${folder}/train_results.json`) });
  });

  test("train_results.json adds up", async () => {
    const results = readJson(`${folder}/train_results.json`) as Record<string, number> & {
      memory_bytes: Record<string, number>;
    };
    expect(Object.keys(results)).toEqual(["trainable_parameters", "total_parameters", "trainable_percent", "train_seconds", "first_step_seconds", "steps", "num_tokens", "tokens_per_second", "peak_rss_bytes", "memory_bytes", "planned_peak_rss_bytes", "planned_memory_bytes"]); // biome-ignore format: a list
    const planned = results.planned_memory_bytes as unknown as Record<string, number>;
    expect(Object.keys(planned).sort()).toEqual(Object.keys(results.memory_bytes).sort());
    expect(Object.values(planned).reduce((a, b) => a + b, 0)).toBe(results.planned_peak_rss_bytes);
    for (const part of ["weights", "quantized_weights", "gradients", "optimizer"]) {
      expect(planned[part]).toBe(results.memory_bytes[part]);
    }
    expect(Object.keys(results.memory_bytes).sort()).toEqual(["activations", "gradients", "optimizer", "quantized_weights", "runtime", "weights"]); // biome-ignore format: a list
    const saved = await tensorsOf(`${folder}/adapter_model.safetensors`);
    const size = [...saved.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(results.trainable_parameters).toBe(size);
    expect(results.memory_bytes.gradients).toBe(4 * size);
    expect(results.trainable_percent).toBeCloseTo((100 * size) / results.total_parameters!, 9);
    expect(results.num_tokens).toBe(ran.steps.at(-1)?.numTokens);
    expect(results.tokens_per_second).toBeCloseTo(results.num_tokens! / results.train_seconds!, 6);
    expect(results.steps).toBe(4);
  });

  test("eval_results.json is what eval_predictions.json says", () => {
    const results = readJson(`${folder}/eval_results.json`);
    expect(Object.keys(results)).toEqual(["eval_loss", "eval_samples", "eval_accuracy", "eval_micro_f1", "eval_macro_f1", "eval_weighted_f1", "eval_per_class"]); // biome-ignore format: a list
    const { classes, labels, predictions } = readJson(`${folder}/eval_predictions.json`) as Record<string, unknown[]>;
    const right = labels!.filter((label, i) => label === predictions![i]).length;
    expect(results.eval_accuracy).toBeCloseTo(right / 16, 9);
    expect(Object.keys(results.eval_per_class as object)).toEqual(classes);
    const names = rowsOf().test!.map(({ label }) => label);
    expect(labels!.map((label) => classes![label as number])).toEqual(names);
  });

  test("trainer_state.json holds the log and where the run is", () => {
    const state = readJson(`${folder}/trainer_state.json`) as Keys & { log_history: object[] };
    expect(Object.keys(state)).toEqual(["best_metric", "best_model_checkpoint", "epoch", "global_step", "max_steps", "num_tokens", "log_history", "random"]); // biome-ignore format: a list
    expect(state).toMatchObject({
      global_step: 4,
      max_steps: 4,
      epoch: 4 / 6,
      num_tokens: ran.steps.at(-1)?.numTokens,
    });
    expect(state.log_history).toEqual(readLines(`${folder}/metrics.jsonl`).slice(0, -1));
  });

  test("recipe.yaml reads back as the recipe that ran", () => {
    const clamped = { ...resolveRecipe(recipeOf(keys)), max_length: 80 }; // as many positions as the model has
    const back = resolveRecipe(parseRecipe(readFileSync(`${folder}/recipe.yaml`, "utf8")));
    expect(structuredClone(back)).toEqual(structuredClone(clamped)); // without the user-set keys they carry
  });
});

test.each([
  ["full", ["model.safetensors"]],
  ["head", ["model.safetensors"]],
  ["adapter", ["adapter_config.json", "adapter.safetensors", "head_config.json", "model_head.safetensors"]],
])("%s writes its own files", async (method, weights) => {
  const folder = temporary();
  await runHere({ method, max_steps: 1, output_dir: folder });
  expect(readdirSync(folder).sort()).toEqual([...RUN, ...weights].sort());
});

test("a head trained on a packed base is saved beside the weights as they were", async () => {
  const folder = temporary();
  await runHere({
    method: "head",
    load_in_4bit: true,
    learning_rate: 0.1,
    max_steps: 2,
    save_strategy: "epoch",
    output_dir: folder,
  });
  const [saved, base] = [
    await tensorsOf(`${folder}/model.safetensors`),
    await tensorsOf(fixture("bert/model.safetensors")),
  ];
  const changed = [...saved].filter(([name, { data }]) => data.some((x, i) => x !== base.get(name)!.data[i]));
  expect(changed.map(([name]) => name).sort()).toEqual(["classifier.bias", "classifier.weight"]);
  expect(saved.size).toBe(base.size);
  const resumed = await runHere({
    method: "head",
    load_in_4bit: true,
    max_steps: 3,
    output_dir: folder,
    resume_from_checkpoint: true,
  });
  expect(resumed.steps.map(({ step }) => step)).toEqual([3]);
});

test("save_strategy no keeps results, logs and no weights", async () => {
  const folder = temporary();
  await runHere({ max_steps: 1, save_strategy: "no", output_dir: folder });
  const own = [
    "confusion.svg",
    "eval_predictions.json",
    "eval_results.json",
    "metrics.jsonl",
    "recipe.yaml",
    "reliability.svg",
  ];
  expect(readdirSync(folder).sort()).toEqual([...own, "train_results.json", "trainer_state.json", "training.svg"]);
});

test("logging_steps thins the log out, the last step is always in it", async () => {
  const { steps } = await runHere({ max_steps: 5, logging_steps: 2, method: "head" });
  expect(steps.map(({ step }) => step)).toEqual([2, 4, 5]);
});

test("a run that diverges saves the state before, and names the rows", async () => {
  const folder = temporary();
  const error = await runHere({ method: "full", learning_rate: 1e30, output_dir: folder }).catch(
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(DivergedError);
  expect(error).toMatchObject({ code: "E_DIVERGED", exitCode: 3 });
  expect((error as Error).message).toBe(
    `loss NaN, gradient norm NaN at step 2: training diverged.
  at: train[8], train[9], train[10] and 5 more rows
  expected: finite numbers; the last good state (step 0) was saved in ${folder}/checkpoint-0
  hint: try a lower learning_rate, more warmup_steps or a smaller max_grad_norm.`,
  );
  expect(existsSync(`${folder}/checkpoint-0/model.safetensors`)).toBe(true);
  expect(readLines(`${folder}/metrics.jsonl`).length).toBe(1);
});
