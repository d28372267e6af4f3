import type { Recipe } from "./schema.ts";

/** The part of a recipe that someone wrote down; the rest was filled in. */
interface UserSet {
  readonly keys: readonly string[];
  /** Those of `keys` that came as flags. */
  readonly flags: readonly string[];
}

/** The property that carries a recipe's user-set keys: a symbol, which a spread copies and which is no key of the recipe. */
const USER_SET = Symbol("user-set keys");

type Carrier = { [USER_SET]?: UserSet };

/** Records on a recipe which of its keys a file or a flag set, rather than a default. */
export function rememberUserSetKeys<R extends object>(
  recipe: R,
  keys: Iterable<string>,
  flags: Iterable<string> = [],
): R {
  (recipe as Carrier)[USER_SET] = { keys: [...keys], flags: [...flags] };
  return recipe;
}

/**
 * The user-set keys of a recipe, `method_overrides` of its method among them; the others hold defaults. A copy by spread
 * keeps them. Without a `parseRecipe` behind the recipe there are none.
 */
export function userSetKeys(recipe: Recipe, method = recipe.method): ReadonlySet<string> {
  const { keys = [] } = (recipe as Carrier)[USER_SET] ?? {};
  return new Set([...keys, ...Object.keys(recipe.method_overrides?.[method] ?? {})]);
}

/** The keys that came as flags, over what a file says. */
export const flaggedKeys = (recipe: Recipe): ReadonlySet<string> => new Set((recipe as Carrier)[USER_SET]?.flags ?? []);
