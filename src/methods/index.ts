import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { adapterMethod } from "./adapter.ts";
import type { MethodDefinition } from "./definition.ts";
import { ia3Method } from "./ia3.ts";
import type { Method } from "./keys/index.ts";
import { lnTuningMethod } from "./ln-tuning.ts";
import { loraMethod } from "./lora.ts";
import { fullMethod, headMethod } from "./whole.ts";

/** Every method of a recipe. One line a method; all else about it is in its files here, in `keys/` and in `peft/`. */
export const METHOD_DEFINITIONS: Readonly<Record<Method, MethodDefinition>> = {
  full: fullMethod,
  head: headMethod,
  lora: loraMethod,
  qlora: loraMethod,
  adapter: adapterMethod,
  ia3: ia3Method,
  ln_tuning: lnTuningMethod,
};

/** The definitions, each once. */
const DEFINITIONS = [...new Set(Object.values(METHOD_DEFINITIONS))];

/** True for a parameter that some method adds to a base model. */
export const isAdapterParam = (param: string): boolean => DEFINITIONS.some(({ isOwn }) => isOwn(param));

/** The module of the base that an added parameter belongs to; undefined for the base's own, and in modules of its own. */
export const adaptedModule = (param: string): string | undefined =>
  DEFINITIONS.map(({ moduleOf }) => moduleOf?.(param)).find((module) => module !== undefined);

/** The modules that a recipe trains whole beside its adapter. */
export function modulesToSave(recipe: ResolvedRecipe): string[] {
  const { modulesToSaveKey: key } = METHOD_DEFINITIONS[recipe.method];
  return [(key && recipe[key]) ?? []].flat();
}

/** The recipe without the modules that it trains whole. */
export function withoutModulesToSave(recipe: ResolvedRecipe): ResolvedRecipe {
  const keys: readonly string[] = DEFINITIONS.flatMap(({ modulesToSaveKey }) => modulesToSaveKey ?? []);
  return Object.fromEntries(Object.entries(recipe).filter(([key]) => !keys.includes(key))) as ResolvedRecipe;
}

/** True when a method saves the whole model, and no adapter. */
export const savesWhole = (method: Method): boolean => METHOD_DEFINITIONS[method].format === "transformers";

/** The definition that opens adapters of a type; undefined for one that is not supported. */
export const definitionFor = (type: unknown): MethodDefinition | undefined =>
  DEFINITIONS.find(({ adapterType }) => adapterType !== undefined && adapterType === type);

/** PEFT's names of the methods whose adapters are opened. */
export const PEFT_TYPES: readonly string[] = DEFINITIONS.flatMap(({ format, adapterType }) =>
  format === "peft" && adapterType !== undefined ? [adapterType] : [],
);
