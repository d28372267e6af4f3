import { readFloat32 } from "../checkpoint/float32.ts";
import { readSafetensors } from "../checkpoint/safetensors.ts";
import { readHoulsby } from "../export/read-houlsby.ts";
import { readLora } from "../export/read-lora.ts";
import { saveConfig, saveFull } from "../export/save-full.ts";
import { saveHoulsby } from "../export/save-houlsby.ts";
import { saveLora } from "../export/save-lora.ts";
import { Random } from "../random.ts";
import type { Method } from "../recipe/task.ts";
import type { Trained } from "./job.ts";
import { loraConfigOf, quantizationOf } from "./method.ts";
import { type Prepared, weightsOf } from "./prepare.ts";
import type { Weights } from "./weights.ts";

/** The file that holds what a method trained. */
export const WEIGHT_FILES: Readonly<Record<Method, readonly string[]>> = {
  lora: ["adapter_model.safetensors"],
  qlora: ["adapter_model.safetensors"],
  adapter: ["adapter.safetensors", "model_head.safetensors"],
  full: ["model.safetensors"],
  head: ["model.safetensors"],
};

/**
 * Writes what a method trained, in the form that Hugging Face's libraries load, and `config.json` with the labels.
 * @param weights All parameters: a model without an adapter is written whole.
 */
export async function saveModel(folder: string, model: Prepared, weights: Weights, trained: Trained): Promise<void> {
  const { recipe } = model.source;
  const { architecture, checkpoint } = model;
  const id2label = Object.fromEntries(model.labels.names.map((name, id) => [id, name]));
  const { model_name_or_path: baseModel, model_revision: revision, task_type: taskType } = recipe;
  const labelled = { baseFolder: checkpoint.folder, id2label, taskType };
  switch (recipe.method) {
    case "lora":
    case "qlora": {
      const params = model.base.params.map(({ origin }) => origin.name);
      const config = loraConfigOf(recipe, architecture);
      await saveLora(folder, { tensors: trained, config, params, baseModel, revision, taskType });
      return saveConfig(folder, labelled);
    }
    case "adapter": {
      const config = {
        reductionFactor: recipe.adapter_reduction_factor,
        nonLinearity: recipe.adapter_non_linearity,
      };
      const baseConfig = checkpoint.config;
      await saveHoulsby(folder, { tensors: trained, config, baseConfig, baseModel, taskType, id2label });
      return saveConfig(folder, labelled);
    }
    case "full":
    case "head": {
      const tensors = [...(await unpacked(model, weights, trained))].map(
        ([name, { shape, data }]) => [name, { shape, data: data as Float32Array }] as const,
      );
      return saveFull(folder, { tensors, ...labelled });
    }
    default:
      return recipe.method satisfies never;
  }
}

/** All parameters as they were before any was packed. */
async function unpacked(model: Prepared, weights: Weights, trained: Trained): Promise<Weights> {
  if (!quantizationOf(model.source.recipe)) return weights;
  const given = new Map([...trained].map(([name, { data }]) => [name, data]));
  const random = Random.seed(model.source.recipe.seed).stream("init");
  return (await weightsOf({ ...model, graph: model.base }, random, given)).weights;
}

/** The trained parameters of a folder that `saveModel` wrote. */
export async function readSaved(folder: string, method: Method): Promise<Map<string, Float32Array>> {
  if (method === "full" || method === "head") {
    const { tensors } = await readSafetensors(`${folder}/model.safetensors`);
    const found = new Map<string, Float32Array>();
    for (const [name, entry] of tensors) found.set(name, await readFloat32(entry));
    return found;
  }
  const { tensors } = method === "adapter" ? await readHoulsby(folder) : await readLora(folder);
  return new Map([...tensors].map(([name, { data }]) => [name, data]));
}
