import { withinTime } from "#platform";
import { AdapterError } from "../../errors.ts";
import type { LoraConfig } from "../../peft/lora.ts";
import { loraPart } from "../../peft/lora-parts.ts";
import { isUnder, layerOf, matchesPattern, type PatternTable } from "../../peft/targets.ts";
import { readAdapter, type StoredAdapter } from "../safetensors/adapter.ts";
import type { FloatTensor } from "../safetensors/tensors.ts";
import { parseLoraConfig } from "./lora-config.ts";
import { extraModules, readPeftTensors } from "./peft-adapter.ts";
import { adaptedModules, isRepeated, paramOfPeftKey } from "./peft-keys.ts";
import { usedTargets } from "./used-targets.ts";

/** A LoRA adapter in memory. */
export interface LoraAdapter {
  readonly format: "peft";
  readonly folder: string;
  /** Every key set: PEFT's own defaults stand in for those that the file leaves out. */
  readonly config: LoraConfig;
  readonly taskType: string | undefined;
  readonly baseModel: string | undefined;
  /** By the model's own parameter names. */
  readonly tensors: ReadonlyMap<string, FloatTensor>;
}

/** Time to match the names of an adapter's modules; a few hundred take less than a millisecond. */
const PATTERN_MS = 1000;

/**
 * Reads an adapter that PEFT or {@link saveLora} wrote.
 * @throws {FileError} when the folder or its files are missing.
 * @throws {CheckpointError} when a file is malformed.
 * @throws {AdapterError} when it is no LoRA adapter, or of a kind that is not supported.
 */
export const readLora = async (folder: string): Promise<LoraAdapter> => loraOf(await readAdapter(folder));

/** {@link readLora} for an adapter whose headers are already read. */
export async function loraOf(stored: StoredAdapter): Promise<LoraAdapter> {
  const { folder, format } = stored;
  if (format !== "peft") {
    throw new AdapterError(`${folder} contains an adapter in adapter-hub's format`, {
      expected: "PEFT's: adapter_model.safetensors",
    });
  }
  const { config, taskType, baseModel } = parseLoraConfig(stored.config, `${folder}/adapter_config.json`);
  const tensors = await readPeftTensors(
    stored,
    [...stored.tensors.keys()].filter((key) => !isRepeated(key)),
    understood,
    "lora_A, lora_B, its bias and lora_magnitude_vector of linear layers, lora_embedding_A and B, trained tokens, biases, and modules saved whole",
  );
  const modules = [...adaptedModules(tensors.keys())];
  const used = withinTime(
    PATTERN_MS,
    () => {
      if (modules.length === 0) throw noLora(folder);
      const targetModules = usedTargets(config.targetModules, modules);
      return { ...withoutUnused(config, modules, [...tensors.keys()]), targetModules };
    },
    () => new AdapterError("the adapter's patterns take too long to match", { where: `${folder}/adapter_config.json` }),
  );
  return { format, folder, config: used, taskType, baseModel, tensors };
}

/** The rest of what a configuration selects, without what selects nothing: PEFT lets that pass too. */
function withoutUnused(
  { layersToTransform, rankPattern = {}, alphaPattern = {}, modulesToSave = [], ...config }: UsedConfig,
  modules: readonly string[],
  params: readonly string[],
): UsedConfig {
  const inUse = (table: PatternTable): PatternTable =>
    Object.fromEntries(Object.entries(table).filter(([key]) => modules.some((path) => matchesPattern(key, path))));
  const unused = extraModules(modulesToSave).filter((name) => !params.some((param) => isUnder(param, [name])));
  const layers = layersToTransform?.filter((layer) => modules.some((path) => layerOf(path) === layer));
  return {
    ...config,
    rankPattern: inUse(rankPattern),
    alphaPattern: inUse(alphaPattern),
    modulesToSave: modulesToSave.filter((name) => !unused.includes(name)),
    ...(layers && { layersToTransform: layers }),
  };
}

type UsedConfig = Omit<LoraConfig, "targetModules">;

/** The parameter of one of PEFT's keys; those of other methods are not understood. */
function understood(key: string): string | undefined {
  const param = paramOfPeftKey(key) ?? "";
  const isOther = /\.(lora_|token_adapter\.)/.test(param) && loraPart(param) === undefined;
  return param === "" || isOther ? undefined : param;
}

const noLora = (folder: string): AdapterError =>
  new AdapterError("the adapter contains no lora_A tensor", { where: `${folder}/adapter_model.safetensors` });
