import { NoTargetError, RecipeError } from "../errors.ts";
import { type Graph, nodeOf } from "../ir/graph.ts";
import type { ModulePath } from "../ir/types.ts";
import { linear } from "../ops/linear.ts";

/** Which linear layers a method takes. PEFT's rules: `tuners_utils.check_target_module_exists`. */
export interface TargetRules {
  /** Ends of module paths; or one regular expression for whole paths; or `all-linear`. */
  readonly targetModules: readonly string[] | string;
  /** Numbers of the only layers to take; goes with a list of targets. */
  readonly layersToTransform?: readonly number[];
  /** Modules that are trained whole: nothing under them is taken. */
  readonly modulesToSave?: readonly string[];
}

/** Paths of the graph's linear layers, in order. */
export function linearModules(graph: Graph): ModulePath[] {
  const paths = graph.values.flatMap((value) => {
    const node = nodeOf(value);
    return node?.op === linear.op ? [node.module] : [];
  });
  return [...new Set(paths)];
}

/**
 * The modules among `modules` that the rules take.
 * @throws {NoTargetError} when one pattern of the list, or the regular expression, takes nothing.
 * @throws {RecipeError} when the regular expression cannot be read.
 */
export function selectTargets(modules: readonly ModulePath[], rules: TargetRules): Set<ModulePath> {
  const { targetModules, layersToTransform, modulesToSave = [] } = rules;
  const open = modules.filter((path) => !isUnder(path, modulesToSave));
  if (typeof targetModules === "string") {
    const taken = targetModules.toLowerCase() === "all-linear" ? open : open.filter(fullMatch(targetModules));
    if (taken.length === 0) throw new NoTargetError([targetModules], open);
    if (layersToTransform) {
      throw new RecipeError("layers_to_transform needs target_modules as a list", { where: "layers_to_transform" });
    }
    return new Set(taken);
  }
  const missing = targetModules.filter((end) => !modules.some((path) => endsWithPath(path, end)));
  if (missing.length > 0) throw new NoTargetError(missing, open);
  const inLayers = (path: ModulePath): boolean => !layersToTransform || layersToTransform.includes(layerOf(path) ?? -1);
  const taken = open.filter((path) => targetModules.some((end) => endsWithPath(path, end)) && inLayers(path));
  if (taken.length === 0 && !layersToTransform) throw new NoTargetError(targetModules, open);
  if (taken.length === 0) throw new NoTargetError([`layers ${layersToTransform}`], open, "layers_to_transform");
  return new Set(taken);
}

/** Whether `path` is `end` or ends with `.end`. */
export const endsWithPath = (path: ModulePath, end: string): boolean => path === end || path.endsWith(`.${end}`);

/** Whether `path` lies in a module whose path ends with one of `names`, as PEFT matches `modules_to_save`. */
export function isUnder(path: string, names: readonly string[]): boolean {
  const segments = path.split(".");
  const prefixes = segments.map((_, i) => segments.slice(0, i + 1).join("."));
  return prefixes.some((prefix) => names.some((name) => prefix.endsWith(name)));
}

/** The value that a PEFT pattern table (`rank_pattern`, `alpha_pattern`) gives a module: the first key that matches its end. */
export function fromPattern(table: Readonly<Record<string, number>>, path: ModulePath, otherwise: number): number {
  const key = Object.keys(table).find((key) => fullMatch(`(?:.*\\.)?(?:${key})`, "rank_pattern, alpha_pattern")(path));
  return key === undefined ? otherwise : (table[key] as number);
}

/** The first number that stands as a path segment after a named one: the layer. */
export function layerOf(path: ModulePath): number | undefined {
  const found = /^.*?\.[^.]*\.(\d+)\./.exec(path);
  return found ? Number(found[1]) : undefined;
}

function fullMatch(pattern: string, where = "target_modules"): (path: string) => boolean {
  try {
    const whole = new RegExp(`^(?:${pattern})$`);
    return (path) => whole.test(path);
  } catch (cause) {
    throw new RecipeError(`the pattern ${pattern} is not a regular expression`, {
      where,
      hint: 'a regular expression matches whole module paths, e.g. ".*\\.(query|value)"',
      cause,
    });
  }
}
