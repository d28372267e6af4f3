import { expect, test } from "vitest";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { userSetKeys } from "../../src/recipe/user-set-keys.ts";

test("tells keys that were written from defaults", () => {
  const yaml =
    "model_name_or_path: m\ndataset_name: d\nlora_r: 16\nmethod_overrides: {full: {seed: 1}, lora: {lora_alpha: 4}}";
  const recipe = parseRecipe(yaml, { overrides: { use_dora: "false" } });
  const written = ["model_name_or_path", "dataset_name", "lora_r", "method_overrides", "use_dora"];
  expect([...userSetKeys(recipe)]).toEqual([...written, "lora_alpha"]);
  expect([...userSetKeys(recipe, "full")]).toEqual([...written, "seed"]);
  expect([...userSetKeys({ ...recipe, seed: 3, method_overrides: undefined })]).toEqual(written);
});
