import { evaluationGraph } from "../../assemble/graphs.ts";
import type { Graph } from "../../ir/graph.ts";
import type { Shape } from "../../ir/types.ts";
import { METHOD_DEFINITIONS } from "../../methods/index.ts";
import { reshape } from "../../ops/shape/shape.ts";
import type { GraphSource, Prepared } from "../../prepared/prepared.ts";
import { generates, TASK_FACTS } from "../../task-types/index.ts";

/** Optimum's names for the dims of inputs and outputs; transformers.js looks for `batch_size`. */
export const DIMS = {
  batch: "batch_size",
  seq: "sequence_length",
  past: "past_sequence_length",
  total: "total_sequence_length",
} as const;

/** Output of an embedding model, as sentence-transformers and Optimum name it: pooled, beside the `last_hidden_state`. */
export const EMBEDDING = "sentence_embedding";

/**
 * The graph that is stored: logits of every token, of a causal model with its cache; of an embedding model the hidden states
 * of every token, which transformers.js and sentence-transformers pool, and the embedding. `[batch, …]` is all there is.
 */
export function storedGraph(source: GraphSource): Graph {
  const cache = generates(source.recipe.task_type);
  const embeds = TASK_FACTS[source.recipe.task_type].verb === "embed";
  const graph = evaluationGraph(source, { allRows: true, packed: false, cache, hiddenStates: embeds });
  const { logits, ...rest } = Object.fromEntries(graph.outputs);
  if (!logits) throw new RangeError("the graph has no output named logits");
  const [rows, width] = logits.shape as [string, number];
  graph.outputs.clear();
  graph.outputs.set(
    embeds ? EMBEDDING : "logits",
    rows === "batch" ? logits : reshape(logits, { shape: ["batch", "seq", width] }),
  );
  for (const [name, value] of Object.entries(rest)) graph.outputs.set(name, value);
  return graph;
}

/** An adapter whose weights are inputs. */
export interface Swappable {
  /** The model's source without factors that are in the arrays: LoRA's updates are `B·A` and no more. */
  readonly source: GraphSource;
  /** The adapter's arrays for that graph: LoRA's scaling is in B. */
  readonly given: ReadonlyMap<string, Float32Array>;
  /** The inputs' shapes. Ranks are free: each module has its own name for its rank. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** All that an adapter's files hold as inputs. */
export function swappable(
  { source, graph }: Prepared,
  given: ReadonlyMap<string, Float32Array> = new Map(),
): Swappable {
  const { recipe, architecture } = source;
  const { inputs } = METHOD_DEFINITIONS[recipe.method];
  const trained = graph.params.filter(({ origin }) => origin.trainable);
  const asInput = (param: string, data: Float32Array): Float32Array =>
    inputs?.data(param, data, recipe, architecture) ?? data;
  return {
    source: { ...source, recipe: inputs?.recipe(recipe) ?? recipe },
    given: new Map([...given].map(([param, data]) => [param, asInput(param, data)])),
    shapes: new Map(
      trained.map(({ origin, shape }) => [origin.name, inputs?.shape(origin.name, shape) ?? shape] as const),
    ),
  };
}
