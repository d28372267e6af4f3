import { CheckpointError } from "../errors.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import type { ParamValue } from "../ir/graph.ts";
import type { Architecture } from "../models/parts/architecture.ts";
import { storedShape } from "../prepared/stored.ts";
import { checkShape, drawnForLabels, nameInCheckpoint } from "./weights.ts";

type StoredBase = { readonly architecture: Architecture; readonly checkpoint: Checkpoint };

/** Spellings of the number of layers in `config.json`. */
const LAYERS = ["num_hidden_layers", "n_layers", "n_layer"] as const;

/**
 * Compares the layers that `config.json` counts with those that the checkpoint holds, before any is built: transformers
 * would drop those that are not counted, with a warning.
 * @throws {CheckpointError} when they differ.
 */
export function checkDepth({ architecture, checkpoint }: StoredBase): void {
  const { layers, basePrefix } = architecture;
  const { config, folder, tensors } = checkpoint;
  const bare = (path: string): string => (path.startsWith(`${basePrefix}.`) ? path.slice(basePrefix.length + 1) : path);
  const layerOf = (name: string): number => {
    const [path, list] = [bare(name), bare(layers)];
    return path.startsWith(`${list}.`) ? Number(path.slice(list.length + 1).split(".")[0]) : -1;
  };
  const names = [...tensors.keys()];
  const [key, depth] =
    LAYERS.flatMap((key) => (typeof config[key] === "number" ? [[key, config[key]] as const] : []))[0] ?? [];
  if (key === undefined || depth === undefined) return;
  const hint = "config.json and the weights must come from the same model.";
  const beyond = names.find((name) => layerOf(name) >= depth);
  if (beyond !== undefined) {
    throw new CheckpointError(`the checkpoint contains ${beyond}, but config.json gives ${depth} layers.`, {
      where: folder,
      hint,
    });
  }
  const held = names.reduce((most, name) => Math.max(most, layerOf(name) + 1), 0);
  if (held === 0 || held === depth) return;
  throw new CheckpointError(`config.json gives ${depth} layers, but the checkpoint contains ${held}.`, {
    where: `${folder}: ${key}`,
    hint,
  });
}

/**
 * Compares the shapes of stored tensors with those of a model's parameters; reads no data. Heads for another number of
 * classes are drawn afresh, so they may differ.
 * @throws {CheckpointError} for the first tensor that does not fit.
 */
export function checkShapes(
  { architecture, checkpoint }: StoredBase,
  params: readonly ParamValue[],
  labels: number,
): void {
  const { basePrefix } = architecture;
  for (const param of params) {
    const name = nameInCheckpoint(param.origin.name, { checkpoint, basePrefix });
    if (name === undefined) continue;
    const shape = param.shape as readonly number[];
    const stored = checkpoint.tensors.get(name)?.shape ?? [];
    if (!drawnForLabels(param.origin, shape, stored, labels)) {
      checkShape(name, storedShape({ origin: param.origin, shape }), checkpoint);
    }
  }
}
