import { expect, test } from "vitest";
import { InterruptedError } from "../../src/errors.ts";
import { evaluate } from "../../src/verbs/evaluate.ts";
import { predict } from "../../src/verbs/predict.ts";
import { changedModel, fixture, type Keys, readJson, recipeOf, rowsOf, runHere, temporary } from "../running.ts";

/** A base model that names no labels: they must lie with what was trained. */
const model = await changedModel(({ id2label, label2id, ...config }) => config);
const data = { dataset_name: fixture("data"), model_name_or_path: model };

async function trained(keys: Keys): Promise<string> {
  const output_dir = temporary();
  await runHere({ ...data, ...keys, output_dir, learning_rate: 0.01 });
  return output_dir;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

test.each([
  ["full", { method: "full" }],
  ["from scratch", { method: "full", from_scratch: true }],
  ["head", { method: "head" }],
  ["lora", { method: "lora", lora_r: 3, lora_target_modules: "all-linear" }],
  ["dora", { method: "lora", use_dora: true, rank_pattern: { value: 2 } }],
  ["qlora", { method: "qlora" }],
  ["adapter", { method: "adapter", adapter_reduction_factor: 8, adapter_non_linearity: "relu" }],
])("%s: evaluate and predict say what the run itself measured", async (name, keys: Keys) => {
  const folder = await trained(keys);
  const results = readJson(`${folder}/eval_results.json`);
  const { classes, predictions } = readJson(`${folder}/eval_predictions.json`) as { classes: string[]; predictions: number[] }; // biome-ignore format: a type

  // The adapter decides rank, targets and the like: the recipe has its defaults.
  const recipe = recipeOf({ ...data, ...(name === "qlora" && { method: "qlora" }) });
  expect(await evaluate(recipe, { adapter: folder })).toEqual(results);

  const texts = rowsOf().test!.map(({ text }) => String(text));
  const said = await all(predict({ adapter: folder, texts }));
  expect(said.map(({ text }) => text)).toEqual(texts);
  expect(said.map((prediction) => "label" in prediction && prediction.label)).toEqual(predictions.map((id) => classes[id])); // biome-ignore format: one line
  for (const prediction of said) {
    if (!("score" in prediction)) throw new Error("no label");
    const { label, score, probabilities } = prediction;
    expect(Object.keys(probabilities)).toEqual(classes);
    expect(Object.values(probabilities).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1);
    expect(score).toBe(Math.max(...Object.values(probabilities)));
    expect(probabilities[label]).toBe(score);
  }
});

test("a model that was trained from scratch is its own base: its weights are not drawn again", async () => {
  const folder = await trained({ method: "full", from_scratch: true });
  const texts = ["state law"];
  const [wanted] = await all(predict({ adapter: folder, texts }));
  expect(await all(predict({ model: folder, texts }))).toEqual([wanted]);
});

test("an adapter that PEFT wrote has no recipe and no labels beside it", async () => {
  const adapter = fixture("bert/adapters/lora");
  const [first] = await all(predict({ adapter, model: fixture("bert"), texts: ["state law"] }));
  const expected = Object.values(readJson(fixture("bert/config.json")).id2label as object);
  expect(Object.keys((first as { probabilities: object }).probabilities)).toEqual(expected);

  const [numbered] = await all(predict({ adapter, model, texts: ["state law"] }));
  expect(Object.keys((numbered as { probabilities: object }).probabilities)).toEqual(
    [0, 1, 2, 3, 4].map((id) => `LABEL_${id}`),
  );
});

test("words of a text, with TOKEN_CLS", async () => {
  const output_dir = temporary();
  const keys = { model_name_or_path: fixture("bert-tokens"), task_type: "TOKEN_CLS", output_dir };
  const { events } = await runHere(keys, { rows: rowsOf(true) });
  const metrics = events.flatMap((event) => (event.kind === "eval" ? event.metrics : [])).at(-1);
  const { eval_precision, eval_recall, eval_f1 } = metrics as Record<string, number>;
  expect(eval_f1).toBeCloseTo((2 * eval_precision! * eval_recall!) / (eval_precision! + eval_recall! || 1));
  const [said] = await all(predict({ adapter: output_dir, texts: ["within ten  days"] }));
  if (!said || !("words" in said)) throw new Error("no words");
  expect(said.words.map(({ word }) => word)).toEqual(["within", "ten", "days"]);
  const [word] = said.words;
  expect(Object.keys(word && "score" in word ? word.probabilities : {})).toContain(word?.label);
});

test("texts are read as they are needed, sixteen at a time", async () => {
  const folder = await trained({ method: "lora" });
  let read = 0;
  function* endless() {
    for (;;) yield `law ${read++}`;
  }
  for await (const { text } of predict({ adapter: folder, texts: endless() })) if (text === "law 3") break;
  expect(read).toBe(16);
});

test("a base without an adapter is scored with a warning that its head is random", async () => {
  const bare = recipeOf({ ...data, model_name_or_path: fixture("bert-bare") });
  const warnings: string[] = [];
  const results = await evaluate(bare, { onWarning: (message) => warnings.push(message) });
  expect(results.eval_samples).toBe(16);
  expect(warnings.join()).toContain("classifier.weight, classifier.bias are in no file and are randomly initialized");
  await expect(all(predict({ model: fixture("bert-bare"), texts: ["a"] }))).rejects.toThrow(
    /^predict labels texts, and task_type FEATURE_EXTRACTION has no labels/,
  );
});

test("refuses an adapter made for another base", async () => {
  const other = { ...data, model_name_or_path: fixture("distilbert") };
  await expect(evaluate(recipeOf(other), { adapter: fixture("bert/adapters/lora") })).rejects.toThrow(
    /targets|matched none|which the model does not have|lacks/,
  );
});

test("stops between batches when asked to", async () => {
  const folder = await trained({ method: "lora" });
  const recipe = recipeOf({ ...data, per_device_train_batch_size: 1 });
  const signal = AbortSignal.abort();
  await expect(evaluate(recipe, { adapter: folder, signal })).rejects.toThrow(InterruptedError);
});
