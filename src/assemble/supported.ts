import { RecipeError } from "../errors.ts";
import { METHOD_RECIPES, METHODS, type Method } from "../methods/keys/index.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { classifies } from "../task-types/index.ts";

const isWhole = (method: Method): boolean => METHOD_RECIPES[method].trainsBase === true;

/** Refuses what a recipe may say but this version cannot do, rather than do something else. @throws {RecipeError} */
export function refuseUnsupported(recipe: ResolvedRecipe): void {
  if (METHOD_RECIPES[recipe.method].needsHead && !classifies(recipe.task_type)) {
    const others = METHODS.filter((method) => !METHOD_RECIPES[method].needsHead);
    const [whole, beside] = [true, false].map((base) => others.filter((method) => isWhole(method) === base));
    const what = `method ${recipe.method} needs a classification head, and task_type ${recipe.task_type} has none.`;
    throw new RecipeError(what, { where: "method", expected: `${beside?.join(", ")} or ${whole?.join(", ")}` });
  }
}
