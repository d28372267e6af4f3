import { trainingGraph } from "../autodiff/training-graph.ts";
import { type Graph, nodeOf, type Value } from "../ir/graph.ts";
import type { ModulePath } from "../ir/types.ts";
import { isAdapterParam, METHOD_DEFINITIONS } from "../methods/index.ts";
import type { BuildOptions } from "../models/parts/scope.ts";
import { linear } from "../ops/nn/linear.ts";
import { earlySelect } from "../passes/early-select.ts";
import { neftune } from "../passes/neftune.ts";
import { type Pass, runPasses } from "../passes/pass.ts";
import { quantize } from "../passes/quantize.ts";
import { prune } from "../passes/rewrite.ts";
import { storeHalf } from "../passes/store-half.ts";
import { keepTrainable } from "../passes/trainable.ts";
import type { GraphSource } from "../prepared/prepared.ts";
import { taskOf } from "../tasks/index.ts";
import { schemesOf } from "./quantization.ts";

/** The model under the recipe's method, without dropout: the output is `logits`. */
export function evaluationGraph(source: GraphSource, options?: BuildOptions): Graph {
  return runPasses(baseGraph(source, options), [...methodPasses(source), earlySelect()], {
    training: false,
  });
}

/** The rewrites that make a base model the one that a recipe trains: the method's own, then packing. */
function methodPasses(source: GraphSource): Pass[] {
  const { recipe, architecture } = source;
  return [...METHOD_DEFINITIONS[recipe.method].passes(recipe, architecture), ...storagePasses(source)];
}

/** The rewrites by which frozen weights are quantized, or stored in half precision. */
function storagePasses(source: GraphSource): Pass[] {
  const { recipe, architecture } = source;
  const scheme = schemesOf(source);
  const passes: Pass[] = [];
  if (scheme) passes.push(quantize(scheme, architecture.heads));
  if (recipe.dtype !== "float32") passes.push(storeHalf(recipe.dtype));
  return passes;
}

/** Inputs of a linear layer of the base, one for each time that it runs. */
export interface LayerInputs {
  readonly module: ModulePath;
  /** Names of the outputs; layers with the same input share the name. */
  readonly outputs: readonly string[];
  /** Width of an input. */
  readonly width: number;
}

/** The base model up to the inputs of some linear layers, which are its outputs. */
export function layerInputs(
  source: GraphSource,
  modules: ReadonlySet<ModulePath>,
): { readonly graph: Graph; readonly layers: readonly LayerInputs[] } {
  const graph = baseGraph(source);
  const layers = new Map<ModulePath, LayerInputs>();
  graph.outputs.clear();
  for (const value of graph.values) {
    const node = nodeOf(value);
    if (node?.op !== linear.op || !modules.has(node.module)) continue;
    const x = node.inputs[0] as Value;
    const output = `input_${x.id}`;
    graph.outputs.set(output, x);
    const { outputs = [] } = layers.get(node.module) ?? {};
    layers.set(node.module, { module: node.module, outputs: [...outputs, output], width: x.shape.at(-1) as number });
  }
  return { graph: prune(runPasses(graph, storagePasses(source), { training: false })), layers: [...layers.values()] };
}

/** The base model as it was. */
export function baseGraph(source: GraphSource, options: BuildOptions = {}): Graph {
  const { recipe, architecture, config, labels, pooling } = source;
  const own = { packed: recipe.packing, ...(pooling && { pooling }) };
  return architecture.build(config, recipe.task_type, labels, { ...own, ...options });
}

/**
 * One training step: loss, and the gradients of the parameters that train.
 * @param keep Names the parameters that train at this stage of gradual unfreezing; default: all that the method trains.
 */
export function stepGraph(source: GraphSource, keep?: (param: string) => boolean): Graph {
  const { recipe, architecture } = source;
  const { neftune_noise_alpha: alpha } = recipe;
  const noise = alpha === undefined ? [] : [neftune(alpha)];
  const passes = [...noise, ...methodPasses(source), ...(keep ? [keepTrainable(keep)] : []), earlySelect()];
  const graph = runPasses(baseGraph(source, { modelDropout: recipe.model_dropout }), passes, { training: true });
  const layer = new RegExp(`^${architecture.layers.replaceAll(".", "\\.")}\\.\\d+(?=\\.|$)`);
  const segmentOf = (module: string): string | undefined => layer.exec(module)?.[0];
  const task = taskOf(recipe);
  return trainingGraph(graph, (graph) => task.loss(graph, recipe), recipe.gradient_checkpointing ? { segmentOf } : {});
}

/** Parameter counts of a model under a method; a packed weight counts by its own elements, not by its bytes. */
export function countParameters(graph: Graph, base: Graph): { readonly trainable: number; readonly total: number } {
  const count = (shape: readonly (number | string)[]): number =>
    shape.reduce<number>((n, dim) => n * (dim as number), 1);
  let [trainable, total] = [0, 0];
  for (const { origin, shape } of graph.params) {
    if (origin.quantized && origin.quantized.part !== "codes") continue;
    if (!origin.trainable && isAdapterParam(origin.name)) continue; // a start of LoRA, which is part of the base
    const size = count(origin.quantized ? (base.named(origin.quantized.of)?.shape ?? []) : shape);
    total += size;
    if (origin.trainable) trainable += size;
  }
  return { trainable, total };
}
