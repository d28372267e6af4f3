import type { Recipe } from "./schema.ts";

/** What of a recipe was written down; the rest was filled in. */
interface Given {
  readonly keys: ReadonlySet<string>;
  /** Those of `keys` that came as flags. */
  readonly flags: ReadonlySet<string>;
}

const givenOf = new WeakMap<Recipe, Given>();

/** Remembers which keys of a recipe were written down, by file or flag, rather than filled in. */
export function rememberGiven(recipe: Recipe, keys: Iterable<string>, flags: Iterable<string> = []): Recipe {
  givenOf.set(recipe, { keys: new Set(keys), flags: new Set(flags) });
  return recipe;
}

/**
 * The keys that someone wrote down, `method_overrides` of the recipe's method among them; the others hold defaults.
 * Without a `parseRecipe` behind the recipe, none.
 */
export function givenKeys(recipe: Recipe, method = recipe.method): ReadonlySet<string> {
  return new Set([...(givenOf.get(recipe)?.keys ?? []), ...Object.keys(recipe.method_overrides?.[method] ?? {})]);
}

/** The keys that came as flags, over what a file says. */
export const flaggedKeys = (recipe: Recipe): ReadonlySet<string> => givenOf.get(recipe)?.flags ?? new Set();
