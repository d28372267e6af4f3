import { makeFolder } from "#platform";
import { AdapterError } from "../../errors.ts";
import { evenUpdates } from "../../peft/even-updates.ts";
import type { Update } from "../../peft/lora-update.ts";
import { transpose } from "../../quant/transpose.ts";
import type { JsonObject } from "../json/json.ts";
import { writeJson } from "../json/json-file.ts";
import { onlyUpdates } from "../peft/only-updates.ts";
import type { LoraAdapter } from "../peft/read-lora.ts";
import { MLX_ADAPTER } from "../safetensors/file-names.ts";
import { type FloatTensor, writeTensors } from "../safetensors/tensors.ts";
import { layerCount, layerKeys } from "../transformers/layer-keys.ts";
import { tiesEmbeddings } from "../transformers/tied.ts";
import { type MlxConfig, mlxConfigJson } from "./config.ts";
import { mlxModule } from "./names.ts";

/**
 * Writes an adapter as mlx-lm does: `adapters.safetensors` with `lora_a [in, r]`, `lora_b [r, out]` and DoRA's `m`, then
 * `adapter_config.json`. mlx-lm knows one rank and one scale: zeros and factors make up for others.
 * @param baseConfig The base model's `config.json`.
 * @throws {AdapterError} listing what mlx-lm cannot hold.
 * @throws {FileError} when the folder cannot be written.
 * @see ml-explore/mlx-lm, mlx_lm/tuner/utils.py, `load_adapters`
 */
export async function saveMlx(folder: string, adapter: LoraAdapter, baseConfig: JsonObject): Promise<void> {
  const given = onlyUpdates(adapter, "mlx-lm", true);
  if (tiesEmbeddings(baseConfig) && given.has("lm_head.weight")) {
    throw new AdapterError("the adapter updates lm_head, which does not exist in mlx-lm's model", {
      where: adapter.folder,
      hint: "it shares the input embedding's weight (tie_word_embeddings); merge the adapter into its base model instead.",
    });
  }
  const { r, scaling, updates } = evenUpdates(given);
  const moduleOf = (param: string): string => mlxModule(param.replace(/\.weight$/, ""), baseConfig.model_type);
  const { layers, keys } = selection([...updates.keys()].map(moduleOf), layerCount(baseConfig));
  await makeFolder(folder);
  const tensors = [...updates].flatMap(([param, update]) => tensorsOf(moduleOf(param), update));
  await writeTensors(`${folder}/${MLX_ADAPTER}`, tensors, { format: "mlx" });
  const { loraDropout = 0, useDora } = adapter.config;
  const config = { rank: r, scale: scaling, dropout: loraDropout, layers, keys, model: adapter.baseModel };
  await writeJson(`${folder}/adapter_config.json`, mlxConfigJson({ type: useDora ? "dora" : "lora", ...config }));
}

function tensorsOf(module: string, { a, b, r, magnitude }: Update): [string, FloatTensor][] {
  const out = b.length / r;
  return [
    [`${module}.lora_a`, { shape: [a.length / r, r], data: transpose(a, r) }],
    [`${module}.lora_b`, { shape: [r, out], data: transpose(b, out) }],
    ...(magnitude ? [[`${module}.m`, { shape: [out], data: magnitude }] as [string, FloatTensor]] : []),
  ];
}

/** mlx-lm takes paths inside a layer in so many last layers, or whole paths. */
function selection(modules: readonly string[], count: number | undefined): Pick<MlxConfig, "layers" | "keys"> {
  const { inside, layers, outside } = layerKeys(modules) ?? { inside: [], layers: [], outside: [] };
  const isEnd = layers.length > 0 && layers.every((layer, i) => layer + layers.length - i === count);
  return isEnd ? { layers: layers.length, keys: [...inside, ...outside] } : { layers: -1, keys: modules };
}
