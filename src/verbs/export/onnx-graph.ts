import { evaluationGraph } from "../../assemble/graphs.ts";
import type { Graph } from "../../ir/graph.ts";
import type { Shape } from "../../ir/types.ts";
import { loraConfigOf } from "../../methods/lora.ts";
import { reshape } from "../../ops/shape/shape.ts";
import { siteOf } from "../../peft/lora.ts";
import type { GraphSource, Prepared } from "../../prepared/prepared.ts";

/** What Optimum calls the dims of inputs and outputs; transformers.js looks for `batch_size`. */
export const DIMS = {
  batch: "batch_size",
  seq: "sequence_length",
  past: "past_sequence_length",
  total: "total_sequence_length",
} as const;

/** The graph that is stored: logits of every token, of a causal model with its cache. `[batch, …]` is all there is. */
export function storedGraph(source: GraphSource): Graph {
  const cache = source.recipe.task_type === "CAUSAL_LM";
  const graph = evaluationGraph(source, { allRows: true, packed: false, cache });
  const { logits, ...rest } = Object.fromEntries(graph.outputs);
  if (!logits) throw new RangeError("the graph has no output named logits");
  const [rows, width] = logits.shape as [string, number];
  graph.outputs.clear();
  graph.outputs.set("logits", rows === "batch" ? logits : reshape(logits, { shape: ["batch", "seq", width] }));
  for (const [name, value] of Object.entries(rest)) graph.outputs.set(name, value);
  return graph;
}

/** An adapter whose weights are inputs. */
export interface Swappable {
  /** As the model's, but LoRA's updates are `B·A` and no more. */
  readonly source: GraphSource;
  /** The adapter's arrays for that graph: LoRA's scaling is in B. */
  readonly given: ReadonlyMap<string, Float32Array>;
  /** The inputs' shapes. Ranks are free: each module has its own name for its rank. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** All that an adapter's files hold as inputs: A and B, and what else was trained beside them. */
export function swappable(
  { source, graph }: Prepared,
  given: ReadonlyMap<string, Float32Array> = new Map(),
): Swappable {
  const { recipe, architecture } = source;
  const trained = graph.params.filter(({ origin }) => origin.trainable);
  const unscaled = { lora_alpha: recipe.lora_r, alpha_pattern: recipe.rank_pattern, use_rslora: false };
  const scaled = [...given].map(([param, data]) => {
    const module = PART.exec(param)?.groups?.B;
    if (module === undefined) return [param, data] as const;
    const { scaling } = siteOf(loraConfigOf(recipe, architecture), module);
    return [param, data.map((x) => scaling * x)] as const;
  });
  return {
    source: { ...source, recipe: { ...recipe, ...unscaled } },
    given: new Map(scaled),
    shapes: new Map(trained.map(({ origin, shape }) => [origin.name, withFreeRank(origin.name, shape)])),
  };
}

/** The module whose A or B a parameter is. */
const PART = /^(?:(?<A>.*)\.lora_A|(?<B>.*)\.lora_B)\.weight$/;

/** A is `[r, in]`, B `[out, r]`. */
function withFreeRank(param: string, [rows, columns, ...more]: Shape): Shape {
  const { A, B } = PART.exec(param)?.groups ?? {};
  const shape = [A ? `${A}.r` : rows, B ? `${B}.r` : columns];
  return [...shape.filter((dim) => dim !== undefined), ...more];
}
