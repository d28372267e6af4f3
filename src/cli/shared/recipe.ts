import type { Command } from "commander";
import type { FoundRecipe } from "../library/index.ts";
import type { Context } from "./command.ts";
import { addRecipeFlags } from "./options.ts";

/** Adds the argument of a recipe, and its keys as flags. */
export const addRecipe = (command: Command): Command =>
  addRecipeFlags(
    command.argument(
      "[recipe]",
      "path of a recipe, or name of a bundled one [flags that name model and data, else recipe.yaml]",
    ),
  );

/** The recipe of a command; says where it was found, if no argument did. @throws {RecipeError} when there is none. */
export async function recipeFor({ args, overrides, output }: Context): Promise<FoundRecipe> {
  const { findRecipe } = await import("../library/index.ts");
  const found = await findRecipe(args[0], overrides);
  if (found.note !== undefined) output.note(output.styleNote("dim", found.note));
  return found;
}
