import type { Graph, Value } from "../ir/graph.ts";
import { type BackwardOptions, backward } from "./backward.ts";

/** Name of the scalar input that every gradient is multiplied by: 1 ÷ the trained tokens or examples of the step. */
export const LOSS_SCALE = "loss_scale";

/** Name of the output that holds the gradient of a parameter. */
export const gradientOf = (param: string): string => `gradient:${param}`;

/**
 * Appends loss and backward pass: the outputs become `loss`, the sum over rows, and one gradient for each trainable
 * parameter that the loss depends on.
 *
 * @param graph A copy that nobody else uses: it is extended in place.
 * @param loss Builds the loss, a scalar, on the graph.
 */
export function trainingGraph(graph: Graph, loss: (graph: Graph) => Value, options: BackwardOptions = {}): Graph {
  const total = loss(graph);
  const trainable = graph.params.filter(({ origin }) => origin.trainable);
  const seed = graph.input(LOSS_SCALE, { dtype: "float32", shape: [] });
  const gradients = backward(total, trainable, seed, options);
  graph.outputs.clear();
  graph.outputs.set("loss", total);
  for (const [i, { origin }] of trainable.entries()) {
    const gradient = gradients[i];
    if (gradient) graph.outputs.set(gradientOf(origin.name), gradient);
  }
  return graph;
}
