import { METHOD_KEYS } from "../methods/keys/index.ts";
import { TASK_FACTS, TASK_TYPES } from "../task-types/index.ts";
import { type ResolvedRecipe, settle } from "./resolve.ts";
import { type Recipe, recipeSchema } from "./schema.ts";
import { flaggedKeys } from "./user-set-keys.ts";

type Key = keyof ResolvedRecipe;

/** Keys that do something only with some values of another. */
interface Dependence {
  readonly keys: readonly (keyof Recipe)[];
  /** The key that decides, after those that it may depend on itself. */
  readonly on: readonly [...Key[], Key];
  /** The values of the last of `on` with which the keys do something. */
  readonly with: readonly unknown[];
}

const DEPENDENCES: readonly Dependence[] = [
  ...METHOD_KEYS.map(({ keys, methods }) => ({ keys, on: ["method"] as const, with: methods })),
  { keys: ["bnb_4bit_quant_type", "use_bnb_nested_quant"], on: ["method", "load_in_4bit"], with: [true] },
  ...TASK_TYPES.map((task) => ({
    keys: (TASK_FACTS[task].ownSettings ?? []) as (keyof Recipe)[],
    on: ["task_type"] as const,
    with: [task],
  })),
  { keys: ["lr_scheduler_kwargs"], on: ["lr_scheduler_type"], with: ["cosine_with_restarts", "polynomial", "warmup_stable_decay"] }, // biome-ignore format: a row
  { keys: ["eval_steps"], on: ["eval_strategy"], with: ["steps"] },
  { keys: ["save_steps"], on: ["save_strategy"], with: ["steps"] },
  { keys: ["adam_beta1"], on: ["optim"], with: ["adamw", "adamw_8bit", "lion"] },
  { keys: ["adam_beta2", "adam_epsilon"], on: ["optim"], with: ["adamw", "adamw_8bit"] },
];

/**
 * Warnings about keys without effect, a sentence each. A key with its default value does not count. If the key that
 * decides came as a flag, the recipe was written for another value: one recipe serves several methods.
 *
 * @example lora_r, lora_alpha: no effect while method is full, only with lora, qlora
 */
export function withoutEffect(recipe: Recipe): string[] {
  const flags = flaggedKeys(recipe);
  const settled = settle(recipe, recipe.method);
  return DEPENDENCES.flatMap(({ keys, on, with: values }) => {
    const decides = on.at(-1) as Key;
    const idle = keys.filter((key) => isSet(key, settled));
    if (idle.length === 0 || values.includes(settled[decides]) || on.some((key) => flags.has(key))) return [];
    return `${idle.join(", ")}: no effect with ${decides} ${settled[decides]}, only with ${values.join(", ")}`;
  });
}

/** True when a key's value differs from its default. */
function isSet(key: keyof Recipe, settled: ResolvedRecipe): boolean {
  const usual = recipeSchema.shape[key].safeParse(undefined).data;
  return JSON.stringify(settled[key as Key]) !== JSON.stringify(usual);
}
