import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ALIASES, HINTS } from "../../src/recipe/other-names.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { recipeSchema } from "../../src/recipe/schema.ts";
import { userSetKeys } from "../../src/recipe/user-set-keys.ts";

const BASE = "model_name_or_path: m\ndataset_name: d\n";
const parse = (lines: string, overrides = {}) => parseRecipe(BASE + lines, { file: "r.yaml", overrides });

describe("keys of other libraries", () => {
  test("each alias means a key of a recipe, and none is one itself", () => {
    const keys = Object.keys(recipeSchema.shape);
    for (const [alias, name] of Object.entries(ALIASES)) {
      expect(keys, alias).toContain(name);
      expect(keys, alias).not.toContain(alias);
    }
    for (const key of Object.keys(HINTS)) expect(keys).not.toContain(key);
  });

  test("mean the same in a file and as flags, and count as set by the user", () => {
    const recipe = parse(
      "r: 4\nlr: 2e-4\ntarget_modules: [query]\nwarmup_ratio: 0.1\noptim: adamw_torch\ndtype: bf16\n",
      {
        num_epochs: "2",
        micro_batch_size: 4,
      },
    );
    expect(recipe).toMatchObject({
      ...{ lora_r: 4, learning_rate: 2e-4, lora_target_modules: ["query"], warmup_steps: 0.1, optim: "adamw" },
      ...{ dtype: "bfloat16", num_train_epochs: 2, per_device_train_batch_size: 4 },
    });
    expect([...userSetKeys(recipe)]).toEqual(expect.arrayContaining(["lora_r", "num_train_epochs", "dtype"]));
  });

  test.each([
    ["r: 0", /r\.yaml:3 lora_r: expected an integer >= 1, got 0/],
    ["r: 4\nlora_r: 8", /r\.yaml:3 r: unknown key; it means lora_r, which is given too/],
    ["lr: 1e-4\nlearning_rate: 1e-4", /lr: unknown key; it means learning_rate/],
    ["warmup_ratio: 3", /warmup_ratio: unknown key; here it is warmup_steps/],
    ["bf16: true", /r\.yaml:3 bf16: unknown key; to hold frozen weights in half precision, set dtype: bfloat16/],
    ["train_on_inputs: false", /its opposite is completion_only_loss/],
    ["lorar: 4", /unknown key; did you mean lora_r\?/],
    ["constructor: 4", /constructor: unknown key/],
  ])("%s", (lines, message) => {
    expect(() => parse(`${lines}\n`)).toThrow(message);
  });

  test("an alias among the flags wins over the key in the file", () => {
    expect(parse("lora_r: 8\n", { r: 4 }).lora_r).toBe(4);
    expect(() => parse("lora_r: 8\n", { r: 0 })).toThrow(/--lora_r: expected an integer >= 1, got 0/);
  });

  test("the guide lists each", () => {
    const guide = readFileSync("docs/guides/other-names.md", "utf8");
    for (const [alias, name] of Object.entries(ALIASES))
      expect(guide).toMatch(new RegExp(`\\b${alias}\\b.*\\b${name}\\b`));
    for (const [key, hint] of Object.entries(HINTS)) expect(guide).toContain(`| \`${key}\` | ${hint} |`);
  });
});
