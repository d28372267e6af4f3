import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseRecipe } from "../src/recipe/parse.ts";
import { resolveRecipe } from "../src/recipe/resolve.ts";
import { METHODS } from "../src/recipe/task.ts";

const FIXTURES = "test/parity/fixtures";

/** A tiny model and data in place of a recipe's own. */
const TINY: Readonly<Record<string, readonly string[]>> = {
  SEQ_CLS: [`--model_name_or_path=${FIXTURES}/bert`, `--dataset_name=${FIXTURES}/data`],
  TOKEN_CLS: [
    ...[`--model_name_or_path=${FIXTURES}/bert-tokens`, `--dataset_name=${FIXTURES}/data`],
    ...["--dataset_train_split=train-tokens", "--dataset_test_split=test-tokens"],
  ],
  MASKED_LM: [
    ...[`--model_name_or_path=${FIXTURES}/masked/bert`, `--dataset_name=${FIXTURES}/data`],
    "--dataset_validation_split=test",
  ],
  CAUSAL_LM: [`--model_name_or_path=${FIXTURES}/causal/llama`, `--dataset_name=${FIXTURES}/data`],
};

const recipes = readdirSync("recipes").filter((file) => file.endsWith(".yaml"));
const read = (file: string) => parseRecipe(readFileSync(`recipes/${file}`, "utf8"), { file });

describe.each(recipes)("recipes/%s", (file) => {
  test.each(METHODS)("holds together under %s", (method) => {
    expect(resolveRecipe(read(file), method)).toMatchObject({ method, output_dir: expect.stringMatching(/^out\//) });
  });

  const { task_type, method, method_overrides = {} } = read(file);
  test.each([method, ...Object.keys(method_overrides)])("is planned under %s", (method) => {
    const tiny = TINY[task_type]!;
    const args = ["dist/cli/main.js", "plan", `recipes/${file}`, ...tiny, `--method=${method}`, "--json", "--quiet"];
    const plan = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
    expect(plan).toMatchObject({ event: "plan", method, examples: 48 });
    expect(plan.trainable_parameters).toBeGreaterThan(0);
  });
});
