import { RecipeError } from "../errors.ts";
import { type Graph, type Node, nodeOf } from "../ir/graph.ts";
import type { ModulePath } from "../ir/types.ts";
import { embedding } from "../ops/nn/embedding.ts";
import { linear } from "../ops/nn/linear.ts";
import { vocabularyLogits } from "../ops/token-loss/vocabulary-logits.ts";
import {
  EXCLUDED,
  LAYERS,
  LORA_NAMES,
  noExcluded,
  noFullMatch,
  noLayer,
  noModule,
  noneLeft,
  noPattern,
  noTarget,
  type Option,
  placeOf,
  TARGETS,
  type TargetNames,
} from "./unmatched.ts";

/** Selection of a method's linear layers. PEFT's rules: `tuners_utils.check_target_module_exists`. */
export interface TargetRules {
  /** Ends of module paths; or one regular expression for whole paths; or `all-linear`. */
  readonly targetModules: readonly string[] | string;
  /** Numbers of the only layers to take; goes with a list of targets. */
  readonly layersToTransform?: readonly number[];
  /** Ends of module paths that are not taken, whatever else the rules say; or one regular expression for whole paths. */
  readonly excludeModules?: readonly string[] | string;
  /** Modules that are trained whole: nothing under them is taken. */
  readonly modulesToSave?: readonly string[];
  /** The modules that are chosen among. Default: linear layers, by LoRA's key. */
  readonly among?: Candidates;
}

/** Paths of the graph's linear layers, in order. */
export function linearModules(graph: Graph): ModulePath[] {
  const paths = graph.values.flatMap((value) => {
    const node = nodeOf(value);
    return node?.op === linear.op ? [node.module] : [];
  });
  return [...new Set(paths)];
}

/** The path of the embedding that a node looks up; undefined for another node. */
export function embeddingOf({ op, inputs }: Node): ModulePath | undefined {
  const table = op === embedding.op ? inputs[1] : undefined;
  return table?.origin.kind === "param" ? table.origin.name.replace(/\.weight$/, "") : undefined;
}

/** Output layers of the decoders. */
const OUTPUT = /^(?:lm_head|embed_out)$/;

/** Paths of a graph's embeddings and of a language model's output layer: `all-linear` leaves them out, as in PEFT. */
export function namedModules(graph: Graph): ModulePath[] {
  const paths = graph.values.flatMap((value) => {
    const node = nodeOf(value);
    if (!node) return [];
    return node.op === vocabularyLogits.op && OUTPUT.test(node.module) ? [node.module] : (embeddingOf(node) ?? []);
  });
  return [...new Set(paths)];
}

/** Modules that target rules choose among. */
export interface Candidates extends TargetNames {
  /** Their paths in a graph. */
  modules(graph: Graph): ModulePath[];
  /** Paths of further ones, which are taken only by name. */
  named?(graph: Graph): ModulePath[];
}

/** Linear layers, and by name embeddings and output layers, which LoRA takes. */
const LINEAR: Candidates = { ...LORA_NAMES, modules: linearModules, named: namedModules };

/** Selects the modules of a graph that target rules take. */
export const selectIn =
  (graph: Graph) =>
  (rules: TargetRules): Set<ModulePath> => {
    const { modules, named } = rules.among ?? LINEAR;
    return selectTargets(modules(graph), rules, named?.(graph));
  };

/**
 * The modules among `usual` that the rules take.
 * @param named Further ones, which are taken only by name.
 * @throws {NoTargetError} when one pattern of the list, the regular expression, or one of the layers takes nothing.
 * @throws {RecipeError} when the regular expression cannot be read.
 */
export function selectTargets(
  usual: readonly ModulePath[],
  rules: TargetRules,
  named: readonly ModulePath[] = [],
): Set<ModulePath> {
  const modules = [...usual, ...named];
  const { targetModules, layersToTransform, modulesToSave = [], excludeModules = [], among = LINEAR } = rules;
  const free = modules.filter((path) => !isUnder(path, modulesToSave));
  const all = free.filter(leftIn(excludeModules, modules));
  const isUsual = (path: ModulePath): boolean => !named.includes(path);
  const open = all.filter(isUsual);
  const chosen = (takes: (path: ModulePath) => boolean): ModulePath[] => {
    const taken = all.filter(takes);
    if (taken.length === 0 && free.some(takes)) throw noneLeft([excludeModules].flat(), free.filter(takes), among);
    return taken;
  };
  if (typeof targetModules === "string") {
    const isAll = targetModules.toLowerCase() === "all-linear" && among.noun === "linear layers";
    const taken = chosen(isAll ? isUsual : fullMatch(targetModules, among.option));
    if (taken.length === 0) throw noFullMatch(targetModules, open, among);
    if (layersToTransform) {
      throw new RecipeError(`${LAYERS[0]} needs ${TARGETS[0]} as a list`, { where: placeOf(LAYERS) });
    }
    return new Set(taken);
  }
  const missing = targetModules.filter((end) => !modules.some((path) => endsWithPath(path, end)));
  if (missing.length > 0) throw noTarget(missing, open, among);
  const ended = chosen((path) => targetModules.some((end) => endsWithPath(path, end)));
  if (ended.length === 0) throw noTarget(targetModules, open, among);
  if (!layersToTransform) return new Set(ended);
  const empty = layersToTransform.filter((layer) => !ended.some((path) => layerOf(path) === layer));
  if (empty.length > 0 || layersToTransform.length === 0) throw noLayer(empty, targetModules, layersOf(ended));
  return new Set(ended.filter((path) => layersToTransform.includes(layerOf(path) ?? -1)));
}

/**
 * True for a path that exclusions leave in.
 * @throws {NoTargetError} when one of them is that of no module.
 */
function leftIn(excluded: readonly string[] | string, modules: readonly ModulePath[]): (path: ModulePath) => boolean {
  const patterns = [excluded].flat();
  const matches = patterns.map((pattern) =>
    typeof excluded === "string" ? fullMatch(pattern, EXCLUDED) : (path: ModulePath) => endsWithPath(path, pattern),
  );
  const idle = patterns.filter((_, i) => !modules.some((path) => matches[i]?.(path)));
  if (idle.length > 0) throw noExcluded(idle, modules);
  return (path) => !matches.some((match) => match(path));
}

/** True when `path` is `end` or ends with `.end`. */
export const endsWithPath = (path: ModulePath, end: string): boolean => path === end || path.endsWith(`.${end}`);

/** True when `path` lies in a module whose path ends with one of `names`, as PEFT matches `modules_to_save`. */
export function isUnder(path: string, names: readonly string[]): boolean {
  return prefixesOf(path).some((prefix) => names.some((name) => prefix.endsWith(name)));
}

/** A table of PEFT's patterns: ends of module paths, as regular expressions → ranks, or alphas. */
export type PatternTable = Readonly<Record<string, number>>;

/** The value that a pattern table gives a module: the first key that matches its end. */
export function fromPattern(table: PatternTable, path: ModulePath, otherwise: number): number {
  const key = Object.keys(table).find((key) => matchesPattern(key, path));
  return key === undefined ? otherwise : (table[key] as number);
}

/** True when a key of a pattern table stands for a module. @throws {RecipeError} when it is no regular expression. */
export const matchesPattern = (key: string, path: ModulePath, option = PATTERNS): boolean =>
  fullMatch(key, option, "(?:.*\\.)?")(path);

/** True when a regular expression of targets takes a module. @throws {RecipeError} when it is no regular expression. */
export const matchesWhole = (pattern: string, path: ModulePath): boolean => fullMatch(pattern, TARGETS)(path);

const PATTERNS: Option = ["rank_pattern, alpha_pattern", "rankPattern, alphaPattern"];

/** @throws {NoTargetError} when a key of a pattern table stands for none of the modules that get an adapter. */
export function checkPatterns(name: "rank" | "alpha", table: PatternTable, modules: readonly ModulePath[]): void {
  const option: Option = [`${name}_pattern`, `${name}Pattern`];
  const unmatched = Object.keys(table).filter((key) => !modules.some((path) => matchesPattern(key, path, option)));
  if (unmatched.length > 0) throw noPattern(option, unmatched, modules);
}

/** @throws {NoTargetError} when one of the names is that of no module; `params` are the model's. */
export function checkSaved(names: readonly string[], params: readonly string[], option?: Option): void {
  const modules = [...new Set(params.flatMap((param) => prefixesOf(param).slice(0, -1)))];
  const unmatched = names.filter((name) => !modules.some((module) => module.endsWith(name)));
  if (unmatched.length > 0) throw noModule(unmatched, modules, option);
}

/** The first number that stands as a path segment after a named one: the layer. */
export function layerOf(path: ModulePath): number | undefined {
  const found = /^.*?\.[^.]*\.(\d+)\./.exec(path);
  return found ? Number(found[1]) : undefined;
}

/** The numbers of the layers that some paths lie in, ascending. */
const layersOf = (paths: readonly ModulePath[]): number[] =>
  [...new Set(paths.flatMap((path) => layerOf(path) ?? []))].sort((a, b) => a - b);

/** `a.b.c` → `a`, `a.b`, `a.b.c`. */
function prefixesOf(path: string): string[] {
  const segments = path.split(".");
  return segments.map((_, i) => segments.slice(0, i + 1).join("."));
}

/** Matches whole paths, after what `before` lets pass. */
function fullMatch(pattern: string, option: Option, before = ""): (path: string) => boolean {
  try {
    const { source, flags } = fromPython(pattern);
    const whole = new RegExp(`^${before}(?:${source})$`, flags);
    return (path) => whole.test(path);
  } catch (cause) {
    throw new RecipeError(`the pattern ${pattern} is not a regular expression`, {
      where: placeOf(option),
      hint: `one that matches ${before ? "the ends of" : "whole"} module paths, e.g. "${before ? "" : ".*\\."}(query|value)"`,
      cause,
    });
  }
}

/** Syntax of Python's regular expressions that JavaScript spells differently: escapes and character classes are kept. */
const PYTHON = /\\([AZ])|\\[\s\S]|\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]|\(\?P(?:<|=(\w+)\))/g;

/** A regular expression of Python in JavaScript's words: `(?i)` at the start, `(?P<x>…)`, `(?P=x)`, `\\A`, `\\Z`. */
function fromPython(pattern: string): { readonly source: string; readonly flags: string } {
  const [start = "", letters = ""] = /^\(\?([aimsuLx]+)\)/.exec(pattern) ?? [];
  const source = pattern.slice(start.length).replace(PYTHON, (found, end?: string, name?: string) => {
    if (end !== undefined) return end === "A" ? "^" : "$";
    if (name !== undefined) return `\\k<${name}>`;
    return found === "(?P<" ? "(?<" : found;
  });
  if (letters.includes("x")) throw new SyntaxError("verbose patterns are not supported");
  return { source, flags: [..."ims"].filter((flag) => letters.includes(flag)).join("") };
}
