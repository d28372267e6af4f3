import type { TrainedModel } from "../assemble/open-trained.ts";
import { Random } from "../random.ts";
import type { Example } from "../tasks/definition.ts";
import { feedsOf } from "../tasks/feeds.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

/** Something of what models read: letters, figures, a line's end. */
const TEXT =
  "This Agreement, made in 2024, is governed by the laws of Delaware.\nEither party may end it: (a) with notice";

/** A fixed text as a model reads it. */
export const sampleIds = (tokenizer: Tokenizer): number[] => tokenizer.encodePlain(TEXT);

/** Logits of a model for a fixed text, for comparing two models that should be equal. */
export async function sampleLogits({ model, weights }: TrainedModel): Promise<Float32Array> {
  const { graph, tokenizer } = model;
  const ids = Int32Array.from(sampleIds(tokenizer));
  const [label, where] = [0, "the sample"];
  const perText = graph.outputs.get("logits")?.shape[0] === "batch";
  const example: Example = perText ? { ids, label, where } : { ids, labels: ids, where };
  const session = await model.engine.compile(graph, weights);
  try {
    const { tensors } = feedsOf(graph, [example], tokenizer.padId, Random.seed(0));
    return (await session.run(tensors, ["logits"])).logits?.data as Float32Array;
  } finally {
    await session.close();
  }
}

/** Relative difference of two models' logits: the root mean square of the difference over that of the logits themselves. */
export function logitsDifference(found: Float32Array, wanted: Float32Array): number {
  let [difference, size] = [0, 0];
  wanted.forEach((value, i) => {
    difference += (value - (found[i] ?? Number.NaN)) ** 2;
    size += value ** 2;
  });
  return Math.sqrt(difference / size);
}
