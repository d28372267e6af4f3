import { exists, fileSize, listFolder, ownPath, readText } from "#platform";
import { FileError, RecipeError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { parseRecipe } from "../recipe/parse.ts";
import type { Recipe } from "../recipe/schema.ts";

/** Bytes of a recipe; one that names every key takes 4 KB. Suggestions for 100,000 unknown keys would take 20 s. */
const MAX_RECIPE_BYTES = 2 ** 17;

/** Folder of the recipes that come with the package. */
const BUNDLED = "recipes";

/** Extension of recipes, which a name leaves out. */
const EXTENSION = ".yaml";

/**
 * Reads a recipe file, or one of the package by its name (`text-classification`); `overrides` are keys that win over it, text among them read as the key has it: `"1e-4"` as a number, a folder as it is.
 *
 * @throws {FileError} when there is no such file.
 * @throws {RecipeError} naming each problem by `path:line`.
 */
export async function readRecipe(path: string, overrides: Readonly<Record<string, unknown>> = {}): Promise<Recipe> {
  const file = await recipeFile(path);
  const bytes = (await fileSize(file)) ?? 0;
  if (bytes > MAX_RECIPE_BYTES) {
    throw new RecipeError(`the recipe has ${bytes} bytes`, { where: file, expected: `at most ${MAX_RECIPE_BYTES}` });
  }
  return parseRecipe(await readText(file), { file, overrides });
}

/** The recipe of a file, or of keys alone where there is none. @throws {RecipeError | FileError} as {@link readRecipe}. */
export const recipeFrom = async (path: string | undefined, keys: Readonly<Record<string, unknown>>): Promise<Recipe> =>
  path === undefined ? parseRecipe("", { overrides: keys }) : readRecipe(path, keys);

/** A file of that path before a recipe of the package of that name. */
async function recipeFile(path: string): Promise<string> {
  if (!/^[\w-]+$/.test(path) || (await exists(path))) return path;
  const bundled = (await listFolder(ownPath(BUNDLED))).filter((name) => name.endsWith(EXTENSION));
  if (bundled.includes(`${path}${EXTENSION}`)) return ownPath(`${BUNDLED}/${path}${EXTENSION}`);
  const names = bundled.map((name) => name.slice(0, -EXTENSION.length)).sort();
  const near = nearest(path, [...names, ...(await listFolder("."))]);
  throw new FileError("there is no such recipe", {
    where: path,
    expected: `the path of a recipe, or the name of one of the package: ${names.join(", ")}`,
    ...(near !== undefined && { hint: `did you mean ${near}?` }),
  });
}
