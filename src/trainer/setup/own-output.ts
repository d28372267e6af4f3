import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import { tiesEmbeddings } from "../../export/tied.ts";
import { INPUT_EMBEDDING, OUTPUT_LAYERS } from "../../export/untie.ts";

/** A checkpoint whose configuration says how its output layer is stored. */
export interface OwnOutput {
  readonly checkpoint: Checkpoint;
  /** Whether the configuration ties an output layer that the file holds apart from the embedding. */
  readonly untied: boolean;
}

/**
 * Keeps an output layer that a language model's file stores beside its embedding, with other numbers, although
 * `config.json` ties the two; as transformers 5. Where both hold the same numbers they stay tied.
 */
export async function withOwnOutput(checkpoint: Checkpoint): Promise<OwnOutput> {
  const { config, tensors } = checkpoint;
  const output = OUTPUT_LAYERS.find((name) => tensors.has(name));
  const input = [...tensors.keys()].find((name) => INPUT_EMBEDDING.test(name));
  if (!tiesEmbeddings(config) || output === undefined || input === undefined) return { checkpoint, untied: false };
  const [own, shared] = await Promise.all([checkpoint.readFloat32(output), checkpoint.readFloat32(input)]);
  const same = own.length === shared.length && own.every((value, i) => value === shared[i]);
  if (same) return { checkpoint, untied: false };
  return { checkpoint: { ...checkpoint, config: { ...config, tie_word_embeddings: false } }, untied: true };
}
