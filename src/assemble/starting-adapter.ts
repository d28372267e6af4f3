import { AdapterError } from "../errors.ts";
import { extraModules } from "../formats/peft/peft-adapter.ts";
import type { FloatTensor } from "../formats/safetensors/tensors.ts";
import type { Selection, TrainedAdapter } from "../methods/definition.ts";
import { isAdapterParam } from "../methods/index.ts";
import type { TargetRules } from "../peft/targets.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** The modules that target rules take in the model at hand. */
export type SelectTargets = (rules: TargetRules) => ReadonlySet<string>;

/**
 * The recipe with everything that the adapter decides: method, rank, scaling, targets, what else trains.
 *
 * @param given Keys that the user wrote down; the others yield without a word.
 * @param select Resolves target rules, so that `all-linear` agrees with a list of the same modules.
 * @throws {AdapterError} naming each given key that contradicts the adapter, with both values.
 */
export function applyStartingAdapter(
  recipe: ResolvedRecipe,
  given: ReadonlySet<string>,
  adapter: TrainedAdapter,
  select: SelectTargets,
): ResolvedRecipe {
  const decided = adapter.decides(recipe, given);
  const selecting: readonly string[] = adapter.selection?.keys ?? [];
  const clashes = Object.entries(decided)
    .filter(([key]) => given.has(key) && !selecting.includes(key))
    .filter(([key, value]) => canonical(key, recipe[key as Key]) !== canonical(key, value))
    .map(([key, value]) => contradiction(key, recipe[key as Key], value));
  if (adapter.selection) clashes.push(...targetClash(recipe, given, adapter.selection, decided, select));
  if (clashes.length > 0) {
    throw new AdapterError(`the recipe contradicts the adapter that it starts from:\n${clashes.join("\n")}`, {
      where: adapter.folder,
      hint: "remove those keys: they come from the starting adapter.",
    });
  }
  return { ...recipe, ...decided };
}

type Key = keyof ResolvedRecipe;

/** The selecting keys that the user set, where they take other modules than the adapter does. */
function targetClash(
  recipe: ResolvedRecipe,
  given: ReadonlySet<string>,
  { keys, rules, asked }: Selection,
  decided: Partial<ResolvedRecipe>,
  select: SelectTargets,
): string[] {
  const written = keys.filter((key) => given.has(key));
  if (written.length === 0) return [];
  const [wanted, taken] = [select(asked(recipe, given)), select(rules)];
  if (wanted.size === taken.size && [...wanted].every((path) => taken.has(path))) return [];
  return written.map((key) => contradiction(key, recipe[key], decided[key] ?? "all"));
}

const contradiction = (key: string, asked: unknown, inAdapter: unknown): string =>
  `  ${key}: ${JSON.stringify(asked)} in the recipe, ${JSON.stringify(inAdapter ?? null)} in the adapter`;

/** Equal texts for values that mean the same: the order of a table's keys makes no difference, nor do PEFT's own heads. */
function canonical(key: string, value: unknown): string {
  if (key.endsWith("modules_to_save")) return JSON.stringify(extraModules([value ?? []].flat() as string[]).sort());
  const isTable = value === undefined || typeof value === "object";
  return JSON.stringify(isTable ? Object.entries(value ?? {}).sort() : value);
}

/**
 * Checks that an adapter was made for this model.
 *
 * @param params Shapes of the model's parameters under the adapter's method, by name.
 * @param folder Where the adapter is, for messages.
 * @throws {AdapterError} naming the tensor and both shapes, or what one has and the other lacks.
 */
export function checkAdapterFits(
  params: ReadonlyMap<string, readonly (number | string)[]>,
  tensors: ReadonlyMap<string, Pick<FloatTensor, "shape">>,
  folder: string,
): void {
  const misfit = (what: string): AdapterError =>
    new AdapterError(what, {
      where: folder,
      hint: "was the adapter made for another base model, or for other labels?",
    });
  for (const [name, { shape }] of tensors) {
    const wanted = params.get(name);
    if (!wanted) throw misfit(`the adapter contains ${name}, which the model does not have.`);
    if (wanted.join() !== shape.join())
      throw misfit(`the adapter's ${name} has shape [${shape}], the model's has [${wanted}].`);
  }
  const missing = [...params.keys()].filter((name) => isAdapterParam(name) && !tensors.has(name));
  if (missing.length > 0) {
    throw misfit(`the adapter lacks ${missing.length} of the tensors that the model needs, such as ${missing[0]}.`);
  }
}
