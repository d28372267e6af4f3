import type { LoraConfig } from "../../peft/lora.ts";
import type { NamedTensors } from "../safetensors/tensors.ts";
import { loraConfigJson } from "./lora-config.ts";
import { minimalTargets } from "./minimal-targets.ts";
import { type PeftOrigin, savePeft } from "./peft-adapter.ts";
import { adaptedModules, peftKeyOf } from "./peft-keys.ts";

/** A LoRA adapter to be written. */
export interface LoraToSave extends PeftOrigin {
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
  const keyed = trained.map(([name, tensor]) => [peftKeyOf(name, targets), tensor] as const);
  await savePeft(folder, keyed, loraConfigJson(config, ends, origin));
}
