import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readRecipe } from "../../src/verbs/read-recipe.ts";

test("a recipe's problems are named by its path", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "lowrank-")), "r.yaml");
  writeFileSync(path, "model_name_or_path: m\ndataset_name: d\nlora_r: 0\n");
  await expect(readRecipe(path)).rejects.toThrow(`${path}:3 lora_r: expected an integer >= 1, got 0`);
  expect((await readRecipe(path, { lora_r: "4" })).lora_r).toBe(4);
});

test("a recipe of the package is named without its path; a file of that name comes first", async () => {
  expect((await readRecipe("text-classification", { dataset_name: "d" })).task_type).toBe("SEQ_CLS");
  const home = process.cwd();
  process.chdir(mkdtempSync(join(tmpdir(), "lowrank-")));
  try {
    writeFileSync("text-classification", "model_name_or_path: m\ndataset_name: d\ntask_type: TOKEN_CLS\n");
    expect((await readRecipe("text-classification")).task_type).toBe("TOKEN_CLS");
    writeFileSync("mine.yaml", "");
    await expect(readRecipe("text-clasification")).rejects.toThrow("did you mean text-classification?");
    await expect(readRecipe("mine.yml")).rejects.toThrow("mine.yaml");
    await expect(readRecipe("none")).rejects.toThrow("one of the package: causal-text, contract-clauses, demo,");
  } finally {
    process.chdir(home);
  }
});
