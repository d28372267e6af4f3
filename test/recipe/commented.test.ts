import { expect, test } from "vitest";
import { commentedYaml } from "../../src/recipe/commented.ts";
import { flags } from "../../src/recipe/flags.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { userSetKeys } from "../../src/recipe/user-set-keys.ts";

const NEEDED = "model_name_or_path: m\ndataset_name: d\n";

test("writes the keys asked for, in their groups, with the schema's descriptions", () => {
  const recipe = parseRecipe(`lora_r: 4\n${NEEDED}task_type: CAUSAL_LM\n`);
  expect(commentedYaml(recipe, new Set(["lora_r", "task_type", "dataset_name", "max_steps"]))).toMatchInlineSnapshot(`
    "# task
    # Classify texts or tokens, continue text, or fill in masked tokens (SEQ_CLS, TOKEN_CLS, CAUSAL_LM, MASKED_LM, FEATURE_EXTRACTION)
    task_type: CAUSAL_LM

    # LoRA
    lora_r: 4                          # Rank of the update

    # data
    dataset_name: d                    # Data: a file, a folder of train/validation/test files, a Hub id, or embedded
    "
  `);
});

test("every key reads back equal, whatever its value looks like", () => {
  const values = [
    'output_dir: "a # b: \\"c\\""',
    "text_column: 'no'",
    "label_column: |-\n  two\n  lines",
    "lora_target_modules: [query, value]",
    "method_overrides: {full: {learning_rate: 1e-5}}",
    "unfreeze_schedule: [{at: 0.5, layers: top:1}]",
    "seed: 7",
  ];
  const recipe = parseRecipe(`${NEEDED}${values.join("\n")}\n`);
  const yaml = commentedYaml(recipe, userSetKeys(recipe));
  expect(structuredClone(parseRecipe(yaml))).toEqual(structuredClone(recipe)); // without the user-set keys it carries
  expect(yaml).toContain("# Keys that apply only to the named method\nmethod_overrides:\n  full:");
});

test("every key of the schema has something to say", () => {
  const silent = flags().filter(({ description }) => description === "");
  expect(silent).toEqual([]);
});
