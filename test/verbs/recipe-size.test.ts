import { truncateSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readRecipe } from "../../src/verbs/read-recipe.ts";
import { temporary } from "../running.ts";

test("a recipe of 600 MB is refused before it is read", async () => {
  const path = `${temporary()}/recipe.yaml`;
  writeFileSync(path, "");
  truncateSync(path, 600e6);
  await expect(readRecipe(path)).rejects.toThrow(/the recipe has 600000000 bytes\n {2}at: .*recipe\.yaml/);
});
