import { float32Reader } from "../formats/safetensors/float32.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import type { Value } from "../ir/graph.ts";
import type { Architecture } from "../models/parts/architecture.ts";
import { isLanguageModel, type TaskType } from "../task-types/index.ts";
import { outputLayer } from "../tasks/loss.ts";
import { nameInCheckpoint } from "./weights.ts";

/** A checkpoint whose configuration says how its output layer is stored. */
export interface OwnOutput {
  readonly checkpoint: Checkpoint;
  /** True when the configuration ties an output layer that the file holds apart from the embedding. */
  readonly untied: boolean;
}

/** A checkpoint, and the architecture that its `config.json` names. */
export interface StoredBase {
  readonly checkpoint: Checkpoint;
  readonly architecture: Architecture;
}

/** Names of an output layer's parameters. */
interface OutputNames {
  readonly weight: string;
  readonly bias: string | undefined;
}

/**
 * Keeps an output layer that a language model's file stores beside its embedding, with other numbers, although
 * `config.json` ties the two; as transformers 5. Where both hold the same numbers they stay tied.
 */
export async function withOwnOutput(found: StoredBase, task: TaskType): Promise<OwnOutput> {
  const { checkpoint } = found;
  const names = outputNames(found, task);
  if (!names) return { checkpoint, untied: false };
  const { now, tied, own } = names;
  if (now.weight === own.weight) return { checkpoint: withOwnBias(found, tied, own), untied: false };
  const [output, input] = [storedName(own.weight, found), storedName(tied.weight, found)];
  if (output === undefined || input === undefined) return { checkpoint, untied: false };
  const [held, shared] = await Promise.all([checkpoint.readFloat32(output), checkpoint.readFloat32(input)]);
  const same = held.length === shared.length && held.every((value, i) => value === shared[i]);
  if (same) return { checkpoint, untied: false };
  const kept = withOwnBias(found, tied, own);
  return { checkpoint: { ...kept, config: { ...kept.config, tie_word_embeddings: false } }, untied: true };
}

/** The output layer of a language model as `config.json` has it, tied to the embedding, and not; `undefined` for other tasks. */
export function outputNames(
  { checkpoint: { config }, architecture }: StoredBase,
  task: TaskType,
): Readonly<Record<"now" | "tied" | "own", OutputNames>> | undefined {
  if (!isLanguageModel(task) || !architecture.tasks.includes(task)) return undefined;
  const under = (config: object): OutputNames => {
    const { w, bias } = outputLayer(architecture.build(config, task, 0));
    return { weight: nameOf(w), bias: bias && nameOf(bias) };
  };
  const tying = (tie_word_embeddings: boolean): OutputNames => under({ ...config, tie_word_embeddings });
  return { now: under(config), tied: tying(true), own: tying(false) };
}

const nameOf = ({ origin }: Value): string => (origin.kind === "param" ? origin.name : "");

const storedName = (name: string, { checkpoint, architecture: { basePrefix } }: StoredBase): string | undefined =>
  nameInCheckpoint(name, { checkpoint, basePrefix });

/** BERT and RoBERTa name the bias otherwise where the weight is not tied; files of transformers 4 may have the first name alone. */
function withOwnBias(found: StoredBase, tied: OutputNames, own: OutputNames): Checkpoint {
  const { checkpoint } = found;
  const [first, second] = [tied.bias, own.bias];
  const entry = first === undefined ? undefined : checkpoint.tensors.get(first);
  if (!entry || second === undefined || checkpoint.tensors.has(second)) return checkpoint;
  const tensors = new Map([...checkpoint.tensors, [second, { ...entry, name: second }]]);
  return { ...checkpoint, tensors, readFloat32: float32Reader(tensors, checkpoint.folder) };
}
