import { AdapterError } from "../../errors.ts";
import { readAdapter, type StoredAdapter } from "../safetensors/adapter.ts";
import { type FloatTensor, readTensor } from "../safetensors/tensors.ts";
import { type HoulsbySettings, parseHoulsbyConfig } from "./config.ts";
import { paramOfHubKey } from "./keys.ts";

/** Houlsby adapters in memory, and the head saved beside them. */
export interface HoulsbyAdapter {
  readonly format: "adapters";
  readonly folder: string;
  readonly config: HoulsbySettings;
  readonly baseModel: string | undefined;
  /** By the model's own parameter names. */
  readonly tensors: ReadonlyMap<string, FloatTensor>;
}

/**
 * Reads adapters that adapter-hub or {@link saveHoulsby} wrote, under whatever name.
 * @throws {FileError} when the folder or its files are missing.
 * @throws {CheckpointError} when a file is malformed.
 * @throws {AdapterError} when they are of another kind, or the head is one of adapter-hub's own.
 */
export const readHoulsby = async (folder: string): Promise<HoulsbyAdapter> => houlsbyOf(await readAdapter(folder));

/** {@link readHoulsby} for an adapter whose headers are already read. */
export async function houlsbyOf(stored: StoredAdapter): Promise<HoulsbyAdapter> {
  const { folder, format, config } = stored;
  if (format !== "adapters") {
    throw new AdapterError(`${folder} contains an adapter in PEFT's format`, {
      expected: "adapter-hub's: adapter.safetensors",
    });
  }
  const settings = parseHoulsbyConfig(config, `${folder}/adapter_config.json`);
  const tensors = new Map<string, FloatTensor>();
  for (const [key, { path }] of stored.tensors) {
    const param = path.endsWith("/adapter.safetensors") ? paramOfHubKey(key) : headParam(key);
    if (param === undefined) {
      throw new AdapterError(`the adapter contains the tensor ${key}, which is not supported`, {
        where: path,
        expected: "adapter_down and adapter_up of Houlsby adapters, and the head of the transformers class",
        hint: "a head of adapter-hub's AutoAdapterModel has different layers; save the adapter from AutoModelForSequenceClassification.",
      });
    }
    tensors.set(param, await readTensor(stored, key));
  }
  const baseModel = typeof config.model_name === "string" ? config.model_name : undefined;
  return { format, folder, config: settings, baseModel, tensors };
}

/** Heads keep transformers' names, but those that adapter-hub builds itself. */
const headParam = (key: string): string | undefined => (key.startsWith("heads.") ? undefined : key);
