import type { InspectedModule, Inspection } from "../events/reports.ts";
import { type Graph, nodeOf, type ParamValue } from "../ir/graph.ts";
import { adaptedModule, isAdapterParam, METHOD_DEFINITIONS, modulesToSave } from "../methods/index.ts";
import { isUnder } from "../peft/targets.ts";
import type { Prepared } from "../prepared/prepared.ts";
import type { Recipe } from "../recipe/schema.ts";
import { checkJob } from "../training/checked.ts";
import { inspectedExamples } from "./inspect-data.ts";
import { type ModelOptions, openJob } from "./job-of.ts";
import type { Model } from "./model.ts";

/** Options of an inspection. */
export interface InspectOptions {
  /** Show the first training examples as the model sees them. */
  readonly examples?: boolean;
}

/**
 * Shows the model under a recipe's method, module by module, and the first training examples as it sees them. Reads no
 * weights.
 *
 * @throws {LowrankError} as a run of the recipe would.
 */
export function inspect(recipe: Recipe, options?: InspectOptions): Promise<Inspection>;
export function inspect(model: Model, options: ModelOptions & InspectOptions): Promise<Inspection>;
export async function inspect(
  subject: Recipe | Model,
  { examples = false, ...options }: Partial<ModelOptions> & InspectOptions = {},
): Promise<Inspection> {
  const { job: unchecked, release } = await openJob(subject, options);
  try {
    const { job, model, data } = await checkJob(unchecked);
    const { heldBack } = data;
    return {
      modules: moduleTree(model),
      examples: examples ? await inspectedExamples(model, job.rows) : [],
      ...(heldBack && { heldBack }),
    };
  } finally {
    await release();
  }
}

/** The modules that hold parameters and those around them, in the graph's order. */
export function moduleTree({ graph, base, source }: Pick<Prepared, "graph" | "base" | "source">): InspectedModule[] {
  const { recipe, architecture } = source;
  const beside = [...architecture.trainedHeads, ...modulesToSave(recipe)];
  const adapts = (name: string): boolean =>
    METHOD_DEFINITIONS[recipe.method].adaptsBase === true && !isUnder(name, beside);
  const types = new Map([...typesOf(graph), ...typesOf(base)]);
  const leaves = new Map<string, InspectedModule>();
  for (const param of graph.params) {
    const { quantized, name, trainable } = param.origin;
    if (quantized && quantized.part !== "codes") continue;
    const [module, adapter] = moduleOf(quantized?.of ?? name);
    const shape = (quantized ? (base.named(quantized.of)?.shape ?? []) : param.shape) as readonly number[];
    const size = shape.reduce((n, dim) => n * dim, 1);
    const before = leaves.get(module);
    const packed = quantized && ` ${quantized.scheme.type}`;
    leaves.set(module, {
      path: module,
      type: (before?.type ?? types.get(module) ?? "") + (packed ?? ""),
      shape: adapter || (before && before.shape.length >= shape.length) ? (before?.shape ?? []) : shape,
      parameters: (before?.parameters ?? 0) + (adapter ? 0 : size),
      trainable: (before?.trainable ?? 0) + (trainable ? size : 0),
      target: before?.target === true || adapter || isAdapterParam(name) || (trainable && adapts(name)),
    });
  }
  return withParents([...leaves.values()]);
}

/** Operation of each module, by the op that takes its first parameter. */
function typesOf(graph: Graph): Map<string, string> {
  const types = new Map<string, string>();
  for (const value of graph.values) {
    const node = nodeOf(value);
    for (const { origin } of node?.inputs.filter((input): input is ParamValue => input.origin.kind === "param") ?? []) {
      const [module, adapter] = moduleOf(origin.quantized?.of ?? origin.name);
      if (node && !adapter && !types.has(module)) types.set(module, node.op.name.replace(/\d.*$/, ""));
    }
  }
  return types;
}

/** The module of a parameter; what a method adds to a layer counts to that layer. */
function moduleOf(param: string): [module: string, adapter: boolean] {
  const module = adaptedModule(param);
  return module === undefined ? [param.slice(0, param.lastIndexOf(".")), false] : [module, true];
}

/** The modules as a tree, parents before their children; a parent sums up what is in it. */
function withParents(leaves: readonly InspectedModule[]): InspectedModule[] {
  const tree = new Map<string, InspectedModule>();
  for (const leaf of leaves) {
    const parts = leaf.path.split(".");
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join(".");
      const known = tree.get(path) ?? { path, type: "", shape: [], parameters: 0, trainable: 0, target: false };
      const { parameters, trainable } = leaf;
      tree.set(path, {
        ...known,
        parameters: known.parameters + parameters,
        trainable: known.trainable + trainable,
      });
    }
    tree.set(leaf.path, leaf);
  }
  return inOrder([...tree.values()]);
}

/** Children together under their parent, each in the order of first appearance. */
function inOrder(modules: readonly InspectedModule[], parent = ""): InspectedModule[] {
  const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf(".")));
  const children = new Map<string, InspectedModule[]>();
  for (const module of modules) {
    const siblings = children.get(parentOf(module.path)) ?? [];
    children.set(parentOf(module.path), [...siblings, module]);
  }
  const below = (path: string): InspectedModule[] =>
    (children.get(path) ?? []).flatMap((module) => [module, ...below(module.path)]);
  return below(parent);
}
