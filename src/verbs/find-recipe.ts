import { exists, fileName, isFolder, parentFolder } from "#platform";
import { RecipeError } from "../errors.ts";
import { PROGRAM } from "../program.ts";
import { RECIPE_FILE } from "../recipe/file-name.ts";
import type { Recipe } from "../recipe/schema.ts";
import { modelFiles } from "../training/checkpoints/model-folder.ts";
import { readRecipe, recipeFrom } from "./read-recipe.ts";

/** Keys without which there is no recipe. */
const NEEDED = ["model_name_or_path", "dataset_name"] as const;

/** A recipe to evaluate with. */
export interface FoundEvaluation extends FoundRecipe {
  /** Folder of the report: the `output_dir` that the user sets, else the folder of the trained model, else the recipe's `output_dir`. */
  readonly reportDir: string;
}

type Overrides = Readonly<Record<string, unknown>>;

/** A recipe, and where it was found. */
export interface FoundRecipe {
  readonly recipe: Recipe;
  /** Its file; absent when flags alone make it. */
  readonly path?: string;
  /** Sentence about a choice that the user did not make. */
  readonly note?: string;
}

/**
 * The recipe of a command: the file that is named; without one, flags that name model and data; else `recipe.yaml` in the
 * working folder. `overrides` win over a file.
 * @throws {RecipeError} when there is none of them, or for its keys. @throws {FileError} when the file is missing.
 */
export async function findRecipe(path: string | undefined, overrides: Overrides = {}): Promise<FoundRecipe> {
  if (path !== undefined) return { recipe: await readRecipe(path, overrides), path };
  const isThere = await exists(RECIPE_FILE);
  const missing = NEEDED.filter((key) => overrides[key] === undefined);
  if (missing.length === 0) {
    const note = `${RECIPE_FILE} in this folder is not read, because the flags name model and data`;
    return { recipe: await recipeFrom(undefined, overrides), ...(isThere && { note }) };
  }
  if (isThere) {
    const note = `recipe: ${RECIPE_FILE} in this folder`;
    return { recipe: await readRecipe(RECIPE_FILE, overrides), path: RECIPE_FILE, note };
  }
  const given = Object.keys(overrides).length > 0 ? `, and the flags lack ${missing.join(" and ")}` : "";
  throw new RecipeError(`no recipe is given, this folder has no ${RECIPE_FILE}${given}`, {
    expected: `the path of a recipe, or ${NEEDED.map((key) => `--${key} …`).join(" ")}`,
    hint: `${PROGRAM} init writes ${RECIPE_FILE}.`,
  });
}

/**
 * The recipe to evaluate with. The folder of a run, named itself or as the adapter, has its own; without any name, the
 * trained model in the `output_dir` of `recipe.yaml` is evaluated.
 * @throws {RecipeError} when a folder has no recipe, or nothing was trained yet.
 */
export async function findEvaluation(path: string | undefined, overrides: Overrides = {}): Promise<FoundEvaluation> {
  const found = await recipeOfEvaluation(path, overrides);
  const { adapter_name_or_path: adapter, output_dir } = found.recipe;
  const isHere = overrides.output_dir === undefined && adapter !== undefined && (await isFolder(adapter));
  return { ...found, reportDir: isHere ? adapter : output_dir };
}

async function recipeOfEvaluation(path: string | undefined, overrides: Overrides): Promise<FoundRecipe> {
  const { adapter_name_or_path: adapter } = overrides;
  if (path !== undefined && (await isFolder(path))) return ofRun(path, { adapter_name_or_path: path, ...overrides });
  if (path !== undefined || NEEDED.every((key) => overrides[key] !== undefined)) return findRecipe(path, overrides);
  if (adapter !== undefined) {
    const own = await recipeOfRun(String(adapter));
    return own === undefined && (await exists(RECIPE_FILE))
      ? findRecipe(undefined, overrides)
      : ofRun(String(adapter), overrides);
  }
  if (!(await exists(RECIPE_FILE))) {
    throw new RecipeError(`nothing is named to evaluate, and this folder has no ${RECIPE_FILE}`, {
      expected: "the output folder of a run, a recipe, or --adapter_name_or_path FOLDER",
      hint: `e.g. ${PROGRAM} evaluate out.`,
    });
  }
  const { output_dir: folder } = await readRecipe(RECIPE_FILE, overrides);
  if ((await modelFiles(folder)).length === 0) {
    throw new RecipeError(`${folder}, the output_dir of ${RECIPE_FILE}, has no trained model`, {
      expected: `the output folder of a run; ${PROGRAM} train ${RECIPE_FILE} writes it`,
      hint: `${PROGRAM} evaluate ${RECIPE_FILE} evaluates the base model alone.`,
    });
  }
  const found = await ofRun(folder, { ...overrides, adapter_name_or_path: folder });
  return { ...found, note: `evaluating ${folder}, the output_dir of ${RECIPE_FILE} in this folder` };
}

/** The recipe that a run wrote. */
async function ofRun(folder: string, overrides: Overrides): Promise<FoundRecipe> {
  const path = await recipeOfRun(folder);
  if (path === undefined) {
    throw new RecipeError(`${folder} has no ${RECIPE_FILE} that says on which data to evaluate`, {
      expected: "the output folder of a run, or a recipe beside the adapter",
      hint: `${PROGRAM} evaluate RECIPE --adapter_name_or_path ${folder}.`,
    });
  }
  return { recipe: await readRecipe(path, overrides), path, note: `recipe: ${path}` };
}

/** File of the recipe of a run; a checkpoint's lies beside it. */
async function recipeOfRun(folder: string): Promise<string | undefined> {
  const isCheckpoint = /^checkpoint-\d+$/.test(fileName(folder));
  const folders = [folder, ...(isCheckpoint ? [parentFolder(folder)] : [])];
  for (const path of folders.map((name) => `${name.replace(/[/\\]+$/, "")}/${RECIPE_FILE}`)) {
    if (await exists(path)) return path;
  }
  return undefined;
}
