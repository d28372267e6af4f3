import { makeFolder } from "#platform";
import type { LoraConfig } from "../../peft/lora.ts";
import { writeJson } from "../json/json-file.ts";
import { type NamedTensors, writeTensors } from "../safetensors/tensors.ts";
import { type LoraOrigin, loraConfigJson } from "./lora-config.ts";
import { minimalTargets } from "./minimal-targets.ts";
import { adaptedModules, peftKeyOf } from "./peft-keys.ts";

/** A LoRA adapter to be written. */
export interface LoraToSave extends LoraOrigin {
  /** All trained parameters, by the model's own names. */
  readonly tensors: NamedTensors;
  readonly config: LoraConfig;
  /** Names of all the model's parameters: by them a pattern or `all-linear` becomes ends of paths. */
  readonly params: Iterable<string>;
}

/**
 * Writes an adapter as PEFT does: `adapter_model.safetensors`, then `adapter_config.json`, without which no library
 * takes the folder for an adapter. `target_modules` is the list that was given; anything else is written as the
 * shortest list that selects the same modules.
 * @throws {FileError} when the folder cannot be written.
 */
export async function saveLora(folder: string, { tensors, config, params, ...origin }: LoraToSave): Promise<void> {
  const trained = [...tensors];
  const targets = adaptedModules(trained.map(([name]) => name));
  const { targetModules } = config;
  const ends = typeof targetModules === "string" ? minimalTargets(targets, params) : targetModules;
  await makeFolder(folder);
  const keyed = trained.map(([name, tensor]) => [peftKeyOf(name, targets), tensor] as const);
  await writeTensors(`${folder}/adapter_model.safetensors`, keyed);
  await writeJson(`${folder}/adapter_config.json`, loraConfigJson(config, ends, origin));
}
