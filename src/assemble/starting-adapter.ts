import { AdapterError } from "../errors.ts";
import { type HoulsbyAdapter, houlsbyOf } from "../formats/adapter-hub/read.ts";
import { extraModules } from "../formats/peft/lora-config.ts";
import { type LoraAdapter, loraOf } from "../formats/peft/read-lora.ts";
import { readAdapter } from "../formats/safetensors/adapter.ts";
import type { FloatTensor } from "../formats/safetensors/tensors.ts";
import type { TargetRules } from "../peft/targets.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** An adapter to start from, whichever library wrote it. */
export type StartingAdapter = LoraAdapter | HoulsbyAdapter;

/** The modules that target rules take in the model at hand. */
export type SelectTargets = (rules: TargetRules) => ReadonlySet<string>;

/**
 * Reads the adapter of `adapter_name_or_path`.
 * @throws {FileError | CheckpointError | AdapterError} when it is missing, malformed, or of a kind that is not supported.
 */
export async function readStartingAdapter(folder: string): Promise<StartingAdapter> {
  const stored = await readAdapter(folder);
  return stored.format === "peft" ? loraOf(stored) : houlsbyOf(stored);
}

/**
 * The recipe with everything that the adapter decides: method, rank, scaling, targets, what else trains. LoRA's dropout
 * is the adapter's unless the recipe gives one.
 *
 * @param given Keys that the user wrote down; the others yield without a word.
 * @param select Resolves target rules, so that `all-linear` agrees with a list of the same modules.
 * @throws {AdapterError} naming each given key that contradicts the adapter, with both values.
 */
export function applyStartingAdapter(
  recipe: ResolvedRecipe,
  given: ReadonlySet<string>,
  adapter: StartingAdapter,
  select: SelectTargets,
): ResolvedRecipe {
  const decided = adapter.format === "peft" ? loraKeysOf(recipe, given, adapter) : houlsbyKeysOf(adapter);
  const clashes = Object.entries(decided)
    .filter(([key]) => given.has(key) && !TARGETS.includes(key))
    .filter(([key, value]) => canonical(key, recipe[key as Key]) !== canonical(key, value))
    .map(([key, value]) => contradiction(key, recipe[key as Key], value));
  if (adapter.format === "peft") clashes.push(...targetClash(recipe, given, adapter, select));
  if (clashes.length > 0) {
    throw new AdapterError(`the recipe contradicts the adapter that it starts from:\n${clashes.join("\n")}`, {
      where: adapter.folder,
      hint: "leave those keys out: a starting adapter decides them.",
    });
  }
  return { ...recipe, ...decided };
}

type Key = keyof ResolvedRecipe;

/** Compared by what they select, not as written. */
const TARGETS = ["lora_target_modules", "layers_to_transform"];

function loraKeysOf({ method, lora_dropout }: ResolvedRecipe, given: ReadonlySet<string>, { config }: LoraAdapter) {
  const extra = extraModules(config.modulesToSave);
  const targets = config.targetModules;
  return {
    method: method === "qlora" ? method : "lora",
    lora_r: config.r,
    lora_alpha: config.loraAlpha,
    lora_dropout: given.has("lora_dropout") ? lora_dropout : (config.loraDropout ?? 0),
    lora_target_modules: typeof targets === "string" ? targets : [...targets],
    lora_bias: config.bias ?? "none",
    lora_modules_to_save: extra.length > 0 ? extra : undefined,
    use_rslora: config.useRslora ?? false,
    use_dora: config.useDora ?? false,
    layers_to_transform: config.layersToTransform && [...config.layersToTransform],
    rank_pattern: { ...config.rankPattern },
    alpha_pattern: { ...config.alphaPattern },
  } satisfies Partial<ResolvedRecipe>;
}

const houlsbyKeysOf = ({ config }: HoulsbyAdapter) =>
  ({
    method: "adapter",
    adapter_reduction_factor: config.reductionFactor,
    adapter_non_linearity: config.nonLinearity,
  }) satisfies Partial<ResolvedRecipe>;

function targetClash(
  recipe: ResolvedRecipe,
  given: ReadonlySet<string>,
  { config }: LoraAdapter,
  select: SelectTargets,
): string[] {
  const written = TARGETS.filter((key) => given.has(key));
  if (written.length === 0) return [];
  const { modulesToSave = [], targetModules, layersToTransform } = config;
  const own = (given.has("lora_target_modules") && recipe.lora_target_modules) || targetModules;
  const layers = given.has("layers_to_transform") ? [recipe.layers_to_transform ?? []].flat() : layersToTransform;
  const asked = select({
    targetModules: own,
    modulesToSave,
    ...(layers && layers.length > 0 && typeof own !== "string" && { layersToTransform: layers }),
  });
  const held = select(config);
  if (asked.size === held.size && [...asked].every((path) => held.has(path))) return [];
  return written.map((key) =>
    contradiction(
      key,
      recipe[key as Key],
      key === "layers_to_transform" ? (layersToTransform ?? "all") : targetModules,
    ),
  );
}

const contradiction = (key: string, asked: unknown, held: unknown): string =>
  `  ${key}: the recipe says ${JSON.stringify(asked)}, the adapter ${JSON.stringify(held ?? null)}`;

/** Equal texts for values that mean the same: the order of a table's keys makes no difference, nor do PEFT's own heads. */
function canonical(key: string, value: unknown): string {
  if (key === "lora_modules_to_save") return JSON.stringify(extraModules([value ?? []].flat() as string[]).sort());
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
    if (!wanted) throw misfit(`the adapter holds ${name}, which the model does not have.`);
    if (wanted.join() !== shape.join())
      throw misfit(`the adapter's ${name} is [${shape}], the model's is [${wanted}].`);
  }
  const missing = [...params.keys()].filter((name) => /\.(lora_|adapters\.)/.test(name) && !tensors.has(name));
  if (missing.length > 0) {
    throw misfit(`the adapter lacks ${missing.length} of the tensors that the model needs, such as ${missing[0]}.`);
  }
}
