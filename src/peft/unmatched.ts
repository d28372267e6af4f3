import { NoTargetError } from "../errors.ts";
import type { ModulePath } from "../ir/types.ts";
import { nearest } from "../nearest.ts";

/** An option of LoRA, as a recipe calls it and as a TypeScript caller does. */
export type Option = readonly [recipe: string, code: string];

/** Option for the target modules. */
export const TARGETS: Option = ["lora_target_modules", "targetModules"];

/** The names by which messages speak of targets. */
export interface TargetNames {
  readonly option: Option;
  readonly noun: "linear layers" | "targets" | "norms";
}

/** LoRA's. */
export const LORA_NAMES: TargetNames = { option: TARGETS, noun: "linear layers" };

/** Option for the layers that are adapted. */
export const LAYERS: Option = ["layers_to_transform", "layersToTransform"];

/** Option for excluded modules. */
export const EXCLUDED: Option = ["exclude_modules", "excludeModules"];

/** Names of an option in a recipe and in TypeScript, for messages. */
export const placeOf = ([recipe, code]: Option): string => `${recipe}; in TypeScript, ${code}`;

/** Target patterns that match none of the linear layers. */
export function noTarget(
  patterns: readonly string[],
  available: readonly ModulePath[],
  { option, noun }: TargetNames = LORA_NAMES,
): NoTargetError {
  const names = namesOf(available);
  const every = noun === "linear layers" ? ', and "all-linear" selects every linear layer' : "";
  return new NoTargetError(
    `${option[0]} [${patterns.join(", ")}] matched none of the ${available.length} ${noun}.`,
    {
      where: placeOf(option),
      expected: `the end of a module path; the model has: ${names.join(", ")}`,
      hint: `for example, "${names[0] ?? "query"}" selects that layer in every block${every}.`,
    },
    { patterns, available },
  );
}

/** A target that is no list, and so a regular expression for whole paths, which fits none of the linear layers. */
export function noFullMatch(
  pattern: string,
  available: readonly ModulePath[],
  { option, noun }: TargetNames = LORA_NAMES,
): NoTargetError {
  const names = namesOf(available);
  const end = names.includes(pattern) ? pattern : (nearest(pattern, names) ?? names[0] ?? "query");
  const every = noun === "linear layers" ? ', and "all-linear" selects every linear layer' : "";
  return new NoTargetError(
    `${option[0]} ${pattern} matched none of the ${available.length} ${noun}, because a single string must match the whole path.`,
    {
      where: placeOf(option),
      expected: `a regular expression for whole paths, such as ${available[0] ?? ".*query"}, or a list of path ends`,
      hint: `["${end}"] or .*\\.${end} selects that layer in every block${every}.`,
    },
    { patterns: [pattern], available },
  );
}

/** Exclusions that match none of the modules that could be taken. */
export function noExcluded(patterns: readonly string[], available: readonly ModulePath[]): NoTargetError {
  const names = namesOf(available);
  const meant = nearest(patterns[0] ?? "", names);
  return new NoTargetError(
    `${EXCLUDED[0]} [${patterns.join(", ")}] matched none of the ${available.length} modules that can get an adapter.`,
    {
      where: placeOf(EXCLUDED),
      expected: `a list of ends of module paths, or a regular expression for whole paths; the model has: ${names.join(", ")}`,
      hint: meant ? `did you mean ["${meant}"]?` : `leave ${EXCLUDED[0]} out.`,
    },
    { patterns, available },
  );
}

/** Targets of which the exclusions leave none. */
export const noneLeft = (
  patterns: readonly string[],
  targets: readonly ModulePath[],
  { option }: TargetNames,
): NoTargetError =>
  new NoTargetError(
    `${EXCLUDED[0]} [${patterns.join(", ")}] leaves none of the ${targets.length} modules that ${option[0]} takes.`,
    { where: placeOf(EXCLUDED), expected: "at least one module that gets an adapter" },
    { patterns, available: targets },
  );

/** Layer numbers under which there is no target; `ends` are the targets, `layers` the numbers they have, ascending. */
export function noLayer(numbers: readonly number[], ends: readonly string[], layers: readonly number[]): NoTargetError {
  const last = layers.at(-1);
  const range = last !== undefined && last > 0 && last === layers.length - 1 ? `0 to ${last}` : layers.join(", ");
  return new NoTargetError(
    `${LAYERS[0]} [${numbers.join(", ")}] matched no layer of the model.`,
    {
      where: placeOf(LAYERS),
      expected: `layers that contain ${ends.join(", ")}: ${range || "none; these modules are outside the layers"}`,
      hint: range ? "layers are counted from 0." : `remove ${LAYERS[0]}.`,
    },
    { patterns: numbers.map(String), available: layers.map(String) },
  );
}

/** Keys of a pattern table that match none of the modules that get an adapter. */
export function noPattern(option: Option, keys: readonly string[], modules: readonly ModulePath[]): NoTargetError {
  const names = namesOf(modules);
  const meant = nearest(keys[0] ?? "", names);
  return new NoTargetError(
    `${option[0]} [${keys.join(", ")}] matched none of the ${modules.length} modules that get an adapter.`,
    {
      where: placeOf(option),
      expected: `the end of a module path, or a regular expression for it; these modules have the names: ${names.join(", ")}`,
      hint: meant ? `did you mean "${meant}"?` : `${TARGETS[0]} selects the modules that get an adapter.`,
    },
    { patterns: keys, available: modules },
  );
}

/** Names of modules to save that match none of the modules that hold parameters. */
export function noModule(
  given: readonly string[],
  modules: readonly ModulePath[],
  option: Option = ["lora_modules_to_save", "modulesToSave"],
): NoTargetError {
  const names = namesOf(modules).filter((name) => !/^\d+$/.test(name));
  const meant = nearest(given[0] ?? "", names);
  return new NoTargetError(
    `${option[0]} [${given.join(", ")}] matched none of the model's modules.`,
    {
      where: placeOf(option),
      expected: `the end of a module path; the model has: ${names.join(", ")}`,
      hint: meant ? `did you mean "${meant}"?` : "a classification head is always trained, without being listed.",
    },
    { patterns: given, available: modules },
  );
}

/** Places of bottleneck adapters inside a layer that match none of the linear layers in `layers`. */
export function noSite(sites: readonly string[], layers: ModulePath, available: readonly ModulePath[]): NoTargetError {
  const within = available.filter((path) => path.startsWith(`${layers}.`));
  const names = new Set(within.map((path) => path.slice(layers.length + 1).replace(/^\d+\./, "")));
  return new NoTargetError(
    `the adapter positions [${sites.join(", ")}] matched none of the ${within.length} linear layers in ${layers}.`,
    {
      where: "method: adapter",
      expected: `the paths of linear layers inside a layer; the model has: ${[...names].join(", ")}`,
      hint: "method: lora can adapt any linear layer.",
    },
    { patterns: sites, available },
  );
}

/** The last segments of module paths, each once. */
const namesOf = (paths: readonly ModulePath[]): string[] => [
  ...new Set(paths.map((path) => path.split(".").at(-1) ?? path)),
];
