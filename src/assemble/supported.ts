import { RecipeError } from "../errors.ts";
import { METHOD_RECIPES, METHODS, type Method } from "../methods/keys/index.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { classifies } from "../task-types/index.ts";

/** Recipe keys of which not every value can be run yet, and the values that can. */
const SUPPORTED: { readonly [Key in keyof ResolvedRecipe]?: readonly ResolvedRecipe[Key][] } = {
  device: ["auto", "cpu"],
};

const isWhole = (method: Method): boolean => METHOD_RECIPES[method].trainsBase === true;

/** Refuses what a recipe may say but this version cannot do, rather than do something else. @throws {RecipeError} */
export function refuseUnsupported(recipe: ResolvedRecipe): void {
  for (const [key, values] of Object.entries(SUPPORTED)) {
    const given = recipe[key as keyof ResolvedRecipe];
    if ((values as readonly unknown[]).includes(given)) continue;
    throw new RecipeError(`${key}: ${given} is not supported yet.`, { where: key, expected: values.join(" or ") });
  }
  if (METHOD_RECIPES[recipe.method].needsHead && !classifies(recipe.task_type)) {
    const others = METHODS.filter((method) => !METHOD_RECIPES[method].needsHead);
    const [whole, beside] = [true, false].map((base) => others.filter((method) => isWhole(method) === base));
    const what = `method ${recipe.method} trains a classification head, and task_type ${recipe.task_type} has none.`;
    throw new RecipeError(what, { where: "method", expected: `${beside?.join(", ")} or ${whole?.join(", ")}` });
  }
}
