import { AdapterError } from "../../errors.ts";
import { transpose } from "../../quant/transpose.ts";
import { causalLm } from "../../task-types/index.ts";
import { type JsonObject, readJsonObject } from "../json/json.ts";
import { adaptedModules } from "../peft/peft-keys.ts";
import type { LoraAdapter } from "../peft/read-lora.ts";
import { targetsOf } from "../peft/targets-of.ts";
import { MLX_ADAPTER } from "../safetensors/file-names.ts";
import { float32Reader } from "../safetensors/float32.ts";
import { readSafetensors, type TensorEntry } from "../safetensors/safetensors.ts";
import type { FloatTensor } from "../safetensors/tensors.ts";
import { parseMlxConfig } from "./config.ts";
import { moduleOfMlx } from "./names.ts";

const PARTS: Readonly<Record<string, string>> = {
  lora_a: "lora_A.weight",
  lora_b: "lora_B.weight",
  m: "lora_magnitude_vector",
};

/**
 * Reads an adapter that mlx-lm or {@link saveMlx} wrote, as the PEFT adapter that computes the same.
 * @param baseConfig The base model's `config.json`.
 * @throws {FileError} when a file is missing.
 * @throws {CheckpointError} when one is malformed.
 * @throws {AdapterError} when it trained whole weights, or updates what is no linear layer.
 */
export async function readMlx(folder: string, baseConfig: JsonObject): Promise<LoraAdapter> {
  const where = `${folder}/adapter_config.json`;
  const { type, rank, scale, dropout, model } = parseMlxConfig(await readJsonObject(where), where);
  const stored = await readSafetensors(`${folder}/${MLX_ADAPTER}`);
  const read = float32Reader(stored.tensors, folder);
  const tensors = new Map<string, FloatTensor>();
  for (const entry of stored.tensors.values()) {
    const [module, part] = partOf(entry);
    const data = await read(entry.name);
    const [rows = 1] = entry.shape;
    const flipped = { shape: [...entry.shape].reverse(), data: part === "m" ? data : transpose(data, rows) };
    tensors.set(`${moduleOfMlx(module, baseConfig.model_type)}.${PARTS[part]}`, flipped);
  }
  const modules = [...adaptedModules(tensors.keys())].sort(); // mlx writes them in any order
  const config = {
    ...{ r: rank, loraAlpha: scale * rank, loraDropout: dropout, useDora: type === "dora" },
    ...targetsOf(modules, baseConfig),
  };
  return { format: "peft", folder, config, taskType: causalLm.name, baseModel: model, tensors };
}

const EMBEDDING = /(?:^|\.)(?:embed_tokens|wte|embed_in)$/;

/** Module and part of a tensor's name. */
function partOf({ name, path, shape }: TensorEntry): [module: string, part: string] {
  const [, module = "", part = ""] = /^(.+)\.(lora_a|lora_b|m)$/.exec(name) ?? [];
  if (module && shape.length === (part === "m" ? 1 : 2) && !EMBEDDING.test(module)) return [module, part];
  throw new AdapterError(`the adapter contains the tensor ${name} [${shape}], which is not supported`, {
    where: path,
    expected: "lora_a, lora_b and m of linear layers",
  });
}
