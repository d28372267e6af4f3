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
