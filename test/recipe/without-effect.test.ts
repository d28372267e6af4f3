import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { METHODS } from "../../src/methods/keys/index.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { withoutEffect } from "../../src/recipe/without-effect.ts";
import { recipeToYaml } from "../../src/recipe/write.ts";

const BASE = "model_name_or_path: m\ndataset_name: d\n";
const said = (yaml: string, overrides: Readonly<Record<string, unknown>> = {}) =>
  withoutEffect(parseRecipe(BASE + yaml, { overrides }));

describe("keys that do nothing", () => {
  test.each([
    ["method: full\nlora_r: 8\nuse_dora: true", "lora_r, use_dora: no effect with method full, only with lora, qlora"],
    ["method: head\nlora_target_modules: all-linear", "lora_target_modules: no effect with method head, only with lora, qlora"],
    ["adapter_reduction_factor: 8", "adapter_reduction_factor: no effect with method lora, only with adapter"],
    ["bnb_4bit_quant_type: fp4", "bnb_4bit_quant_type: no effect with load_in_4bit false, only with true"],
    [
      "method: qlora\nload_in_8bit: true\nuse_bnb_nested_quant: false",
      "use_bnb_nested_quant: no effect with load_in_4bit false, only with true",
    ],
    ["mlm_probability: 0.3", "mlm_probability: no effect with task_type SEQ_CLS, only with MASKED_LM"],
    ["eval_steps: 50", "eval_steps: no effect with eval_strategy end, only with steps"],
    ["save_strategy: epoch\nsave_steps: 50", "save_steps: no effect with save_strategy epoch, only with steps"],
    ["optim: sgd\nadam_beta1: 0.8", "adam_beta1: no effect with optim sgd, only with adamw, adamw_8bit, lion"],
    [
      "optim: lion\nadam_beta1: 0.8\nadam_epsilon: 1e-6",
      "adam_epsilon: no effect with optim lion, only with adamw, adamw_8bit",
    ],
  ])("%s", (yaml, sentence) => expect(said(yaml)).toEqual([sentence])); // biome-ignore format: a table

  test("are told of method by method", () => {
    const yaml = "method_overrides: {full: {adam_beta1: 0.8}}\nlora_r: 8\nmethod: full\noptim: sgd";
    expect(said(yaml)).toEqual([
      "lora_r: no effect with method full, only with lora, qlora",
      "adam_beta1: no effect with optim sgd, only with adamw, adamw_8bit, lion",
    ]);
  });
});

describe("nothing is said of", () => {
  test.each([
    ["keys in use", "lora_r: 8\nload_in_4bit: true\nbnb_4bit_quant_type: fp4\neval_strategy: steps\neval_steps: 9"],
    ["keys at their defaults", "method: full\nlora_r: 16\nadapter_reduction_factor: 16\nmlm_probability: 0.15"],
    ["keys of other methods' overrides", "method: full\nmethod_overrides: {lora: {lora_r: 8}}"],
  ])("%s", (_, yaml) => expect(said(yaml)).toEqual([]));

  test("what waits for another method, where the method is chosen by flag", () => {
    const yaml = "lora_r: 8\nadapter_reduction_factor: 8\nbnb_4bit_quant_type: fp4";
    for (const method of METHODS) expect(said(yaml, { method }), method).toEqual([]);
    expect(said("eval_strategy: steps\neval_steps: 9", { eval_strategy: "no" })).toEqual([]);
    expect(said("method: full", { lora_r: 8 })).toHaveLength(1);
  });

  test("a recipe as a run writes it", () => {
    const resolved = resolveRecipe(parseRecipe(`${BASE}method: qlora\nlora_r: 8`));
    expect(withoutEffect(resolved)).toEqual([]);
    expect(withoutEffect(parseRecipe(recipeToYaml(resolved)))).toEqual([]);
    const full = resolveRecipe(parseRecipe(`${BASE}lora_r: 8`, { overrides: { method: "full" } }));
    expect(withoutEffect(full)).toEqual([]);
  });

  test.each(readdirSync("recipes").filter((file) => file.endsWith(".yaml")))("recipes/%s", (file) =>
    expect(withoutEffect(parseRecipe(readFileSync(`recipes/${file}`, "utf8")))).toEqual([]),
  );
});
