/** Usual name of a recipe's file, in the working folder and in that of a run. */
export const RECIPE_FILE = "recipe.yaml";
