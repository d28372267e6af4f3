import { readText } from "../platform/node.ts";
import { parseRecipe } from "../recipe/parse.ts";
import type { Recipe } from "../recipe/schema.ts";

/**
 * Reads a recipe file; `overrides` are keys that win over it, text among them read as the key has it: `"1e-4"` as a number, a folder as it is.
 *
 * @throws {FileError} when there is no such file.
 * @throws {RecipeError} naming each problem by `path:line`.
 */
export async function readRecipe(path: string, overrides: Readonly<Record<string, unknown>> = {}): Promise<Recipe> {
  return parseRecipe(await readText(path), { file: path, overrides });
}
