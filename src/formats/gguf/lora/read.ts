import { AdapterError } from "../../../errors.ts";
import { mostFrequent } from "../../../peft/even-updates.ts";
import { causalLm } from "../../../task-types/index.ts";
import type { JsonObject } from "../../json/json.ts";
import type { LoraAdapter } from "../../peft/read-lora.ts";
import { targetsOf } from "../../peft/targets-of.ts";
import type { FloatTensor } from "../../safetensors/tensors.ts";
import { type GgufFile, openGguf } from "../file.ts";
import { type GgufModel, ggufModel, paramOfGguf } from "../model/places.ts";
import { ggufLayout, moveRows } from "../model/rows.ts";
import { GGUF_LORA } from "./keys.ts";

/**
 * Reads a LoRA adapter from a GGUF file, as the PEFT adapter that computes the same.
 * @param baseConfig The base model's `config.json`.
 * @throws {FileError} when the file is missing.
 * @throws {CheckpointError} when it is malformed.
 * @throws {AdapterError} when it is no LoRA adapter, or one of another architecture, or holds other tensors.
 * @throws {ArchitectureError} when the base's `model_type` has no GGUF architecture here.
 */
export async function readGgufLora(path: string, baseConfig: JsonObject): Promise<LoraAdapter> {
  const model = ggufModel(baseConfig);
  const file = await openGguf(path);
  const alpha = alphaOf(file, model);
  const tensors = new Map<string, FloatTensor>();
  const ranks = new Map<string, number>();
  for (const [name, info] of file.tensors) {
    const [, weight = "", part] = /^(.+)\.lora_([ab])$/.exec(name) ?? [];
    const place = paramOfGguf(weight, model.architecture);
    if (!place?.param.endsWith(".weight") || place.module === "token_embd") throw unknown(name, path);
    const { shape } = info;
    const data = await file.read(info);
    const module = place.param.slice(0, -".weight".length);
    if (part === "a") tensors.set(`${module}.lora_A.weight`, { shape, data });
    else {
      const [rows = 0, r = 0] = shape;
      const { order } = ggufLayout(model, place.module, rows, 2);
      tensors.set(`${module}.lora_B.weight`, { shape, data: order ? moveRows(data, order, "from file") : data });
      ranks.set(module, r);
    }
  }
  if (ranks.size === 0) throw new AdapterError(`${path} contains no lora_b tensor`);
  const config = { ...ranksOf(ranks, alpha), ...targetsOf([...ranks.keys()], baseConfig) };
  return { format: "peft", folder: path, config, taskType: causalLm.name, baseModel: undefined, tensors };
}

function alphaOf({ metadata, path }: GgufFile, { name }: GgufModel): number {
  const [type, method, architecture, alpha] = (["type", "method", "architecture", "alpha"] as const).map((key) =>
    metadata.get(GGUF_LORA[key]),
  );
  if (type !== "adapter" || method !== "lora" || typeof alpha !== "number") {
    throw new AdapterError(`${path} is not a LoRA adapter`, {
      where: `${GGUF_LORA.type} ${type}, ${GGUF_LORA.method} ${method}, ${GGUF_LORA.alpha} ${alpha}`,
      expected: "adapter, lora, and a number",
    });
  }
  if (architecture === name) return alpha;
  throw new AdapterError(`the adapter is for the architecture ${architecture}, but the base model is a ${name}`, {
    where: path,
    hint: "use the config.json of the model that the adapter was made for.",
  });
}

const unknown = (name: string, path: string): AdapterError =>
  new AdapterError(`the adapter contains the tensor ${name}, which is not supported`, {
    where: path,
    expected: "lora_a and lora_b of the architecture's linear layers",
  });

/** Each module's scaling is `alpha / r`; an alpha of 0 stands for a scaling of 1. */
function ranksOf(ranks: ReadonlyMap<string, number>, alpha: number) {
  const r = mostFrequent([...ranks.values()]);
  const others = [...ranks]
    .filter(([, rank]) => rank !== r)
    .map(([module, rank]) => [module.replaceAll(".", "\\."), rank] as const);
  const rankPattern = Object.fromEntries(others);
  return alpha === 0
    ? { r, loraAlpha: r, rankPattern, alphaPattern: rankPattern }
    : { r, loraAlpha: alpha, rankPattern };
}
