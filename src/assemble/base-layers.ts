import { AdapterError } from "../errors.ts";
import { BASE_LAYER, isBaseLayer, isInputEmbedding } from "../formats/peft/embeddings.ts";
import { float32Reader } from "../formats/safetensors/float32.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import { tiesEmbeddings } from "../formats/transformers/tied.ts";
import type { TrainedAdapter } from "../methods/definition.ts";
import { modulesToSave } from "../methods/index.ts";
import { isUnder } from "../peft/targets.ts";
import type { Base } from "../prepared/prepared.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { generates } from "../task-types/index.ts";
import { nameInCheckpoint } from "./weights.ts";

/**
 * An adapter without the weights of the base that PEFT saves with it, as it does where an output layer is adapted.
 * @throws {AdapterError} when they are not the base's own.
 */
export async function withoutBaseLayers<A extends TrainedAdapter>(
  adapter: A,
  { checkpoint, architecture }: Base,
): Promise<A> {
  const held = [...adapter.tensors].filter(([name]) => isBaseLayer(name));
  if (held.length === 0) return adapter;
  for (const [name, { data }] of held) {
    const param = `${name.slice(0, -BASE_LAYER.length)}.weight`;
    const { basePrefix } = architecture;
    const stored = nameInCheckpoint(param, { checkpoint, basePrefix }) ?? embeddingOf(checkpoint) ?? param;
    const own = await checkpoint.readFloat32(stored);
    if (own.length === data.length && own.every((x, i) => x === data[i])) continue;
    throw new AdapterError(`the adapter contains ${name}, whose values differ from the base model's ${stored}`, {
      where: adapter.folder,
      hint: "was the adapter made for another base model, or for one with a larger vocabulary?",
    });
  }
  return { ...adapter, tensors: new Map([...adapter.tensors].filter(([name]) => !isBaseLayer(name))) };
}

const embeddingOf = ({ tensors }: Checkpoint): string | undefined => [...tensors.keys()].find(isInputEmbedding);

/**
 * A base whose output layer has a weight of its own where only one end of a weight that it shares with the embedding is trained
 * whole: PEFT trains a copy, and leaves the other end as it is.
 */
export function untied(recipe: ResolvedRecipe, base: Base): Base {
  const { checkpoint } = base;
  const embedding = embeddingOf(checkpoint);
  const trained = modulesToSave(recipe);
  const asks = generates(recipe.task_type) && trained.length > 0;
  if (!asks || !embedding || !tiesEmbeddings(checkpoint.config)) return base;
  const output = embedding.includes("embed_in") ? "embed_out.weight" : "lm_head.weight";
  if (!isUnder(output, trained) && !isUnder(embedding, trained)) return base;
  const entry = checkpoint.tensors.get(embedding);
  if (!entry) return base;
  const tensors = new Map([...checkpoint.tensors, [output, { ...entry, name: output }]]);
  const config = { ...checkpoint.config, tie_word_embeddings: false };
  return {
    ...base,
    checkpoint: { ...checkpoint, config, tensors, readFloat32: float32Reader(tensors, checkpoint.folder) },
  };
}
