import { isInputEmbedding } from "../formats/peft/embeddings.ts";
import type { TensorEntry } from "../formats/safetensors/safetensors.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import type { Change } from "../methods/definition.ts";

/** Output layers of language models that may share the weight of the input embedding. */
export const OUTPUT_LAYERS = ["lm_head.weight", "embed_out.weight"];

/** Result of untying a weight that input embedding and output layer share. */
export interface Untied {
  /** True when the merged model has two weights where the base had one. */
  readonly untied: boolean;
  /** The output layer's, where the checkpoint stores none of its own: it starts as the embedding. */
  readonly output?: { readonly param: string; readonly entry: TensorEntry };
}

/**
 * Finds out whether an adapter changes only one end of a shared weight. Then each end needs its own, as in PEFT.
 * @param isCausal Whether the model has an output layer over its vocabulary.
 */
export function untie(
  { tensors, config }: Checkpoint,
  changes: ReadonlyMap<string, Change>,
  isCausal: boolean,
): Untied {
  const changed = OUTPUT_LAYERS.find((param) => changes.has(param));
  const embedding = [...changes].some(([param, { update }]) => isInputEmbedding(param) && !update?.keepsTie);
  if (!changed && !(isCausal && embedding)) return { untied: false };
  const stored = OUTPUT_LAYERS.some((param) => tensors.has(param));
  if (stored) return { untied: config.tie_word_embeddings !== false };
  const entry = [...tensors.values()].find(({ name }) => isInputEmbedding(name));
  if (!entry) return { untied: false };
  const param = changed ?? (/embed_in/.test(entry.name) ? "embed_out.weight" : "lm_head.weight");
  return { untied: true, output: { param, entry } };
}
