import { exists, readText } from "#platform";
import { RecipeError } from "../errors.ts";
import { RECIPE_FILE } from "../recipe/file-name.ts";
import { parseRecipe } from "../recipe/parse.ts";
import { QUANTIZATION_KEYS } from "../recipe/quantization.ts";
import { type ResolvedRecipe, resolveRecipe } from "../recipe/resolve.ts";
import { userSetKeys } from "../recipe/user-set-keys.ts";
import { quantizationOf } from "./quantization.ts";

/** Keys for the quantization of the base. */
const KEYS = [...QUANTIZATION_KEYS, "use_bnb_nested_quant"] as const;

/** A recipe, and what its reader should know. */
export interface ForAdapter {
  readonly recipe: ResolvedRecipe;
  readonly warnings: readonly string[];
}

/**
 * The recipe with its base model held as it was while an adapter was trained: an adapter makes up for what packing took.
 * `recipe.yaml` beside the adapter says how, where there is one; keys that the recipe gives itself win, with a warning.
 */
export async function withTrainedBase(recipe: ResolvedRecipe, folder: string): Promise<ForAdapter> {
  const file = `${folder}/${RECIPE_FILE}`;
  if (!(await exists(file))) return { recipe, warnings: [] };
  let trained: ResolvedRecipe;
  try {
    trained = resolveRecipe(parseRecipe(await readText(file), { file }));
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error;
    const why = error.message.split("\n")[0];
    return { recipe, warnings: [`cannot tell how the adapter's base was quantized during training: ${why}`] };
  }
  const given = userSetKeys(recipe);
  const own = KEYS.filter((key) => given.has(key));
  const held = { ...recipe, ...picked(trained, KEYS), ...picked(recipe, own) };
  if (held.load_in_4bit && held.load_in_8bit) held[given.has("load_in_8bit") ? "load_in_4bit" : "load_in_8bit"] = false;
  const isSame = JSON.stringify(quantizationOf(held)) === JSON.stringify(quantizationOf(trained));
  const differing = own.filter((key) => !isSame && recipe[key] !== trained[key]);
  return { recipe: held, warnings: differing.map((key) => differs(key, recipe[key], trained[key])) };
}

const picked = <Key extends keyof ResolvedRecipe>(from: ResolvedRecipe, keys: readonly Key[]) =>
  Object.fromEntries(keys.map((key) => [key, from[key]])) as Partial<Pick<ResolvedRecipe, Key>>;

const differs = (key: string, inRecipe: unknown, inTraining: unknown): string =>
  `${key} is ${inRecipe} in the recipe, but the adapter was trained with ${inTraining}; the scores may differ from those of its run`;
