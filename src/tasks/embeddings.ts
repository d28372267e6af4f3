import type { RuntimeTensor } from "../session/session.ts";
import type { Asked, Examples } from "./definition.ts";
import { runs } from "./runs.ts";

/**
 * Embeddings of texts, in their order, `[dim]` each.
 * @param examples One text each.
 * @returns `undefined` when it was stopped.
 */
export async function embeddingsOf(
  model: Asked,
  examples: Examples,
  batchSize: number,
  stop: () => boolean = () => false,
): Promise<Float32Array[] | undefined> {
  const vectors = Array<Float32Array>(examples.length);
  for await (const { rows, outputs } of runs(model, examples, batchSize, stop)) {
    const { data, shape } = outputs.logits as RuntimeTensor;
    const dim = shape.at(-1) as number;
    for (const [i, row] of rows.entries()) vectors[row] = (data as Float32Array).slice(i * dim, (i + 1) * dim);
  }
  return stop() ? undefined : vectors;
}
