import { listFolder } from "#platform";
import { CheckpointError } from "../../errors.ts";
import { type JsonObject, readJsonObject } from "../json/json.ts";
import { ADAPTER_CONFIG as CONFIG, HEAD, HEAD_CONFIG, HEAD_PICKLE } from "./file-names.ts";
import { float32Reader } from "./float32.ts";
import { isPickleName, pickleError } from "./lookalike.ts";
import { readSafetensors, type TensorEntry } from "./safetensors.ts";

const PEFT = "adapter_model.safetensors";
const ADAPTERS = "adapter.safetensors";

/** An adapter as it lies on disk, in its own library's keys and tensor names. */
export interface StoredAdapter {
  readonly folder: string;
  /** Whose files these are: huggingface/peft or adapter-hub/adapters. */
  readonly format: "peft" | "adapters";
  /** `adapter_config.json`. */
  readonly config: JsonObject;
  /** `head_config.json`, where the adapters format has one. */
  readonly headConfig?: JsonObject;
  /** With those of `model_head.safetensors`, where the adapters format has one. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** Reads a tensor like `Checkpoint.readFloat32`. */
  readFloat32(name: string): Promise<Float32Array>;
}

/**
 * Opens an adapter folder of PEFT or of adapter-hub. Headers are checked; no tensor is read.
 *
 * @throws {FileError} when the folder or its `adapter_config.json` is missing.
 * @throws {CheckpointError} when a file is malformed, or the weights are missing or pickles.
 */
export async function readAdapter(folder: string): Promise<StoredAdapter> {
  const files = await listFolder(folder);
  const config = await readJsonObject(`${folder}/${CONFIG}`);
  if (files.includes(PEFT)) return readPeft(folder, config);
  if (files.includes(ADAPTERS)) return readAdapters(folder, files, config);

  const wanted = "peft_type" in config ? PEFT : ADAPTERS;
  const pickle = files.find((file) => isPickleName(file) && file !== HEAD_PICKLE);
  if (pickle) throw pickleError(folder, pickle, wanted);
  throw new CheckpointError(`${folder} contains no adapter weights`, {
    expected: `${PEFT} (PEFT) or ${ADAPTERS} (adapter-hub)`,
    hint: `it contains: ${files.join(", ")}`,
  });
}

async function readPeft(folder: string, config: JsonObject): Promise<StoredAdapter> {
  if (typeof config.peft_type !== "string") {
    throw new CheckpointError(`${folder}/${CONFIG}: peft_type must be a string`, { expected: 'such as "LORA"' });
  }
  const { tensors } = await readSafetensors(`${folder}/${PEFT}`);
  return { folder, format: "peft", config, tensors, readFloat32: float32Reader(tensors, folder) };
}

async function readAdapters(folder: string, files: readonly string[], config: JsonObject): Promise<StoredAdapter> {
  const tensors = new Map<string, TensorEntry>();
  if (!files.includes(HEAD) && files.includes(HEAD_PICKLE)) throw pickleError(folder, HEAD_PICKLE, HEAD);
  for (const file of [ADAPTERS, HEAD].filter((name) => files.includes(name))) {
    for (const [name, entry] of (await readSafetensors(`${folder}/${file}`)).tensors) {
      const other = tensors.get(name);
      if (other) throw new CheckpointError(`tensor "${name}" is in both ${other.path} and ${entry.path}`);
      tensors.set(name, entry);
    }
  }
  const head = files.includes(HEAD_CONFIG) && { headConfig: await readJsonObject(`${folder}/${HEAD_CONFIG}`) };
  const readFloat32 = float32Reader(tensors, folder);
  return { folder, format: "adapters", config, ...head, tensors, readFloat32 };
}
