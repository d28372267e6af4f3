import { CheckpointError } from "../errors.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import { readConfig } from "../formats/transformers/config.ts";
import type { Init } from "../ir/graph.ts";
import type { Architecture } from "../models/parts/architecture.ts";

/** A checkpoint without weights: its `config.json` alone. */
export async function configOnly(folder: string): Promise<Checkpoint> {
  return {
    folder,
    config: await readConfig(folder),
    tensors: new Map(),
    readFloat32: (name) => Promise.reject(new CheckpointError(`a model from scratch has no stored ${name}`)),
  };
}

/**
 * Initialization of the parameters of a model from scratch, as transformers' `_init_weights` has it for the families here: weights
 * and embeddings normal with the config's `initializer_range`, biases zero, norms one.
 */
export function freshInit(
  architecture: Architecture,
  config: Readonly<Record<string, unknown>>,
): (name: string, shape: readonly number[]) => Init {
  const std = typeof config.initializer_range === "number" ? config.initializer_range : 0.02;
  return (name, shape) => {
    const own = architecture.fresh(name, config);
    if (own) return own;
    if (shape.length > 1) return { kind: "normal", std };
    return { kind: name.endsWith(".bias") ? "zeros" : "ones" };
  };
}
