import type { Graph } from "../ir/graph.ts";
import type { Weights } from "../prepared/prepared.ts";

/** Shows messages. */
export type WarnAll = (messages: readonly string[]) => void;

/** Shows each message once, however many adapters bring it. */
export function warnOnce(onWarning: (message: string) => void): WarnAll {
  const shown = new Set<string>();
  return (messages) => {
    for (const message of messages) {
      if (!shown.has(message)) onWarning(message);
      shown.add(message);
    }
  };
}

/** Adds the frozen weights of a model to those that all adapters of its base share. Changes `shared`. */
export function shareFrozen({ params }: Graph, weights: Weights, shared: Weights): void {
  for (const { origin } of params) {
    const tensor = weights.get(origin.name);
    if (!origin.trainable && tensor) shared.set(origin.name, tensor);
  }
}
