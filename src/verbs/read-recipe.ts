import { fileSize, readText } from "#platform";
import { RecipeError } from "../errors.ts";
import { parseRecipe } from "../recipe/parse.ts";
import type { Recipe } from "../recipe/schema.ts";

/** Bytes of a recipe; one that names every key takes 4 KB. Suggestions for 100,000 unknown keys would take 20 s. */
const MAX_RECIPE_BYTES = 2 ** 17;

/**
 * Reads a recipe file; `overrides` are keys that win over it, text among them read as the key has it: `"1e-4"` as a number, a folder as it is.
 *
 * @throws {FileError} when there is no such file.
 * @throws {RecipeError} naming each problem by `path:line`.
 */
export async function readRecipe(path: string, overrides: Readonly<Record<string, unknown>> = {}): Promise<Recipe> {
  const bytes = (await fileSize(path)) ?? 0;
  if (bytes > MAX_RECIPE_BYTES) {
    throw new RecipeError(`the recipe has ${bytes} bytes`, { where: path, expected: `at most ${MAX_RECIPE_BYTES}` });
  }
  return parseRecipe(await readText(path), { file: path, overrides });
}
