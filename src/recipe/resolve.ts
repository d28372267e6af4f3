import { RecipeError } from "../errors.ts";
import { METHOD_KEYS, METHOD_RECIPES, METHODS, type Method } from "../methods/keys/index.ts";
import { classifies, embeds, TASK_FACTS, TASK_TYPES } from "../task-types/index.ts";
import type { Recipe } from "./schema.ts";
import { flaggedKeys, rememberUserSetKeys, userSetKeys } from "./user-set-keys.ts";

/** A recipe for one method with nothing left open: `method_overrides` are applied, and dependent defaults filled in. */
export type ResolvedRecipe = Omit<Recipe, "method_overrides" | "learning_rate" | "max_length"> & {
  learning_rate: number;
  max_length: number;
};

/** Two keys that cannot both hold. */
export interface Contradiction {
  /** The one to blame; dots lead into mappings. */
  readonly key: string;
  readonly text: string;
}

/**
 * The recipe as it runs under `method`.
 *
 * `qlora` sets `load_in_4bit` unless `load_in_8bit` is set. Resolving a resolved recipe changes nothing. What was given
 * is still known of it: {@link userSetKeys}.
 * @throws {RecipeError} when keys contradict each other under this method.
 */
export function resolveRecipe(recipe: Recipe, method: Method = recipe.method): ResolvedRecipe {
  const resolved = settle(recipe, method);
  const lines = [...strayOverrides(recipe), ...contradictions(resolved)].map(({ key, text }) => `${key}: ${text}`);
  if (lines.length > 0) throw new RecipeError(lines.join("\n"));
  rememberUserSetKeys(resolved, userSetKeys(recipe, method), flaggedKeys(recipe));
  return resolved;
}

/** {@link resolveRecipe} without its checks. */
export function settle(recipe: Recipe, method: Method): ResolvedRecipe {
  const { method_overrides, ...rest } = recipe;
  const own = { ...rest, ...method_overrides?.[method], method } as Recipe;
  return {
    ...own,
    load_in_4bit: own.load_in_4bit || (METHOD_RECIPES[method].quantizesBase === true && !own.load_in_8bit),
    learning_rate: own.learning_rate ?? METHOD_RECIPES[method].learningRate,
    max_length: own.max_length ?? TASK_FACTS[own.task_type].maxLength,
  };
}

/** Keys given for a method in particular that it never has: elsewhere in a recipe they may wait for their method. */
export function strayOverrides({ method_overrides = {} }: Recipe): Contradiction[] {
  return METHODS.flatMap((method) =>
    METHOD_KEYS.filter(({ methods }) => !methods.includes(method)).flatMap(({ keys, methods }) =>
      keys
        .filter((key) => key in (method_overrides[method] ?? {}))
        .map((key) => ({
          key: `method_overrides.${method}.${key}`,
          text: `method ${method} does not have this key; it belongs to ${methods.join(", ")}`,
        })),
    ),
  );
}

/** Everything in a settled recipe that cannot hold together. */
export function contradictions(recipe: ResolvedRecipe): Contradiction[] {
  const found: Contradiction[] = [];
  const refuse = (wrong: boolean, key: keyof Recipe, text: string) => {
    if (wrong) found.push({ key, text });
  };
  const quantized = recipe.load_in_4bit ? "load_in_4bit" : "load_in_8bit";
  refuse(recipe.load_in_4bit && recipe.load_in_8bit, "load_in_8bit", "load_in_4bit is also true; set only one of them");
  refuse(
    METHOD_RECIPES[recipe.method].trainsBase === true && recipe[quantized],
    quantized,
    `method ${recipe.method} trains the base weights, which is impossible when they are quantized; use method qlora, or set this to false`,
  );
  for (const when of ["eval", "save"] as const) {
    const strategy = recipe[`${when}_strategy`];
    refuse(
      strategy === "steps" && recipe[`${when}_steps`] === undefined,
      `${when}_strategy`,
      `steps needs ${when}_steps, e.g. ${when}_steps: 100`,
    );
  }
  refuse(
    recipe.validation_split_percentage !== undefined && recipe.dataset_validation_split !== undefined,
    "validation_split_percentage",
    "dataset_validation_split names a validation split; set only one of them",
  );
  const evaluates = recipe.eval_strategy === "epoch" || recipe.eval_strategy === "steps";
  refuse(
    recipe.early_stopping_patience !== undefined && !evaluates,
    "early_stopping_patience",
    `no evaluation says when to stop with eval_strategy ${recipe.eval_strategy}; set eval_strategy to epoch or steps`,
  );
  refuse(
    recipe.early_stopping_threshold > 0 && recipe.early_stopping_patience === undefined,
    "early_stopping_threshold",
    "nothing stops early without early_stopping_patience, e.g. early_stopping_patience: 3",
  );
  refuse(
    recipe.load_best_model_at_end && !evaluates,
    "load_best_model_at_end",
    `there is no best state with eval_strategy ${recipe.eval_strategy}; set eval_strategy to epoch or steps`,
  );
  for (const task of TASK_TYPES.filter((name) => name !== recipe.task_type)) {
    for (const key of (TASK_FACTS[task].ownFlags ?? []) as (keyof Recipe & keyof ResolvedRecipe)[]) {
      refuse(
        recipe[key] === true,
        key,
        `only task_type ${task} has this key, and this recipe's task_type is ${recipe.task_type}`,
      );
    }
  }
  refuse(
    recipe.head_learning_rate !== undefined && !classifies(recipe.task_type),
    "head_learning_rate",
    `task_type ${recipe.task_type} has no classification head`,
  );
  refuse(
    recipe.class_weights !== undefined && !classifies(recipe.task_type),
    "class_weights",
    `task_type ${recipe.task_type} has no classes`,
  );
  refuse(
    recipe.label_smoothing_factor > 0 && embeds(recipe.task_type),
    "label_smoothing_factor",
    `the losses of task_type ${recipe.task_type} have no labels to smooth`,
  );
  refuse(
    recipe.head_learning_rate !== undefined && recipe.learning_rate === 0,
    "head_learning_rate",
    "with learning_rate 0 the head would not train either; to train only the head, use method head",
  );
  return found;
}
