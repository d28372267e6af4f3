import { describe, expect, test } from "vitest";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { embed } from "../../src/verbs/embed.ts";
import { evaluate } from "../../src/verbs/evaluate.ts";
import { TextGenerator } from "../../src/verbs/generate.ts";
import { loadModel } from "../../src/verbs/model.ts";
import { predict } from "../../src/verbs/predict.ts";
import { fixture, type Keys, readJson, recipeOf, rowsOf, runHere, temporary } from "../running.ts";

async function trained(keys: Keys, rows: Record<string, unknown>[]): Promise<string> {
  const output_dir = temporary();
  await runHere({ max_steps: 1, ...keys, output_dir }, { rows: { train: rows } });
  return output_dir;
}

const texts = [{ text: "This agreement is governed by the laws of Delaware." }];
const labelled = rowsOf().train!.slice(0, 8);
const llama = { model_name_or_path: fixture("causal/llama") };
const classifier = await trained({ ...llama, method: "lora" }, labelled);
const wholeClassifier = await trained({ ...llama, method: "full" }, labelled);
const causal = await trained({ ...llama, method: "lora", task_type: "CAUSAL_LM" }, texts);
const wholeCausal = await trained({ ...llama, method: "full", task_type: "CAUSAL_LM" }, texts);
const masked = await trained(
  { model_name_or_path: fixture("masked/bert"), method: "lora", task_type: "MASKED_LM", mlm_probability: 0.9 },
  texts,
);

const first = async (results: AsyncIterable<unknown>): Promise<unknown> => {
  for await (const result of results) return result;
  return undefined;
};
const evaluated = (adapter: string, keys: Keys): Promise<unknown> =>
  evaluate(parseRecipe("", { overrides: { ...recipeOf(keys), dataset_name: fixture("data") } }), { adapter });

describe("what was trained for another task is refused by name, with the command that uses it", () => {
  const NO_LABELS = (task: string, hint: string) =>
    new RegExp(
      `predict labels texts, and task_type ${task} has no labels\\n.*\\n.*SEQ_CLS or TOKEN_CLS\\n  hint: ${hint}`,
    );

  test.each([
    ["an adapter", { adapter: causal }],
    ["a whole model", { model: wholeCausal }],
    ["a base model", { model: fixture("causal/llama") }],
  ])("predict: %s of a causal language model", (_, source) =>
    expect(first(predict({ ...source, texts: ["a"] }))).rejects.toThrow(
      NO_LABELS("CAUSAL_LM", "use npx lowrank generate"),
    ),
  );

  test("predict: an adapter of a masked language model", () =>
    expect(first(predict({ adapter: masked, texts: ["a"] }))).rejects.toThrow(
      NO_LABELS("MASKED_LM", "use npx lowrank eval"),
    ));

  const NO_TEXT = (what: string, task: string) =>
    new RegExp(
      `the ${what} was trained for task_type ${task}, not CAUSAL_LM\\n.*\\n.*for CAUSAL_LM\\n  hint: use npx lowrank`,
    );

  test.each([
    ["an adapter", { adapter: classifier }, "adapter", "SEQ_CLS"],
    ["a whole classifier", { model: wholeClassifier }, "model", "SEQ_CLS"],
    ["a whole classifier as adapter", { adapter: wholeClassifier }, "model", "SEQ_CLS"],
    ["a masked language model's adapter", { adapter: masked }, "adapter", "MASKED_LM"],
    ["a base classifier", { model: fixture("bert") }, "model", "SEQ_CLS"],
  ])("generate: %s", (_, source, what, task) =>
    expect(TextGenerator.open(source)).rejects.toThrow(NO_TEXT(what, task)),
  );

  test("generate: an adapter that is put on later, and the one before stays", async () => {
    const generator = await TextGenerator.open({ adapter: causal });
    await expect(generator.use(classifier)).rejects.toThrow(NO_TEXT("adapter", "SEQ_CLS"));
    expect(await first(generator.generate("This", { maxNewTokens: 2 }))).toBeTypeOf("string");
    await generator.close();
  });

  test.each([classifier, causal, masked])("embed: an adapter with a head", (adapter) =>
    expect(first(embed(adapter, ["a"]))).rejects.toThrow(
      /with a head on them\n.*\n.*FEATURE_EXTRACTION\n {2}hint: use npx lowrank/,
    ),
  );

  test("evaluate: an adapter of another task than the recipe's", async () => {
    await expect(evaluated(causal, llama)).rejects.toThrow(
      "the adapter was trained for task_type CAUSAL_LM, not SEQ_CLS",
    );
    await expect(evaluated(masked, {})).rejects.toThrow("the adapter was trained for task_type MASKED_LM, not SEQ_CLS");
    await expect(evaluated(wholeCausal, llama)).rejects.toThrow("the model was trained for task_type CAUSAL_LM");
  });
});

test("an adapter where a model is expected is called one", async () => {
  const message = /is an adapter, not a model\n.*adapter_name_or_path\n {2}hint: .*npx lowrank merge/;
  await expect(loadModel(classifier)).rejects.toThrow(message);
  await expect(first(predict({ model: classifier, adapter: classifier, texts: ["a"] }))).rejects.toThrow(message);
  await expect(TextGenerator.open({ model: causal })).rejects.toThrow(message);
});

test("PEFT knows no masked language models: its file names the class of the model", () => {
  expect(readJson(`${masked}/adapter_config.json`)).toMatchObject({
    task_type: null,
    auto_mapping: { base_model_class: "BertForMaskedLM", parent_library: "transformers.models.bert.modeling_bert" },
  });
  expect(readJson(`${causal}/adapter_config.json`)).toMatchObject({ task_type: "CAUSAL_LM" });
  expect(readJson(`${causal}/adapter_config.json`)).not.toHaveProperty("auto_mapping");
});
