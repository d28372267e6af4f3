import { RecipeError } from "../errors.ts";
import { classifies } from "../models/parts/architecture.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** Recipe keys of which not every value can be run yet, and the values that can. */
const SUPPORTED: { readonly [Key in keyof ResolvedRecipe]?: readonly ResolvedRecipe[Key][] } = {
  device: ["auto", "cpu"],
};

/** Refuses what a recipe may say but this version cannot do, rather than do something else. @throws {RecipeError} */
export function refuseUnsupported(recipe: ResolvedRecipe): void {
  for (const [key, values] of Object.entries(SUPPORTED)) {
    const given = recipe[key as keyof ResolvedRecipe];
    if ((values as readonly unknown[]).includes(given)) continue;
    throw new RecipeError(`${key}: ${given} is not supported yet.`, { where: key, expected: values.join(" or ") });
  }
  if (recipe.method === "head" && !classifies(recipe.task_type)) {
    throw new RecipeError(`method head trains a classification head, and task_type ${recipe.task_type} has none.`, {
      where: "method",
      expected: "lora, qlora, adapter or full",
    });
  }
}
