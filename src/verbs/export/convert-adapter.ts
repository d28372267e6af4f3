import { readGgufLora } from "../../formats/gguf/lora/read.ts";
import { saveGgufLora } from "../../formats/gguf/lora/save.ts";
import type { JsonObject } from "../../formats/json/json.ts";
import { readMlx } from "../../formats/mlx/read.ts";
import { saveMlx } from "../../formats/mlx/save.ts";
import { type LoraAdapter, readLora } from "../../formats/peft/read-lora.ts";
import { saveLora } from "../../formats/peft/save-lora.ts";
import { storesTransposed } from "../../formats/transformers/transposed.ts";
import { causalLm } from "../../task-types/index.ts";

/** An adapter to be converted. */
export interface ConvertOptions {
  /** Its folder, or the file that it is. */
  readonly adapter: string;
  /** The base model's `config.json`. */
  readonly baseConfig: JsonObject;
  /** Folder to write, or file where the format is one. */
  readonly out: string;
}

/**
 * Writes a PEFT adapter in mlx-lm's format; it computes the same.
 * @throws {AdapterError} when the adapter is of another kind, or listing what mlx-lm cannot hold.
 */
export async function peftToMlx({ adapter, baseConfig, out }: ConvertOptions): Promise<void> {
  await saveMlx(out, await readLora(adapter), baseConfig);
}

/**
 * Writes an adapter of mlx-lm in PEFT's format; it computes the same.
 * @param options.baseModel Folder or Hub id to write down. Default: what the adapter says.
 * @throws {AdapterError} when the adapter is of a kind that is not supported.
 */
export async function mlxToPeft(options: ConvertOptions & { readonly baseModel?: string }): Promise<void> {
  const adapter = await readMlx(options.adapter, options.baseConfig);
  await savePeft(adapter, options);
}

/**
 * Writes a PEFT adapter as a GGUF file for llama.cpp; it computes the same.
 * @throws {AdapterError} when the adapter is of another kind, or listing what GGUF cannot hold.
 * @throws {ArchitectureError} when the base's `model_type` has no GGUF architecture here.
 */
export async function peftToGguf({ adapter, baseConfig, out }: ConvertOptions): Promise<void> {
  await saveGgufLora(out, await readLora(adapter), baseConfig);
}

/**
 * Writes a LoRA adapter of llama.cpp in PEFT's format; it computes the same.
 * @param options.baseModel Folder or Hub id to write down.
 * @throws {AdapterError} when the file is no such adapter.
 */
export async function ggufToPeft(options: ConvertOptions & { readonly baseModel: string }): Promise<void> {
  await savePeft(await readGgufLora(options.adapter, options.baseConfig), options);
}

function savePeft(adapter: LoraAdapter, options: ConvertOptions & { readonly baseModel?: string }): Promise<void> {
  const { config, tensors, taskType = causalLm.name } = adapter;
  const baseModel = options.baseModel ?? adapter.baseModel ?? "";
  const fanInFanOut = storesTransposed(options.baseConfig);
  return saveLora(options.out, { config, tensors, taskType, params: [], baseModel, fanInFanOut });
}
