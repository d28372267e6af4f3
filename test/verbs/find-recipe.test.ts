import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findEvaluation, findRecipe } from "../../src/verbs/find-recipe.ts";

const home = process.cwd();
beforeEach(() => process.chdir(mkdtempSync(join(tmpdir(), "lowrank-found-"))));
afterEach(() => process.chdir(home));

const RECIPE = "model_name_or_path: m\ndataset_name: d\noutput_dir: out\nlora_r: 4\n";

/** Output folder of a run that trained on other data than recipe.yaml says now. */
function writeRun(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "adapter_model.safetensors"), "");
  writeFileSync(join(folder, "recipe.yaml"), `${RECIPE.replace(": d\n", ": then\n")}adapter_name_or_path: earlier\n`);
}

test("recipe.yaml of the working folder stands in for a recipe, under flags, and is named", async () => {
  writeFileSync("recipe.yaml", RECIPE);
  const { recipe, note } = await findRecipe(undefined, { lora_r: "8" });
  expect([recipe.lora_r, note]).toEqual([8, "recipe: recipe.yaml in this folder"]);
});

test("flags that name model and data make a recipe alone", async () => {
  const flags = { model_name_or_path: "x", dataset_name: "y" };
  expect(await findRecipe(undefined, flags)).toMatchObject({ recipe: { model_name_or_path: "x", lora_r: 16 } });
  writeFileSync("recipe.yaml", RECIPE);
  const { recipe, path, note } = await findRecipe(undefined, flags);
  expect([recipe.lora_r, path, note]).toEqual([16, undefined, expect.stringContaining("recipe.yaml in this folder is not read")]); // biome-ignore format: a row
});

test("without any, the error says what was looked for and what to type", async () => {
  await expect(findRecipe(undefined)).rejects.toThrow(
    "no recipe is given, this folder has no recipe.yaml\n  expected: the path of a recipe, or --model_name_or_path … --dataset_name …\n  hint: npx lowrank init writes recipe.yaml.",
  );
  await expect(findRecipe(undefined, { model_name_or_path: "x" })).rejects.toThrow("and the flags lack dataset_name");
});

test("an evaluation takes the recipe that the run wrote, and the run's model", async () => {
  writeRun("out");
  const own = { recipe: { dataset_name: "then", adapter_name_or_path: "out" }, path: "out/recipe.yaml" };
  expect(await findEvaluation("out")).toMatchObject(own);
  expect(await findEvaluation(undefined, { adapter_name_or_path: "out" })).toMatchObject(own);
  writeFileSync("recipe.yaml", RECIPE);
  expect(await findEvaluation(undefined)).toMatchObject(own);
  expect(await findEvaluation(undefined, { dataset_name: "now" })).toMatchObject({ recipe: { dataset_name: "now" } });
  mkdirSync("out/checkpoint-3");
  const checkpoint = { recipe: { dataset_name: "then", adapter_name_or_path: "out/checkpoint-3" } };
  expect(await findEvaluation("out/checkpoint-3")).toMatchObject(checkpoint);
});

test("the report of an evaluation goes to the trained model's folder, else to output_dir", async () => {
  writeRun("out/run");
  writeFileSync("recipe.yaml", RECIPE);
  const folders = [
    ["out/run", {}, "out/run"],
    ["recipe.yaml", { adapter_name_or_path: "out/run" }, "out/run"],
    ["recipe.yaml", { adapter_name_or_path: "hub/adapter" }, "out"],
    ["recipe.yaml", {}, "out"],
    ["out/run", { output_dir: "elsewhere" }, "elsewhere"],
  ] as const;
  for (const [path, overrides, folder] of folders)
    expect((await findEvaluation(path, overrides)).reportDir).toBe(folder);
});

test("a recipe that is named is the base alone, and with an adapter of elsewhere recipe.yaml has the data", async () => {
  writeFileSync("recipe.yaml", RECIPE);
  expect((await findEvaluation("recipe.yaml")).recipe.adapter_name_or_path).toBeUndefined();
  const flags = { adapter_name_or_path: "hub/adapter" };
  expect(await findEvaluation(undefined, flags)).toMatchObject({ path: "recipe.yaml", recipe: flags });
});

test("an evaluation of nothing says what was looked for", async () => {
  await expect(findEvaluation(undefined)).rejects.toThrow("nothing is named to evaluate, and this folder has no recipe.yaml"); // biome-ignore format: a row
  await expect(findEvaluation(undefined, { adapter_name_or_path: "none" })).rejects.toThrow("none has no recipe.yaml");
  writeFileSync("recipe.yaml", RECIPE);
  await expect(findEvaluation(undefined)).rejects.toThrow("out, the output_dir of recipe.yaml, has no trained model");
});
