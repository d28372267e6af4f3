import { listFolder } from "#platform";
import { JSON_BOUNDS } from "../../bounded-json.ts";
import { CheckpointError } from "../../errors.ts";
import { PROGRAM } from "../../program.ts";
import { brief, isObject, readJsonObject } from "../json/json.ts";
import { ADAPTER_CONFIG, INDEX, SINGLE } from "../safetensors/file-names.ts";
import { float32Reader } from "../safetensors/float32.ts";
import { isPickleName, pickleError } from "../safetensors/lookalike.ts";
import { readSafetensors, type SafetensorsFile, type TensorEntry } from "../safetensors/safetensors.ts";
import { type ModelConfig, readConfig } from "./config.ts";
import { unquantized } from "./stored-quantization.ts";

/** A model folder: its configuration, and its tensors under their own names, not read yet. */
export interface Checkpoint {
  readonly folder: string;
  readonly config: ModelConfig;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /**
   * One tensor as float32, in an array of its own.
   * @throws {CheckpointError} for an unknown name, or a type that is not a float of 16 bits or more.
   */
  readFloat32(name: string): Promise<Float32Array>;
}

/**
 * Opens a Hugging Face model folder: `config.json` with `model.safetensors`, or its index with all shards.
 * Every header is read and checked; no weight is. Those that are stored quantized are given as floats.
 *
 * @throws {FileError} when the folder or its `config.json` is missing.
 * @throws {CheckpointError} when a file is malformed, index and shards disagree, or the weights are pickles.
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const files = await listFolder(folder);
  if (files.includes(ADAPTER_CONFIG) && !files.includes(SINGLE) && !files.includes(INDEX)) throw isAdapter(folder);
  const config = await readConfig(folder);
  const tensors = await unquantized(await readTensors(folder, files), config, `${folder}/config.json`);
  return { folder, config, tensors, readFloat32: float32Reader(tensors, folder) };
}

const isAdapter = (folder: string): CheckpointError =>
  new CheckpointError(`${folder} is an adapter, not a model`, {
    expected: "a base model, with the adapter as adapter_name_or_path",
    hint: `an adapter on top of another needs the first one merged: ${PROGRAM} merge.`,
  });

async function readTensors(folder: string, files: readonly string[]): Promise<ReadonlyMap<string, TensorEntry>> {
  if (files.includes(SINGLE)) return (await readSafetensors(`${folder}/${SINGLE}`)).tensors;
  if (files.includes(INDEX)) return readShards(folder, files);
  const pickle = files.find(isPickleName);
  if (pickle) throw pickleError(folder, pickle, SINGLE);
  throw new CheckpointError(`${folder} contains no weights`, {
    expected: `${SINGLE}, or ${INDEX} with its shards`,
    hint: `it contains: ${files.join(", ")}`,
  });
}

/** Bounds for an index: the largest mixtures of experts have about 150,000 tensors. */
const INDEX_BOUNDS = { ...JSON_BOUNDS, values: 250_000 };

/** Follows the index: each tensor it lists must be in the shard that it says. */
async function readShards(folder: string, files: readonly string[]): Promise<ReadonlyMap<string, TensorEntry>> {
  const path = `${folder}/${INDEX}`;
  const inFolder = new Set(files);
  const shards = new Map<string, SafetensorsFile>();
  const tensors = new Map<string, TensorEntry>();
  for (const [name, shard] of await readWeightMap(path)) {
    if (!inFolder.has(shard)) {
      throw new CheckpointError(`${path} places tensor ${brief(name)} in ${shard}, which is not in the folder`, {
        hint: "the checkpoint is incomplete; copy or download the missing shard.",
      });
    }
    const file = shards.get(shard) ?? (await readSafetensors(`${folder}/${shard}`));
    shards.set(shard, file);
    const entry = file.tensors.get(name);
    if (!entry)
      throw new CheckpointError(`${path} places tensor ${brief(name)} in ${shard}, which does not contain it`);
    tensors.set(name, entry);
  }
  return tensors;
}

async function readWeightMap(path: string): Promise<[name: string, shard: string][]> {
  const { weight_map } = await readJsonObject(path, INDEX_BOUNDS);
  if (!isObject(weight_map)) throw new CheckpointError(`${path}: weight_map must map tensor names to shards`);
  return Object.entries(weight_map).map(([name, shard]) => {
    if (typeof shard === "string" && /^[^/\\\p{Cc}]+\.safetensors$/u.test(shard)) return [name, shard];
    throw new CheckpointError(`${path} places tensor ${brief(name)} in ${brief(shard)}`, {
      expected: "the name of a .safetensors file in the same folder",
    });
  });
}
