import { readSafetensors } from "../checkpoint/safetensors.ts";
import { readFloat32 } from "../checkpoint/float32.ts";
import { readHoulsby } from "../export/read-houlsby.ts";
import { readLora } from "../export/read-lora.ts";
import { saveFull } from "../export/save-full.ts";
import { saveHoulsby } from "../export/save-houlsby.ts";
import { saveLora } from "../export/save-lora.ts";
import { linearModules, selectTargets } from "../peft/targets.ts";
import type { Method } from "../recipe/task.ts";
import type { Trained } from "./job.ts";
import { loraConfigOf } from "./method.ts";
import { type Prepared } from "./prepare.ts";
import type { Weights } from "./weights.ts";

/** Writes what a method trained, in the form that Hugging Face's libraries load. */
export async function saveModel(folder: string, model: Prepared, weights: Weights, trained: Trained): Promise<void> {
  const { recipe } = model.source;
  const { architecture, checkpoint } = model;
  const id2label = Object.fromEntries(model.labels.names.map((name, id) => [id, name]));
  const common = { baseModel: recipe.model_name_or_path, revision: recipe.model_revision, taskType: recipe.task_type };
  switch (recipe.method) {
    case "lora":
    case "qlora": {
      const config = loraConfigOf(recipe, architecture);
      const targets = [...selectTargets(linearModules(model.base), config)];
      return saveLora(folder, { ...common, tensors: trained, config, targets });
    }
    case "adapter":
      return saveHoulsby(folder, { ...common, tensors: trained });
    case "full":
    case "head": {
      const tensors = [...weights].map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }] as const);
      return saveFull(folder, { tensors, config: checkpoint.config, id2label, taskType: recipe.task_type });
    }
    default:
      return recipe.method satisfies never;
  }
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
