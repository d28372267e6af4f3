import { expect, test } from "vitest";
import { METHODS } from "../../src/methods/keys/index.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { flaggedKeys, userSetKeys } from "../../src/recipe/user-set-keys.ts";
import { recipeToYaml } from "../../src/recipe/write.ts";

const recipe = (rest = ""): Recipe => parseRecipe(`model_name_or_path: m\ndataset_name: d\n${rest}`);

test("the learning rate depends on the method, unless it is given", () => {
  const rates = METHODS.map((method) => [method, resolveRecipe(recipe(), method).learning_rate]);
  const usual = { full: 5e-5, lora: 1e-3, qlora: 1e-3, adapter: 1e-3, head: 1e-3 };
  expect(Object.fromEntries(rates)).toMatchObject(usual);
  expect(resolveRecipe(recipe("learning_rate: 0.5"), "full").learning_rate).toBe(0.5);
});

test("the longest example depends on the task, unless it is given", () => {
  expect(resolveRecipe(recipe()).max_length).toBe(256);
  expect(resolveRecipe(recipe("task_type: CAUSAL_LM")).max_length).toBe(1024);
  expect(resolveRecipe(recipe("task_type: CAUSAL_LM\nmax_length: 7")).max_length).toBe(7);
});

test("qlora loads the base in 4 bits, or in 8 if those are asked for", () => {
  const bits = ({ load_in_4bit, load_in_8bit }: Recipe) => [load_in_4bit, load_in_8bit];
  expect(bits(resolveRecipe(recipe(), "qlora"))).toEqual([true, false]);
  expect(bits(resolveRecipe(recipe("load_in_8bit: true"), "qlora"))).toEqual([false, true]);
  expect(bits(resolveRecipe(recipe(), "lora"))).toEqual([false, false]);
});

test("method_overrides hold for their method only, and are gone from the result", () => {
  const given = recipe("lora_r: 8\nmethod_overrides: {full: {learning_rate: 1e-4}, lora: {lora_r: 4}}");
  expect(resolveRecipe(given, "full")).toMatchObject({ method: "full", learning_rate: 1e-4, lora_r: 8 });
  expect(resolveRecipe(given, "lora")).toMatchObject({ method: "lora", learning_rate: 1e-3, lora_r: 4 });
  expect(resolveRecipe(given, "full")).not.toHaveProperty("method_overrides");
});

test("an override leaves every key alone that it does not name", () => {
  const given = recipe("seed: 7\nmethod_overrides: {lora: {lora_r: 4}}");
  expect(given.method_overrides).toEqual({ lora: { lora_r: 4 } });
  expect(resolveRecipe(given).seed).toBe(7);
});

test("refuses what the method rules out, though the recipe's own method allows it", () => {
  expect(() => resolveRecipe(recipe("load_in_4bit: true"), "full")).toThrow(/^load_in_4bit: method full trains/);
});

test("refuses a key for a method in particular that never has it, wherever that method stands", () => {
  const given =
    "seed: 7\nmethod_overrides:\n  full: {lora_r: 4}\n  lora: {adapter_reduction_factor: 8}\n  qlora: {lora_r: 4}";
  expect(() => recipe(given)).toThrow(
    "recipe:5 method_overrides.full.lora_r: method full does not have this key; it belongs to lora, qlora\n" +
      "recipe:6 method_overrides.lora.adapter_reduction_factor: method lora does not have this key; it belongs to adapter",
  );
  const stray = { ...recipe(), method_overrides: { head: { use_dora: true } } };
  expect(() => resolveRecipe(stray, "full")).toThrow(
    /^method_overrides\.head\.use_dora: method head does not have this key; it belongs to lora, qlora$/,
  );
  expect(() => recipe("lora_r: 4\nadapter_reduction_factor: 8\nmethod: full")).not.toThrow();
});

test("refuses a rate of the head that is a multiple of nothing", () => {
  const rates = "learning_rate: 0\nhead_learning_rate: 1e-3";
  expect(() => recipe(rates)).toThrow("recipe:4 head_learning_rate: with learning_rate 0 the head would not train");
  expect(() => recipe("learning_rate: 0")).not.toThrow();
});

test("what was given is known of the resolved recipe too, flags apart", () => {
  const given = parseRecipe("model_name_or_path: m\ndataset_name: d\nlora_r: 8", { overrides: { seed: 1 } });
  const resolved = resolveRecipe(given);
  expect([...userSetKeys(resolved)]).toEqual(["model_name_or_path", "dataset_name", "lora_r", "seed"]);
  expect([...flaggedKeys(resolved)]).toEqual(["seed"]);
});

test("writes every key, reads back equal, and resolves to itself", () => {
  const resolved = resolveRecipe(
    recipe(`text_column: "no"
label_column: "a: b # c"
lora_target_modules: ["yes", ".*\\\\.query"]
rank_pattern: {layer.0: 4}
unfreeze_schedule: [{at: 0.5, layers: top:2}]
adam_epsilon: 1e-12
resume_from_checkpoint: true
method_overrides: {lora: {lora_r: 4}}
`),
  );
  const yaml = recipeToYaml(resolved);
  const again = parseRecipe(yaml);
  const keysOnly = structuredClone(resolved); // without the user-set keys it carries
  expect(structuredClone(again)).toEqual(keysOnly);
  expect(structuredClone(resolveRecipe(again))).toEqual(keysOnly);
  expect(yaml).toContain("# LoRA\nlora_r: 4\n");
  expect(yaml).toContain("# max_steps:\n");
  expect(yaml).toContain(`text_column: "no"\n`); // YAML 1.1, as Python reads it, takes a bare no for false
});
