import { expect, test } from "vitest";
import { countParameters } from "../../src/assemble/graphs.ts";
import { checkJob } from "../../src/training/checked.ts";
import { inspect } from "../../src/verbs/inspect.ts";
import { jobOfRecipe } from "../../src/verbs/job-of.ts";
import { fixture, type Keys, recipeOf } from "../running.ts";

const inspected = (keys: Keys = {}) => recipeOf({ dataset_name: fixture("data"), ...keys });
const layer = "bert.encoder.layer.0";

test.each(["full", "head", "lora", "qlora", "adapter"])("%s: the tree's figures are the model's", async (method) => {
  const recipe = inspected({ method });
  const { modules } = await inspect(recipe);
  const { model } = await checkJob(jobOfRecipe(recipe));
  const { trainable, total } = countParameters(model.graph, model.base);
  const roots = modules.filter(({ path }) => !path.includes("."));
  const sum = (of: (module: (typeof roots)[number]) => number) => roots.reduce((n, module) => n + of(module), 0);
  expect(sum((module) => module.trainable)).toBe(trainable);
  const lora = method.includes("lora") ? 3 * 2 * 2 * 16 * 32 : 0;
  expect(sum((module) => module.parameters)).toBe(total - lora);
});

test("marks LoRA's targets, and says how weights are held", async () => {
  const { modules } = await inspect(inspected({ method: "qlora", lora_r: 4 }));
  const at = (path: string) => modules.find((module) => module.path === path);
  const query = { path: `${layer}.attention.self.query`, type: "Linear nf4", shape: [32, 32], parameters: 1056 };
  expect(at(query.path)).toEqual({ ...query, trainable: 2 * 4 * 32, target: true });
  expect(at(`${layer}.attention.self.key`)).toMatchObject({ trainable: 0, target: false });
  expect(at("classifier")).toMatchObject({ type: "Linear", shape: [5, 32], trainable: 165, target: false });
  expect(at("bert.embeddings.LayerNorm")?.type).toBe("LayerNorm");
  expect(modules.map(({ path }) => path).indexOf(`${layer}.attention`)).toBeLessThan(
    modules.map(({ path }) => path).indexOf(query.path),
  );
});

test("shows adapters where they hang", async () => {
  const { modules } = await inspect(inspected({ method: "adapter" }));
  const targets = modules.filter(({ target }) => target).map(({ path }) => path);
  expect(targets).toHaveLength(3 * 2 * 2);
  expect(targets[0]).toBe(`${layer}.attention.output.adapters.default.adapter_down.0`);
});

test("shows examples with what truncation takes dimmed", async () => {
  const { examples } = await inspect(inspected({ max_length: 6 }), { examples: true });
  expect(examples).toHaveLength(5);
  expect(examples[0]).toEqual({
    label: "liability",
    tokens: ["[CLS]", " in", "ment", " [SEP]"].map((text) => ({ text, trained: true })),
  });
  const { tokens } = examples[1]!;
  expect(tokens.filter(({ trained }) => trained)).toHaveLength(6);
  expect(tokens.map(({ trained }) => trained).slice(0, 6)).toEqual([true, true, true, true, true, false]);
  expect(tokens.at(-1)).toEqual({ text: " [SEP]", trained: true });
});

test("shows the label of each token that counts", async () => {
  const keys = {
    task_type: "TOKEN_CLS",
    model_name_or_path: fixture("bert-tokens"),
    dataset_train_split: "train-tokens",
  };
  const { examples } = await inspect(inspected({ ...keys, eval_strategy: "no" }), { examples: true });
  expect(examples[1]!.tokens).toEqual([
    { text: "[CLS]", trained: false },
    { text: " by", trained: true, label: "O" },
    { text: " period", trained: true, label: "B-TOPIC" },
    { text: " liable", trained: true, label: "I-TOPIC" },
    { text: " [SEP]", trained: false },
  ]);
});
