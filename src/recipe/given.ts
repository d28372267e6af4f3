import type { Recipe } from "./schema.ts";

const keysOf = new WeakMap<Recipe, ReadonlySet<string>>();

/** Remembers which keys of a recipe were written down, by file or flag, rather than filled in. */
export function rememberGiven(recipe: Recipe, keys: Iterable<string>): Recipe {
  keysOf.set(recipe, new Set(keys));
  return recipe;
}

/**
 * The keys that someone wrote down, `method_overrides` of the recipe's method among them; the others hold defaults.
 * Without a `parseRecipe` behind the recipe, none.
 */
export function givenKeys(recipe: Recipe, method = recipe.method): ReadonlySet<string> {
  return new Set([...(keysOf.get(recipe) ?? []), ...Object.keys(recipe.method_overrides?.[method] ?? {})]);
}
