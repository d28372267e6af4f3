import { expect, test } from "vitest";
import { flags } from "../../src/recipe/flags.ts";
import { recipeJsonSchema } from "../../src/recipe/json-schema.ts";
import { RECIPE_GROUPS, recipeSchema } from "../../src/recipe/schema.ts";
import { suggest } from "../../src/recipe/suggest.ts";

const flag = (name: string) => flags().find((flag) => flag.name === name);

test("every key is a flag, in one group, and described", () => {
  const keys = Object.keys(recipeSchema.shape);
  expect(flags().map(({ name }) => name)).toEqual(keys);
  expect(Object.values(RECIPE_GROUPS).flat().sort()).toEqual([...keys].sort());
  expect(flags().filter(({ description }) => description === "")).toEqual([]);
});

test("says type, default and choices", () => {
  expect(flag("lora_r")).toEqual({ name: "lora_r", description: "Rank of the update", default: 16, type: "integer" });
  expect(flag("packing")).toMatchObject({ type: "boolean", default: false, choices: ["true", "false"] });
  expect(flag("lora_bias")).toMatchObject({ type: "text", default: "none", choices: ["none", "all", "lora_only"] });
  expect(flag("lora_target_modules")).toMatchObject({ type: "list", default: undefined });
  expect(flag("warmup_steps")).toMatchObject({ type: "number", default: 0.06 });
  expect(flag("rank_pattern")?.type).toBe("mapping");
});

test("the JSON Schema is strict and asks only for the model and the data", () => {
  expect(recipeJsonSchema()).toMatchObject({
    type: "object",
    additionalProperties: false,
    required: ["model_name_or_path", "dataset_name"],
  });
});

test("suggests a name a few edits away, or one that ends alike, or none", () => {
  const names = ["lora_r", "lora_alpha", "num_train_epochs"];
  expect(suggest("lorar", names)).toBe("lora_r");
  expect(suggest("LORA_ALPHA", names)).toBe("lora_alpha");
  expect(suggest("epochs", names)).toBe("num_train_epochs");
  expect(suggest("hs", names)).toBeUndefined();
  expect(suggest("something_else", names)).toBeUndefined();
});
