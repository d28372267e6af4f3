import type { TaskDefinition } from "./definition.ts";

/**
 * Tokens, padding included, of one run of the engine: enough for matrix products at full speed, few enough that
 * activations stay small. Adding up gradients has its price too: the more of them, the longer the run.
 * @param trainable Parameters that have a gradient.
 * @param task Decides whether a micro-batch may be cut at all.
 */
export const passTokens = (
  trainable: number,
  { wholeBatches = false }: Pick<TaskDefinition, "wholeBatches"> = {},
): number => (wholeBatches ? Number.POSITIVE_INFINITY : Math.max(512, Math.floor(trainable / 4096)));

/** Cuts a micro-batch into equal parts of at most `tokens`, padding included; their gradients add up to the same. */
export function passes<T>(batch: readonly T[], lengthOf: (item: T) => number, tokens: number): (readonly T[])[] {
  const longest = batch.reduce((longest, item) => Math.max(longest, lengthOf(item)), 1);
  const count = Math.max(1, Math.ceil(batch.length / Math.max(1, Math.floor(tokens / longest))));
  const size = Math.ceil(batch.length / count);
  return Array.from({ length: Math.ceil(batch.length / size) }, (_, i) => batch.slice(i * size, (i + 1) * size));
}
